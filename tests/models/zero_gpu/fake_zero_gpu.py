"""ZeroGPU as far as a machine without one can have it: the real package `spaces`, and a scheduler that grants and refuses.

The scheduler answers as `spaces` 0.51 reads it (`zero/api.py`), on loopback. torch of a machine without CUDA lacks three names
that `spaces` replaces, and workers have no GPU to start: tensors stay in main memory there.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Scheduler:
    """A scheduler that grants every call, unless a refusal was set."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        """(path, parameters), in order."""
        self.refuse: Callable[[int], dict[str, Any] | None] = lambda seconds: None
        """The refusal of a call of so many seconds: {left, wait}; None to grant it."""
        self.queue: tuple[str, ...] = ()
        """What a call that has to wait is sent, e.g. 'ping', 'failed' or 'succeeded'."""
        self.serves_workers_again = True
        """Whether a worker that is idle gets the next call."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def durations(self) -> list[int]:
        """Seconds that were asked for, call by call."""
        return [int(parameters["durationSeconds"]) for path, parameters in self.requests if path == "/schedule"]

    def tokens(self) -> list[str | None]:
        """Who asked, call by call: the header X-IP-Token of the visitor's request."""
        return [parameters.get("token") for path, parameters in self.requests if path == "/schedule"]

    def releases(self) -> list[bool]:
        """Whether each call that ended had failed."""
        return [parameters["fail"] == "true" for path, parameters in self.requests if path == "/release"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scheduler = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                parts = urlsplit(self.path)
                parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
                scheduler.requests.append((parts.path, parameters))
                if parts.path != "/schedule":
                    self._answer(200, None)
                    return
                refusal = scheduler.refuse(int(parameters["durationSeconds"]))
                granted = {
                    "idle": scheduler.serves_workers_again,
                    "nvidiaIndex": 0,
                    "nvidiaUUID": "GPU-0",
                    "allowToken": str(len(scheduler.requests)),
                }
                if scheduler.queue:
                    self._send_events(scheduler.queue, granted)
                else:
                    self._answer(200 if refusal is None else 429, refusal or granted)

            def _send_events(self, events: tuple[str, ...], granted: dict[str, Any]) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                for event in events:
                    data = f"\ndata: {json.dumps(granted)}" if event == "succeeded" else ""
                    self.wfile.write(f"event: {event}{data}\n\n".encode())
                    self.wfile.flush()
                    time.sleep(0.2)  # each has to arrive by itself

            def _answer(self, status: int, document: dict[str, Any] | None) -> None:
                body = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


def import_spaces(scheduler: Scheduler, folder: Path) -> Any:
    """Import the package `spaces` as on ZeroGPU; once in a process, in its main thread, before anything uses torch."""
    os.environ["SPACES_ZERO_GPU"] = "true"
    os.environ["SPACES_ZERO_DEVICE_API_URL"] = scheduler.address
    os.environ["ZEROGPU_OFFLOAD_DIR"] = str(folder / "tensors")
    import torch

    if not torch.backends.cuda.is_built():
        torch.version.cuda = "13.0"
        torch._C._cuda_init = lambda: None
        torch.cuda._is_in_bad_fork = bool
    import spaces
    import spaces.zero.torch
    from spaces.zero.torch import patching

    def keep_in_main_memory(callback: Any = None) -> None:
        for tensor, original in list(patching.cuda_aliases.items()):
            if original is not None:
                tensor.data = original

    spaces.zero.torch.init = lambda uuid: None
    spaces.zero.torch.pack = lambda: 0  # on the disk, only a GPU could read them
    spaces.zero.torch.move = keep_in_main_memory
    return spaces
