"""A server with a client and folders of its own, and its private memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio_client
import psutil

from tests.app_process import RunningApp, running_app


@dataclass(frozen=True)
class WholeServer:
    """A server that runs as a process of its own."""

    app: RunningApp
    client: Any
    """A gradio_client.Client of it."""
    folder: Path
    """Holds the server's folders `clips` and `tmp`, and `own` for the files of whoever sends them."""

    def private_mb(self) -> float:
        """Return the megabytes that would come back if the server's process ended."""
        return float(psutil.Process(self.app.process.pid).memory_full_info().uss) / 1e6

    def anonymous_mb(self) -> float:
        """Return the megabytes of memory that is no file's, as samples of clips are, which make room for others."""
        status = Path(f"/proc/{self.app.process.pid}/status").read_text()
        return float(status.partition("RssAnon:")[2].split()[0]) / 1e3


@contextmanager
def whole_server(**options: Any) -> Iterator[WholeServer]:
    """Start a server with these options of `running_app`; its folders go with it."""
    with tempfile.TemporaryDirectory(prefix="server-") as name:
        folder = Path(name)
        (folder / "tmp").mkdir()
        (folder / "own").mkdir()
        tempfile.tempdir = str(folder / "own")  # gradio_client makes a folder for each upload, and leaves it
        with running_app(folder, TMPDIR=str(folder / "tmp"), **options) as app:
            yield WholeServer(app, gradio_client.Client(app.address, verbose=False, download_files=str(folder / "own")), folder)
