"""Runs `app.py` as people do, as a process of its own, optionally with the network switched off."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

ROOT = Path(__file__).parent.parent
START_TIMEOUT_SECONDS = 300.0
"""A start takes seconds, on a busy machine minutes; what is slower hangs."""
END_TIMEOUT_SECONDS = 120.0
NO_NETWORK = """
import os, socket
real_connect, real_resolve = socket.socket.connect, socket.getaddrinfo
def refuse(target):
    with open(os.environ["NETWORK_ATTEMPTS"], "a") as attempts:
        attempts.write(f"{target}\\n")
    raise OSError(101, "Network is unreachable")
def connect(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "0.0.0.0"):
        refuse(address)
    return real_connect(self, address)
def resolve(host, *rest, **options):
    if host not in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", b"localhost", b"127.0.0.1"):
        refuse(host)
    return real_resolve(host, *rest, **options)
socket.socket.connect, socket.getaddrinfo = connect, resolve
"""
"""A sitecustomize that lets only this machine's own addresses through, and writes down who tried others."""


@dataclass(frozen=True)
class RunningApp:
    """An app that answers."""

    address: str
    process: subprocess.Popen[bytes]
    log_file: Path
    attempts_file: Path
    start_seconds: float
    """From the start of the process to the first HTTP 200."""

    def log(self) -> str:
        """What it wrote so far."""
        return self.log_file.read_text()

    def network_attempts(self) -> list[str]:
        """Hosts that it tried to reach although the network is off."""
        return self.attempts_file.read_text().splitlines() if self.attempts_file.exists() else []


@contextmanager
def running_app(
    folder: Path,
    script: Path = ROOT / "app.py",
    offline: bool = True,
    python: Path | str = sys.executable,
    root: Path = ROOT,
    port: int | None = None,
    **environment: str,
) -> Iterator[RunningApp]:
    """`python app.py` in `root` on `port`, or a free one, with its data under `folder`, stopped at the end."""
    (folder / "site").mkdir(parents=True, exist_ok=True)
    (folder / "site" / "sitecustomize.py").write_text(NO_NETWORK if offline else "")
    port = port or free_port()
    variables = os.environ | {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "AUDIOSCOPE_DATA_DIR": str(folder / "data"),
        "AUDIOSCOPE_CLIP_DIR": str(folder / "clips"),
        "NETWORK_ATTEMPTS": str(folder / "attempts"),
        "PYTHONPATH": str(folder / "site"),
        **environment,
    }
    began = time.perf_counter()
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([str(python), str(script)], cwd=root, env=variables, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_served(address, process, folder / "log")
        yield RunningApp(address, process, folder / "log", folder / "attempts", time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(END_TIMEOUT_SECONDS)


def wait_until_served(address: str, process: subprocess.Popen[bytes], log_file: Path) -> None:
    """Return at the first HTTP 200, or at the first page that asks to sign in."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the app ended: {log_file.read_text()}")
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError as reason:  # refused, reset, too slow to answer, or an error's status
            if isinstance(reason, urllib.error.HTTPError) and reason.code == HTTPStatus.UNAUTHORIZED:
                return
            time.sleep(0.02)  # between two questions to a process that is starting
    raise TimeoutError(log_file.read_text())


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
