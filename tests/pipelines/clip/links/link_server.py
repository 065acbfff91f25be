"""A server of links on loopback, for tests that name its address as the one that is allowed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from pipelines.clip.links.connections import Address

LOOPBACK = ip_address("127.0.0.1")
DRIP_SECONDS = 0.05


def is_loopback_server(address: Address) -> bool:
    """Allow the one address at which the tests' server listens."""
    return address == LOOPBACK


@dataclass
class LinkServer:
    """What the server answers by path, and what it was asked."""

    port: int
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """(content type, content)."""
    redirects: dict[str, str] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    """The Host header of every request."""
    ended: threading.Event = field(default_factory=threading.Event)

    def link(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


class _Handler(BaseHTTPRequestHandler):
    links: LinkServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.links.hosts.append(self.headers["Host"])
        with suppress(ConnectionError, TimeoutError):
            self._answer(self.path.split("?")[0])

    def _answer(self, path: str) -> None:
        bad = {
            "/endless": self._send_endless,
            "/drip": self._send_drip,
            "/slow-header": self._send_slow_header,
            "/silent": self._send_nothing,
            "/short": self._send_short,
        }
        if path in bad:
            bad[path]()
        elif path in self.links.redirects:
            self._begin(302, Location=self.links.redirects[path])
        elif path in self.links.files:
            kind, content = self.links.files[path]
            self._begin(200, **{"Content-Type": kind, "Content-Length": str(len(content))})
            self.wfile.write(content)
        else:
            self._begin(404)

    def _begin(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_endless(self) -> None:
        self._begin(200)
        while not self.links.ended.is_set():
            self.wfile.write(bytes(2**16))

    def _send_drip(self) -> None:
        self._begin(200)
        self._drip()

    def _send_slow_header(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        self._drip()

    def _send_nothing(self) -> None:
        self.links.ended.wait(30)

    def _send_short(self) -> None:
        self._begin(200, **{"Content-Length": "1000"})
        self.wfile.write(bytes(10))

    def _drip(self) -> None:
        while not self.links.ended.is_set():
            self.wfile.write(b".")
            time.sleep(DRIP_SECONDS)


@contextmanager
def link_server() -> Iterator[LinkServer]:
    """A running server; '/endless', '/drip', '/slow-header', '/short', '/silent' and '/404' are bad answers of their kinds."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {})) as http:
        server = LinkServer(http.server_address[1])
        http.RequestHandlerClass.links = server  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            http.shutdown()
            thread.join()
