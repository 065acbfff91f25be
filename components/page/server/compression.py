"""Compression of the page, its scripts and styles, and short JSON answers.

Gradio compresses files by the ending of their path, fast and anew for each visitor, and the page itself, which has none, not at
all; it also builds the page anew, although every visitor gets the same. Streams and clips are left alone: a part of a compressed
file is of no use, and an event must not wait for the next one.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Lock

import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGES = ("/", "/config", "/theme.css")
ASSETS = "/assets/"
"""Beginning of the paths of scripts and styles that have a hash of their content in the name."""
FOLDERS = (ASSETS, "/static/", "/gradio_api/run/", "/gradio_api/info")
"""Beginnings of the paths whose answers are text and come in one piece."""
ADDRESS_HEADERS = ("host", "x-forwarded-host", "x-forwarded-proto", "x-gradio-server")
"""Headers from which Gradio finds the address that it writes into the page."""
FOREVER = "public, max-age=31536000, immutable"
TEXT_TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml")
MIN_BYTES = 400
FAST, DENSE = 4, 11
"""Brotli qualities: 4 takes milliseconds for the page, 11 a second."""
MAX_KEPT_BYTES = 4_000_000
"""Compressed bytes that are kept; a whole page has 0.3 MB."""
MAX_KEPT_ANSWERS = 500
"""Answers that are kept whole, once for each address under which the server is known; a page has 60."""

AnswerKey = tuple[str | None, ...]
KeptAnswers = MutableMapping[AnswerKey, tuple[Message, Message]]
"""The two messages of each answer that is the same for all visitors."""


class DenseTexts:
    """Densely compressed texts, made once in the background and kept by their content."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}
        self._wanted: set[bytes] = set()
        self._bytes = 0
        self._lock = Lock()
        self._background = ThreadPoolExecutor(1, "compression")

    def find(self, body: bytes) -> bytes | None:
        """Return `body` densely compressed, or None while that is being made."""
        key = sha256(body).digest()
        with self._lock:
            if key not in self._wanted and self._bytes < MAX_KEPT_BYTES:
                self._wanted.add(key)
                self._background.submit(self._make, key, body)
            return self._kept.get(key)

    def _make(self, key: bytes, body: bytes) -> None:
        dense = bytes(brotli.compress(body, quality=DENSE))
        with self._lock:
            self._kept[key] = dense
            self._bytes += len(dense)


class Compression:
    """ASGI middleware that sends texts with Brotli to browsers that take it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app
        self._dense = DenseTexts()
        self._answers: KeptAnswers = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not _is_wanted(scope):
            await self._app(scope, receive, send)
            return
        key = _answer_key(scope)
        if key in self._answers:
            for message in self._answers[key]:
                await send(message)
            return
        plain = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]}
        await _Answer(self._dense, self._answers, scope, send).collect(self._app, plain, receive)


class _Answer:
    """One answer, held back until it is whole."""

    def __init__(self, dense: DenseTexts, answers: KeptAnswers, scope: Scope, send: Send) -> None:
        self._dense = dense
        self._answers = answers
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def collect(self, app: ASGIApp, scope: Scope, receive: Receive) -> None:
        await app(scope, receive, self._take)

    async def _take(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_text(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = bytes(self._body)
        dense = self._dense.find(body) if self._scope["method"] == "GET" and len(body) >= MIN_BYTES else None
        headers = MutableHeaders(raw=list(start["headers"]))
        headers.add_vary_header("Accept-Encoding")
        if self._scope["path"].startswith(ASSETS):
            headers["Cache-Control"] = FOREVER
        if len(body) >= MIN_BYTES:
            body = dense or bytes(brotli.compress(body, quality=FAST))
            headers["Content-Encoding"] = "br"
            headers["Content-Length"] = str(len(body))
        messages = {**start, "headers": headers.raw}, {"type": "http.response.body", "body": body}
        key = _answer_key(self._scope)
        if key and (dense or len(body) < MIN_BYTES) and len(self._answers) < MAX_KEPT_ANSWERS:
            self._answers[key] = messages
        for message in messages:
            await self._send(message)


def _answer_key(scope: Scope) -> AnswerKey:
    """Return on what an answer depends that is the same for all visitors; () for other answers."""
    path, headers = scope["path"], Headers(scope=scope)
    is_same_for_all = path in ("/", "/theme.css") or path.startswith((ASSETS, "/static/"))
    # Parameters on which the page depends, and a page of another site that asks.
    is_own = any(name in scope["query_string"] for name in (b"page=", b"deep_link=")) or "origin" in headers
    if scope["method"] != "GET" or not is_same_for_all or is_own:
        return ()
    user = scope.get("user")  # whose name Gradio writes into the page
    person = user.display_name if user is not None and user.is_authenticated else None
    return path, person, scope["scheme"], scope.get("root_path"), *(headers.get(name) for name in ADDRESS_HEADERS)


def _is_wanted(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "POST"):
        return False
    path, headers = scope["path"], Headers(scope=scope)
    is_text = path in PAGES or path.startswith(FOLDERS)
    return is_text and "br" in headers.get("accept-encoding", "") and "range" not in headers


def _is_text(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    is_whole = start["status"] == 200 and "content-encoding" not in headers
    return is_whole and headers.get("content-type", "").startswith(TEXT_TYPES)
