"""The app with links fetched from the one address of the tests' server."""

from __future__ import annotations

from dataclasses import replace

from app import build_page, launch
from services import build_services
from settings import Settings
from tests.pipelines.clip.links.link_server import is_loopback_server


def main() -> None:
    """Serve until the process ends."""
    services = build_services(Settings())
    services = replace(services, links=replace(services.links, is_allowed=is_loopback_server))
    page = build_page(services)
    launch(page, services)
    page.block_thread()


if __name__ == "__main__":
    main()
