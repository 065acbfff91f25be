"""Answers that are the same for all visitors, made once.

Gradio builds the page, the description of its parts and that of its endpoints anew for everyone who asks. Each takes a tenth of a
second or more, so that fifty clients that started at once kept everybody else waiting for seconds.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from starlette._utils import get_route_path
from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.page.server.whole_answers import send_whole, serve_whole

PAGE, STYLE, CONFIG, ENDPOINTS = "/", "/theme.css", "/config", "/gradio_api/info"
ASSETS = "/assets/"
"""Beginning of the paths of scripts and styles that have a hash of their content in the name."""
FILES = (ASSETS, "/static/")
ADDRESS_HEADERS = ("host", "x-forwarded-host", "x-forwarded-proto", "x-gradio-server")
"""Headers from which Gradio finds the address that it writes into what it describes."""
OWN_HEADERS = ("origin", "range", "if-none-match", "if-modified-since")
"""Headers on which an answer depends: of a page of another site that asks, and of a browser that has some of it."""
OWN_PARAMETERS = frozenset({"page", "deep_link", "all_endpoints"})
"""Parameters of the address on which an answer depends."""
TEXT_TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml")
MAX_KEPT_BYTES = 32_000_000
"""What is kept, for all addresses under which the server is known: with its scripts and descriptions a page has 5 MB."""

AnswerKey = tuple[str | bool | None, ...]
"""Account, whether the answer may come compressed with gzip, and address."""


@dataclass(frozen=True)
class KeptAnswer:
    """An answer, as the app gave it."""

    start: Message
    body: bytes


class SharedAnswers:
    """ASGI middleware that keeps what is the same for all visitors; those who ask while it is made wait for it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app
        self._kept: OrderedDict[AnswerKey, KeptAnswer] = OrderedDict()
        self._kept_bytes = 0
        self._being_made: dict[AnswerKey, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        key = _answer_key(scope)
        if not key:
            await self._app(scope, receive, send)
            return
        if key in self._being_made:
            await self._being_made[key].wait()
        if key in self._kept:
            self._kept.move_to_end(key)
            await send_whole(send, dict(self._kept[key].start), self._kept[key].body)
        else:
            await self._make(key, scope, receive, send)

    async def _make(self, key: AnswerKey, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the app, and keep the answer if it is a text."""
        made = self._being_made[key] = asyncio.Event()

        def settle() -> None:
            """Let those who wait go on; before anything is sent, as the one who asked first may be slow to take it."""
            made.set()
            if self._being_made.get(key) is made:
                del self._being_made[key]

        def is_held(start: Message) -> bool:
            if not is_text(start):
                settle()
                return False
            return True

        async def finish(start: Message, body: bytes) -> None:
            self._keep(key, KeptAnswer(start, body))
            settle()
            await send_whole(send, dict(start), body)

        try:
            await serve_whole(self._app, scope, receive, send, is_held, finish)
        finally:
            settle()

    def _keep(self, key: AnswerKey, answer: KeptAnswer) -> None:
        """Keep an answer in place of those that were not asked for the longest."""
        replaced = self._kept.pop(key, None)
        self._kept[key] = answer
        self._kept_bytes += len(answer.body) - (len(replaced.body) if replaced else 0)
        while self._kept_bytes > MAX_KEPT_BYTES:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped.body)


def is_text(start: Message) -> bool:
    """Return whether an answer with this beginning is a text that is neither partial nor compressed."""
    headers = Headers(raw=start["headers"])
    is_whole = start["status"] == 200 and "content-encoding" not in headers
    return is_whole and headers.get("content-type", "").startswith(TEXT_TYPES)


def _answer_key(scope: Scope) -> AnswerKey:
    """Return on what an answer depends that is the same for all visitors; () for other answers."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return ()
    path, headers = get_route_path(scope), Headers(scope=scope)
    is_same_for_all = path in (PAGE, STYLE, CONFIG, ENDPOINTS) or path.startswith(FILES)
    is_own = any(name in headers for name in OWN_HEADERS) or not OWN_PARAMETERS.isdisjoint(QueryParams(scope["query_string"]))
    if not is_same_for_all or is_own:
        return ()
    user = scope.get("user")  # whose name Gradio writes into the page
    person = user.display_name if user is not None and user.is_authenticated else None
    address = scope["path"], scope["scheme"], scope.get("root_path"), *(headers.get(name) for name in ADDRESS_HEADERS)
    return person, "gzip" in headers.get("accept-encoding", ""), *address
