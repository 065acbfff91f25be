"""Requests that Gradio's routes fail on: their sender reads a sentence instead of a bare 500 or a broken stream."""

from __future__ import annotations

import logging
import re

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.page.user_errors import sentence_for

CALLS = re.compile(r"/gradio_api/(?:(?:call|run|api|queue)/.*|upload)", re.DOTALL)
"""Routes whose errors come of what was sent, unless they are the system's: an endpoint runs later, and its errors are answers."""
NO_CALL = "There is no such endpoint or call, or it does not take this: the page ?view=api has every endpoint with its arguments."
EVENT_STREAM = "text/event-stream"

log = logging.getLogger(__name__)


class BrokenRequests:
    """ASGI middleware that answers where the app raises."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = ""

        async def note(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = Headers(raw=message["headers"]).get("content-type", "unknown")
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception as error:
            is_refused = CALLS.fullmatch(get_route_path(scope)) and not isinstance(error, OSError | MemoryError)
            if began.startswith(EVENT_STREAM):
                log.info("%s: %s", type(error).__name__, error)  # Gradio has sent an event that says so
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif began:
                raise
            elif is_refused:
                log.info("%s: %s", type(error).__name__, error)
                await JSONResponse({"detail": NO_CALL}, 400)(scope, receive, send)
            else:
                await JSONResponse({"detail": sentence_for(error)}, 500)(scope, receive, send)
