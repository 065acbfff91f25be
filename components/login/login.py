"""What a server with accounts adds to Gradio's: routes, middleware, and the name of whoever asks."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
from gradio_client import Client
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.accounts import Accounts
from components.login.attempts import Attempts
from components.login.gate import COOKIE, LOGIN, LOGOUT, PAGE_HEADERS, TOOLS_HEADER, Gate, own_path, path_for, refusal
from components.login.sessions import SESSION_SECONDS, Sessions
from components.login.sign_in_page import sign_in_page

MAX_FORM_BYTES = 16_384
MAX_WAITING = 20
"""Passwords that wait to be checked, one after the other: each takes a core and 64 MiB for a moment."""
WRONG = "Name or password is wrong."
TOO_OFTEN = "Too many failed attempts from this network address: try again in {} min."
BUSY = "Too many people are signing in at this moment: try again."
FOREIGN = "Sign in on this page, not from another site."


class Login:
    """The login of one server."""

    def __init__(self, accounts: Accounts, sessions: Sessions, attempts: Attempts) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._attempts = attempts
        self._gate = Gate(accounts, sessions)
        self.tools_key = self._gate.tools_key
        self._checks = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0
        router = Router(
            [
                Route(LOGIN, self._show, methods=["GET"]),
                Route(LOGIN, self._sign_in, methods=["POST"]),
                Route(LOGOUT, self._sign_out, methods=["POST"]),
            ]
        )
        self.middleware = [
            Middleware(AuthenticationMiddleware, backend=self._gate, on_error=refusal),
            Middleware(_OwnPages, router=router),
        ]

    def user_of(self, request: Request) -> str | None:
        """Return the name of the account that a request came from; Gradio's `auth_dependency`."""
        user = request.scope.get("user")
        return user.display_name if user is not None and user.is_authenticated else None

    def let_tools_in(self, page: gr.Blocks) -> None:
        """Give the client with which Gradio passes MCP calls on to the endpoints of `page` a key of its own."""
        server = page.mcp_server_obj
        if server is not None:
            # As Gradio makes it, with one header more.
            server._client_instance = Client(
                page.local_url or "",
                download_files=False,
                verbose=False,
                analytics_enabled=False,
                ssl_verify=False,
                _skip_components=False,
                headers={"x-gradio-user": "mcp", TOOLS_HEADER: self.tools_key},
            )

    async def _show(self, request: Request) -> Response:
        if request.user.is_authenticated:
            return RedirectResponse(path_for(request.scope, "/"), 303)
        return _page(request, status=200)

    async def _sign_in(self, request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _page(request, FOREIGN, status=403)
        if not request.headers.get("content-length", "").isdecimal() or int(request.headers["content-length"]) > MAX_FORM_BYTES:
            return _page(request, WRONG, status=413)
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        name, after = form.get("name", "").strip(), _own_address(form.get("after", ""), request)
        host = request.client.host if request.client else ""
        if self._waiting >= MAX_WAITING:
            return _page(request, BUSY, name, after, 503)
        if minutes := self._attempts.begin(host):
            return _page(request, TOO_OFTEN.format(minutes), name, after, 429)
        account = await self._checked(name, form.get("password", ""))
        if account is None:
            return _page(request, WRONG, name, after, 401)
        self._attempts.succeeded(host)
        response = RedirectResponse(after, 303)
        is_https = request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "") == "https"
        response.set_cookie(
            COOKIE,
            self._sessions.begin(account),
            max_age=round(SESSION_SECONDS),
            path=path_for(request.scope, "") or "/",
            secure=is_https,
            httponly=True,
            samesite="lax",
        )
        return response

    async def _checked(self, name: str, password: str) -> str | None:
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            account = await loop.run_in_executor(self._checks, self._accounts.with_password, name, password)
        finally:
            self._waiting -= 1
        return account.name if account else None

    async def _sign_out(self, request: Request) -> Response:
        self._sessions.end(request.cookies.get(COOKIE, ""))
        response = RedirectResponse(path_for(request.scope, LOGIN), 303)
        response.delete_cookie(COOKIE, path=path_for(request.scope, "") or "/")
        return response


class _OwnPages:
    """ASGI middleware that answers the paths of the login itself, before what guards the page of Gradio."""

    def __init__(self, app: ASGIApp, router: Router) -> None:
        self._app = app
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_own = scope["type"] == "http" and own_path(scope) in (LOGIN, LOGOUT)
        await (self._router if is_own else self._app)(scope, receive, send)


def build_login(accounts: Accounts) -> Login | None:
    """Return the login of a server with these accounts; None where there are none."""
    return Login(accounts, Sessions(), Attempts()) if accounts else None


def _page(request: Request, failure: str = "", name: str = "", after: str = "", status: int = 200) -> Response:
    address = path_for(request.scope, LOGIN)
    markup = sign_in_page(address, after or path_for(request.scope, "/"), name, failure)
    return HTMLResponse(markup, status, PAGE_HEADERS)


def _own_address(address: str, request: Request) -> str:
    """Return an address of this app, or its first page in place of another one."""
    is_own = address.startswith(path_for(request.scope, "/")) and not address.startswith(("//", "/\\"))
    return address if is_own and address.isprintable() else path_for(request.scope, "/")
