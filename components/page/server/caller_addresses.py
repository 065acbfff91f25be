"""The address of a caller, which stays known where the server passes a call on to itself."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

FORWARDED_FOR = b"x-forwarded-for"


class CallerAddresses:
    """ASGI middleware that puts the address which the server found for a caller in place of what the caller says.

    Gradio passes calls of MCP tools on to the endpoints as requests of its own, from this machine, with the caller's headers. The
    server believes requests from this machine, so a caller's header would choose the address that its calls count for; without
    a header, all callers of tools would count as one.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            headers = [(name, value) for name, value in scope["headers"] if name != FORWARDED_FOR]
            if client := scope.get("client"):
                headers.append((FORWARDED_FOR, client[0].encode("latin-1")))
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)
