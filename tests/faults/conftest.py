"""The page of the app in this process, whose services the tests break, and what a request must not leave behind."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app import build_page, launch
from services import Services, build_services
from settings import Settings
from tests.components.page.test_endpoints import until
from tests.recordings import EXAMPLES

WORK_THREADS = ("endpoint", "job")
BIRD = EXAMPLES / "blackbird.ogg"


@dataclass(frozen=True)
class ServedPage:
    """The page, with folders of its own."""

    address: str
    services: Services

    def client(self) -> Client:
        """Return another person's client, which leaves files of results on the server."""
        return Client(self.address, verbose=False, download_files=False)

    def refusal(self, endpoint: str, *arguments: Any) -> str:
        """Return the sentence with which a call on a recording is refused."""
        with pytest.raises(AppError) as refused:
            self.client().predict(handle_file(BIRD), *arguments, api_name=endpoint)
        return str(refused.value)

    def read(self) -> dict[str, Any]:
        """Return the facts of a recording, as the next person asks for them."""
        facts: dict[str, Any] = self.client().predict(handle_file(BIRD), api_name="/read_clip")[1]
        return facts

    def leftovers(self) -> dict[str, Any]:
        """Return what is at work or lies about, by kind; empty while no request runs."""
        services, status = self.services, self.services.runtime.cache.status()
        found = {
            "running": services.stop_flags.running,
            "waiting": status.waiting,
            "reserved": status.reserved_bytes,
            "models in use": [one.title for one in status.residents if one.state != "idle"],
            "unfinished": [str(path) for path in services.clips.directory.glob("incoming-*")],
            "threads": [thread.name for thread in threading.enumerate() if thread.name in WORK_THREADS],
            "scratch": [str(path) for path in (services.settings.data_dir / "weights").glob("tmp*")],
        }
        return {kind: what for kind, what in found.items() if what}


@contextmanager
def page_in(folder: Path, **settings: Any) -> Iterator[ServedPage]:
    """Serve the page with data and clips below `folder`."""
    services = build_services(Settings(**{"data_dir": folder / "data", "clip_dir": folder / "clips", **settings}))
    page = build_page(services)
    try:
        yield ServedPage(launch(page, services), services)
    finally:
        page.close(verbose=False)
        services.file_readers.close()
        services.runtime.cache.clear()


@contextmanager
def temporary_files_in(scratch: str) -> Iterator[None]:
    """Keep temporary files apart from those of tests that run beside these."""
    with pytest.MonkeyPatch.context() as own:
        own.setattr(tempfile, "tempdir", scratch)
        own.setenv("TMPDIR", scratch)
        yield


@pytest.fixture(scope="session")
def scratch() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="p-") as folder:
        yield folder


@pytest.fixture(scope="session")
def session_page(tmp_path_factory: pytest.TempPathFactory, scratch: str) -> Iterator[ServedPage]:
    with ExitStack() as serving:
        with temporary_files_in(scratch):
            served = serving.enter_context(page_in(tmp_path_factory.mktemp("page")))
        yield served


@pytest.fixture
def page(session_page: ServedPage, scratch: str) -> Iterator[ServedPage]:
    """The page of these tests; after the test it must stand as before."""
    with temporary_files_in(scratch):
        before = set(os.listdir(scratch))
        yield session_page
        assert session_page.read()["duration"] > 1, "the next request fails"
        until(lambda: not session_page.leftovers())
        assert set(os.listdir(scratch)) - {"gradio"} <= before


@pytest.fixture
def mounted() -> Iterator[Callable[..., None]]:
    """Call `mount` with these arguments, the folder last, and unmount it in the end; where that is not allowed, skip the test."""
    folders: list[str] = []

    def mount(*arguments: object) -> None:
        done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
        if str(arguments[-1]) not in folders:
            folders.append(str(arguments[-1]))

    yield mount
    for folder in reversed(folders):
        subprocess.run(["umount", "--lazy", folder], check=True)
