"""Compression of the page, its scripts and styles, and short JSON answers.

Gradio compresses files by the ending of their path, fast and anew for each visitor, and the page itself, which has none, not at
all. Streams and clips are left alone: a part of a compressed file is of no use, and an event must not wait for the next one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from threading import Lock

import brotli
from starlette._utils import get_route_path
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.page.server.shared_answers import ASSETS, CONFIG, ENDPOINTS, FILES, PAGE, STYLE, is_text
from components.page.server.whole_answers import send_whole, serve_whole

PAGES = (PAGE, STYLE, CONFIG)
FOLDERS = (*FILES, "/gradio_api/run/", ENDPOINTS)
"""Beginnings of the paths whose answers are text and come in one piece."""
FOREVER = "public, max-age=31536000, immutable"
MIN_BYTES = 400
FAST, DENSE = 4, 11
"""Brotli qualities: 4 takes 30 ms for the page, 11 two seconds."""
MAX_KEPT_BYTES = 4_000_000
"""Compressed bytes that are kept; a whole page has 0.3 MB."""


class CompressedTexts:
    """Texts that many visitors ask for, kept by their content: fast compressed at first, densely when that is made."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}
        self._bytes = 0
        self._lock = Lock()
        self._background = ThreadPoolExecutor(1, "compression")

    def find(self, body: bytes) -> bytes:
        """Return `body` compressed."""
        key = sha256(body).digest()
        with self._lock:
            known = self._kept.get(key)
        if known is not None:
            return known
        fast = bytes(brotli.compress(body, quality=FAST))
        with self._lock:
            if self._bytes < MAX_KEPT_BYTES and key not in self._kept:
                self._kept[key] = fast
                self._bytes += len(fast)
                self._background.submit(self._make, key, body)
        return fast

    def _make(self, key: bytes, body: bytes) -> None:
        dense = bytes(brotli.compress(body, quality=DENSE))
        with self._lock:
            self._bytes += len(dense) - len(self._kept[key])
            self._kept[key] = dense


class Compression:
    """ASGI middleware that sends texts with Brotli to browsers that take it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app
        self._texts = CompressedTexts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not _is_wanted(scope):
            await self._app(scope, receive, send)
            return
        plain = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]}
        await serve_whole(self._app, plain, receive, send, is_text, partial(self._send, scope, send))

    async def _send(self, scope: Scope, send: Send, start: Message, body: bytes) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        headers.add_vary_header("Accept-Encoding")
        if get_route_path(scope).startswith(ASSETS):
            headers["Cache-Control"] = FOREVER
        if len(body) >= MIN_BYTES:
            body = self._texts.find(body) if scope["method"] == "GET" else bytes(brotli.compress(body, quality=FAST))
            headers["Content-Encoding"] = "br"
            headers["Content-Length"] = str(len(body))
        await send_whole(send, {**start, "headers": headers.raw}, body)


def _is_wanted(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "POST"):
        return False
    path, headers = get_route_path(scope), Headers(scope=scope)
    is_text_path = path in PAGES or path.startswith(FOLDERS)
    return is_text_path and "br" in headers.get("accept-encoding", "") and "range" not in headers
