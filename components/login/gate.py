"""The gate before all routes: a session's cookie or an API key lets a request in, few paths need neither."""

from __future__ import annotations

import secrets
from hmac import compare_digest

from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, BaseUser, SimpleUser
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from accounts.accounts import Account, Accounts
from components.login.sessions import Sessions
from components.login.sign_in_page import sign_in_page
from components.page.server.security_headers import HEADERS
from components.page.server.serving import HEALTH_PATH, READY_PATH

LOGIN, LOGOUT = "/login", "/logout"
PUBLIC_PATHS = frozenset({HEALTH_PATH, READY_PATH, LOGIN, "/gradio_api/startup-events"})
"""Paths that need no login. Gradio itself asks for the last one when the server starts, and learns whether it was the first."""
COOKIE = "audioscope-session"
TOOLS_HEADER = "x-audioscope-tools"
TOOLS_USER = "mcp:"
"""Stands for Gradio's own client, which passes MCP calls on; no account can have a colon in its name."""
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    **HEADERS,
}
"""Headers of the page for signing in, which has no scripts, and of refusals."""
REFUSED = "Sign in, or send an API key in the header Authorization: Bearer KEY."


class Gate(AuthenticationBackend):
    """Finds the account of each request."""

    def __init__(self, accounts: Accounts, sessions: Sessions) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self.tools_key = secrets.token_urlsafe(32)
        """What Gradio's own client sends: it may read configuration and streams. It calls endpoints as its caller."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return the account's role and name; None for a public path.

        Raises:
            AuthenticationError: neither a session nor a key.
        """
        account = self._account(conn)
        if account:
            return AuthCredentials([account.role]), SimpleUser(account.name)
        if conn.scope.get("method") == "GET" and compare_digest(conn.headers.get(TOOLS_HEADER, ""), self.tools_key):
            return AuthCredentials(), SimpleUser(TOOLS_USER)
        if own_path(conn.scope) in PUBLIC_PATHS:
            return None
        raise AuthenticationError(REFUSED)

    def _account(self, conn: HTTPConnection) -> Account | None:
        kind, _, key = conn.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and (account := self._accounts.with_key(key.strip())):
            return account
        return self._accounts.find(self._sessions.find(conn.cookies.get(COOKIE, "")))


def refusal(conn: HTTPConnection, error: AuthenticationError) -> Response:
    """Return the page for signing in to a browser that wants a page, and a sentence to everything else."""
    is_page = conn.scope.get("method") == "GET" and "text/html" in conn.headers.get("accept", "")
    if is_page:
        return HTMLResponse(sign_in_page(path_for(conn.scope, LOGIN), seen_address(conn)), 401, PAGE_HEADERS)
    return JSONResponse({"detail": str(error)}, 401, {"WWW-Authenticate": "Bearer", **PAGE_HEADERS})


def own_path(scope: Scope) -> str:
    """Return the path of a request below the one that a proxy puts the app under."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "").rstrip("/")) or "/"


def path_for(scope: Scope, path: str) -> str:
    """Return a path of the app as browsers see it."""
    return f"{scope.get('root_path', '').rstrip('/')}{path}"


def seen_address(conn: HTTPConnection) -> str:
    """Return path and query of a request as the browser sees them."""
    query = f"?{conn.url.query}" if conn.url.query else ""
    return path_for(conn.scope, own_path(conn.scope)) + query
