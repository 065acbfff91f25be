"""Routes of Gradio that this app has no use for, and that strangers could misuse."""

from __future__ import annotations

import re

from starlette._utils import get_route_path
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

CLOSED = re.compile(
    r"/gradio_api/(?:"
    r"deep_link"  # stores the state of one session, values of HTML components too, for whoever follows a link
    r"|proxy=|file[=/](?:[A-Za-z][A-Za-z0-9+.-]+:|[/\\]{2})"  # fetch addresses for the caller, without the limits of links
    r"|process_recording|custom_component/"  # of components that the page does not have
    r"|dev/|runs|run-history/|(?:undo-)?vibe-"
    r").*|/svelte/.*|/openapi.json"
    r"|/monitoring.*",  # tells all callers how often each endpoint is called
    re.DOTALL,
)


class ClosedRoutes:
    """ASGI middleware that answers 404 on the closed routes."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_closed = scope["type"] == "http" and CLOSED.fullmatch(get_route_path(scope))
        answer = JSONResponse({"detail": "This server does not offer this."}, 404) if is_closed else self._app
        await answer(scope, receive, send)
