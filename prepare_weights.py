"""Checks the offline weights and puts split ones together, so that the first job need not: `python prepare_weights.py`."""

from __future__ import annotations

from models.model_catalog import ALL_MODELS
from services import build_services
from settings import Settings


def main() -> None:
    """Run the command line."""
    files = build_services(Settings()).files
    for spec in ALL_MODELS:
        if spec.is_offline:
            print(f"{spec.title}: {files.fetch(spec).directory}")


if __name__ == "__main__":
    main()
