"""The gate of a server with accounts, in front of the whole page: what it lets in, and what each account finds behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from itertools import count
from typing import Any

import pytest
from gradio.routes import App
from gradio_client import Client
from gradio_client.exceptions import AppError, AuthenticationError
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.testclient import TestClient

from accounts.access import Access
from accounts.accounts import Accounts, account_entry, new_key
from app import build_page, server_parts, serving_options
from components.login.asking import access_of
from components.login.attempts import MAX_FAILURES
from components.login.gate import COOKIE, PUBLIC_PATHS, TOOLS_HEADER
from components.login.login import MAX_FORM_BYTES, Login, build_login
from services import Services, build_services
from settings import Settings

PASSWORDS = {"anna": "anna's password", "vera": "vera's password"}
KEYS = {name: new_key(name) for name in PASSWORDS}
AUTH = f"{account_entry('anna', PASSWORDS['anna'], 'keeper')} {account_entry('vera', PASSWORDS['vera'], 'viewer')}"
API_KEYS = " ".join(entry for _, entry in KEYS.values())

INSIDE = {
    *("/theme.css", "/static/img/logo.svg", "/assets/index.js", "/no/such/page", "//", "/login/", "/healthz/x"),
    *(f"/gradio_api/{path}" for path in ("info", "openapi.json", "upload", "file=/etc/passwd", "token", "app_id")),
    *(f"/gradio_api/{path}" for path in ("queue/join", "queue/data?session_hash=x", "call/transcribe", "cancel")),
    *(f"/gradio_api/{path}" for path in ("heartbeat/x", "stream/x", "reset", "component_server", "mcp/", "mcp/sse")),
}
"""Paths behind the gate; those of Gradio's own router are not in the app's list."""
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE")

Browse = Callable[..., TestClient]


@dataclass(frozen=True)
class Server:
    """A server with a login."""

    app: App
    address: str
    login: Login
    hosts: Iterator[int] = field(default_factory=count)
    """Numbers for the addresses of browsers."""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    folder = tmp_path_factory.mktemp("login")
    settings = Settings(data_dir=folder / "data", clip_dir=folder / "clips", auth=SecretStr(AUTH), api_keys=SecretStr(API_KEYS))
    return build_services(settings, access_of(settings))


@pytest.fixture(scope="module")
def server(services: Services) -> Iterator[Server]:
    """A server that runs, as that of `app.py`."""
    page = build_page(services)
    login = build_login(services.access.accounts)
    assert login is not None
    options = {**serving_options(services, login), "quiet": True, "prevent_thread_lock": True, "server_name": "127.0.0.1"}
    app, address, _ = page.launch(**options, app_kwargs=server_parts(services, login))
    login.let_tools_in(page)
    yield Server(app, address, login)
    page.close(verbose=False)


@pytest.fixture
def browse(server: Server) -> Browse:
    """Returns a browser that follows no redirects, at an address of its own."""

    def browser(address: str = "http://audioscope.test", **headers: str) -> TestClient:
        host = str(ip_address(0x0A000000 + next(server.hosts)))
        return TestClient(server.app, address, client=(host, 50_000), follow_redirects=False, headers=headers)

    return browser


def sign_in(browser: TestClient, name: str = "anna", password: str = "", after: str = "/", **headers: str) -> Any:
    form = {"name": name, "password": password or PASSWORDS.get(name, ""), "after": after}
    return browser.post("/login", data=form, headers=headers)


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS[name][0]}"}


def test_every_route_but_health_and_login_is_closed(server: Server, browse: Browse) -> None:
    browser = browse()
    paths = {str(getattr(route, "path", "")).replace("{", "").replace("}", "") or "/" for route in server.app.routes}
    for path in (paths | INSIDE) - PUBLIC_PATHS:
        assert {browser.request(method, path).status_code for method in METHODS} == {401}, path
    for path in PUBLIC_PATHS:
        assert browser.get(path).status_code != 401, path


def test_a_browser_gets_the_form_and_a_program_a_sentence(browse: Browse) -> None:
    page = browse().get("/?clip=1&x=<b>", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 401 and page.headers["cache-control"] == "no-store"
    assert 'action="/login"' in page.text and 'value="/?clip=1&amp;x=%3Cb%3E"' in page.text
    answer = browse().get("/config")
    assert "API key" in answer.json()["detail"] and answer.headers["www-authenticate"] == "Bearer"


def test_a_password_opens_the_page_that_was_asked_for_until_its_owner_signs_out(browse: Browse) -> None:
    browser = browse()
    assert sign_in(browser, "anna", after="/?clip=1").headers["location"] == "/?clip=1"
    assert browser.get("/gradio_api/user").json() == "anna"
    assert browser.get("/login").headers["location"] == "/"
    token = browser.cookies[COOKIE]
    assert browser.post("/logout").headers["location"] == "/login"
    assert COOKIE not in browser.cookies
    # The cookie is worth nothing any more, wherever it was copied to.
    assert browse(Cookie=f"{COOKIE}={token}").get("/config").status_code == 401


@pytest.mark.parametrize(
    ("address", "headers", "is_secure"),
    [
        ("http://audioscope.test", {}, False),
        ("https://audioscope.test", {}, True),
        ("http://audioscope.test", {"X-Forwarded-Proto": "https"}, True),
    ],
)
def test_scripts_and_other_sites_do_not_get_the_cookie(
    browse: Browse, address: str, headers: dict[str, str], is_secure: bool
) -> None:
    cookie = sign_in(browse(address), **headers).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and ("Secure" in cookie) == is_secure


@pytest.mark.parametrize("after", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", "", "/\r\nX: y"])
def test_signing_in_leads_to_no_other_site(browse: Browse, after: str) -> None:
    assert sign_in(browse(), after=after).headers["location"] == "/"


def test_another_site_cannot_sign_a_browser_in(browse: Browse) -> None:
    answer = sign_in(browse(), **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("eve", "anna's password"), ("", "x"), ("<b>", "x")])
def test_what_is_wrong_gets_one_sentence_whichever_it_is(browse: Browse, name: str, password: str) -> None:
    answer = sign_in(browse(), name, password)
    assert answer.status_code == 401 and "Name or password is wrong." in answer.text and "set-cookie" not in answer.headers
    assert "<b>" not in answer.text


def test_an_address_that_guesses_waits_even_with_the_right_password(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    def quick(accounts: Accounts, name: str, password: str) -> object:
        return accounts.find(name) if password == "right" else None

    monkeypatch.setattr(Accounts, "with_password", quick)
    guesser = browse()
    assert {sign_in(guesser, "anna", "wrong").status_code for _ in range(MAX_FAILURES)} == {401}
    answer = sign_in(guesser, "anna", "right")
    assert answer.status_code == 429 and "Too many failed attempts" in answer.text and "15 min" in answer.text
    assert sign_in(browse(), "anna", "right").status_code == 303


def test_a_form_without_end_is_not_read(browse: Browse) -> None:
    endless = (b"name=" for _ in range(3))
    assert browse().post("/login", content=endless).status_code == 413
    assert browse().post("/login", data={"name": "a" * MAX_FORM_BYTES}).status_code == 413


def test_a_key_opens_endpoints_and_a_wrong_one_does_not(browse: Browse) -> None:
    browser = browse()
    assert browser.get("/gradio_api/user", headers=bearer("vera")).json() == "vera"
    for wrong in ("Bearer x", "Bearer ", f"Basic {KEYS['vera'][0]}", KEYS["vera"][0]):
        assert browser.get("/gradio_api/user", headers={"Authorization": wrong}).status_code == 401


def test_the_page_of_one_account_is_not_given_to_another(browse: Browse) -> None:
    """Compressed pages are kept, and have the name in them."""
    browser = browse(**{"Accept-Encoding": "br"})
    for name in (*PASSWORDS, *PASSWORDS):
        assert f'"username":"{name}"' in browser.get("/", headers=bearer(name)).text


def test_gradios_own_client_reads_and_calls_nothing(server: Server, browse: Browse) -> None:
    browser, tools = browse(), {TOOLS_HEADER: server.login.tools_key}
    assert browser.get("/config", headers=tools).status_code == 200
    assert browser.post("/gradio_api/call/library_clips", json={"data": []}, headers=tools).status_code == 401
    assert browser.get("/config", headers={TOOLS_HEADER: "x"}).status_code == 401


def test_roles_hold_for_scripts(server: Server) -> None:
    with pytest.raises(AuthenticationError):
        Client(server.address, verbose=False)
    keeper, viewer = (Client(server.address, verbose=False, headers=bearer(name)) for name in ("anna", "vera"))
    with pytest.raises(AppError, match="Only a keeper can delete clips"):
        viewer.predict("0" * 32, api_name="/remove_library_clip")
    with pytest.raises(AppError, match="The option clip cannot be"):
        keeper.predict("0" * 32, api_name="/remove_library_clip")


def test_roles_hold_for_tools(server: Server) -> None:
    async def called(name: str, tool: str, arguments: dict[str, str]) -> str:
        async with (
            streamablehttp_client(f"{server.address}gradio_api/mcp/", headers=bearer(name)) as (reader, writer, _),
            ClientSession(reader, writer) as session,
        ):
            await session.initialize()
            return str((await session.call_tool(tool, arguments)).content)

    gone = {"content_hash": "0" * 32}
    assert "Only a keeper can delete clips" in asyncio.run(called("vera", "remove_library_clip", gone))
    assert "The option clip cannot be" in asyncio.run(called("anna", "remove_library_clip", gone))


def test_below_a_proxys_path_form_and_cookie_stay_there(services: Services) -> None:
    login = build_login(services.access.accounts)
    assert login is not None
    app = Starlette(middleware=login.middleware)
    browser = TestClient(app, "http://audioscope.test", root_path="/audioscope", follow_redirects=False)
    page = browser.get("/audioscope/?x=1", headers={"Accept": "text/html"}).text
    assert 'action="/audioscope/login"' in page and 'value="/audioscope/?x=1"' in page
    form = {"name": "anna", "password": PASSWORDS["anna"], "after": "/elsewhere"}
    answer = browser.post("/audioscope/login", data=form)
    assert answer.headers["location"] == "/audioscope/" and "Path=/audioscope;" in answer.headers["set-cookie"]


def test_without_accounts_there_is_no_login() -> None:
    assert build_login(Accounts()) is None


def test_each_account_has_a_library_of_its_own(services: Services) -> None:
    def asked_by(name: str) -> Services:
        return replace(services, access=replace(services.access, asking=lambda: name))

    anna, vera, common = asked_by("anna").library, asked_by("vera").library, replace(services, access=Access()).library
    assert len({id(library) for library in (anna, vera, common)}) == 3
    assert asked_by("anna").library is anna
