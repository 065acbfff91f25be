"""What is made once for all visitors, and what is made anew since it differs between them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app import build_page, guards, serving_options
from components.page.server import shared_answers
from components.page.server.compression import Compression
from components.page.server.shared_answers import CONFIG, ENDPOINTS, SharedAnswers
from services import Services

Answer = Callable[[Request], Any]


class NamedByHeader(AuthenticationBackend):
    """Believes a header that says who asks."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return the account that the header names."""
        name = conn.headers.get("x-name")
        return (AuthCredentials([]), SimpleUser(name)) if name else None


def app_of(answer: Answer, path: str = "/") -> Starlette:
    middleware = [Middleware(AuthenticationMiddleware, backend=NamedByHeader()), Middleware(SharedAnswers)]
    return Starlette(routes=[Route(path, answer)], middleware=middleware)


def test_a_page_is_made_once_for_each_address_and_anew_where_it_differs_between_visitors() -> None:
    made: list[str] = []

    def page(request: Request) -> Response:
        made.append(f"{request.headers['host']} {request.query_params}")
        return PlainTextResponse(made[-1])

    client = TestClient(app_of(page))
    visits = (
        "http://one/",
        "http://one/?clip=1",
        "http://two/",
        "http://one/",
        "http://two/?deep_link=a",
        "http://two/?p%61ge=b",
    )
    assert [client.get(visit).text for visit in visits] == ["one ", "one ", "two ", "one ", "two deep_link=a", "two page=b"]
    for name in ("origin", "range", "if-none-match"):
        client.get("http://one/", headers={name: "0"})
    assert made == ["one ", "two ", "two deep_link=a", "two page=b", "one ", "one ", "one "]
    assert client.get("http://two/").text == "two "


def test_accounts_get_answers_of_their_own() -> None:
    client = TestClient(app_of(lambda request: PlainTextResponse(request.user.display_name)))
    names = ["ann", "bob", "ann", ""]
    assert [client.get("/", headers={"x-name": name}).text for name in names] == names


def test_an_answer_is_kept_compressed_with_gzip_or_plain_only_for_those_who_want_it_so() -> None:
    client = TestClient(app_of(lambda request: PlainTextResponse(request.headers.get("accept-encoding", ""))))
    encodings = ["gzip, deflate", "identity", "gzip, deflate"]
    assert [client.get("/", headers={"accept-encoding": encoding}).text for encoding in encodings] == encodings


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("lost", 404),
        PlainTextResponse("part", 206),
        Response(b"0", media_type="image/png"),
        PlainTextResponse("packed", headers={"content-encoding": "identity"}),
    ],
)
def test_refusals_parts_pictures_and_compressed_texts_are_not_kept(answer: Response) -> None:
    made: list[Request] = []

    def asked(request: Request) -> Response:
        made.append(request)
        return answer

    client = TestClient(app_of(asked, "/static/{name}"))
    assert {client.get("/static/one").status_code for _ in range(3)} == {answer.status_code}
    assert len(made) == 3


def test_what_was_not_asked_for_the_longest_goes_when_too_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_answers, "MAX_KEPT_BYTES", 2_000)
    made: list[str] = []

    def file(request: Request) -> Response:
        made.append(request.path_params["name"])
        return PlainTextResponse("x" * 900)

    client = TestClient(app_of(file, "/assets/{name}"))
    for name in ("a", "b", "a", "c", "a", "b"):
        client.get(f"/assets/{name}")
    assert made == ["a", "b", "c", "b"]


async def ask_at_once(answer: Answer, count: int) -> list[str]:
    """Return what `count` visitors get who ask at the same time, "failed" for an error."""
    transport = httpx.ASGITransport(app_of(answer), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://one") as client:
        found = await asyncio.gather(*(client.get("/") for _ in range(count)))
    return [one.text if one.status_code == 200 else "failed" for one in found]


def test_those_who_ask_while_it_is_made_wait_for_it() -> None:
    made: list[Request] = []

    async def slow(request: Request) -> Response:
        made.append(request)
        for _ in range(50):
            await asyncio.sleep(0)  # lets the others ask
        return PlainTextResponse("page")

    assert asyncio.run(ask_at_once(slow, 5)) == ["page"] * 5
    assert len(made) == 1


def test_an_error_is_that_of_one_visitor_and_the_others_get_an_answer() -> None:
    made: list[Request] = []

    async def fails_once(request: Request) -> Response:
        made.append(request)
        for _ in range(50):
            await asyncio.sleep(0)
        if len(made) == 1:
            raise ValueError
        return PlainTextResponse("page")

    assert sorted(asyncio.run(ask_at_once(fails_once, 4))) == ["failed", "page", "page", "page"]


@pytest.fixture(scope="module")
def clients(services: Services) -> tuple[TestClient, TestClient]:
    """Clients of the real page, without the kept answers and with them; `user_of` names whoever asks."""
    import gradio as gr
    from fastapi import FastAPI

    def client(*middleware: Middleware) -> TestClient:
        app = FastAPI(middleware=[Middleware(AuthenticationMiddleware, backend=NamedByHeader()), *middleware])
        options = {**serving_options(services), "mcp_server": False}
        return TestClient(gr.mount_gradio_app(app, page, path="", auth_dependency=user_of, **options))

    def user_of(request: Request) -> str:
        return request.user.display_name or "no account"

    page = build_page(services)
    return client(*guards(services.settings)), client(
        Middleware(Compression), Middleware(SharedAnswers), *guards(services.settings)
    )


@pytest.mark.parametrize("path", [CONFIG, ENDPOINTS])
@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
def test_clients_get_what_gradio_describes_at_each_address_and_for_each_account(
    clients: tuple[TestClient, TestClient], path: str, encoding: str
) -> None:
    visits: list[dict[str, str]] = [
        {"host": "one"},
        {"host": "two:7860"},
        {"host": "two:7860", "x-name": "ann"},
        {"host": "inner", "x-forwarded-host": "three", "x-forwarded-proto": "https"},
    ]
    by_gradio, shared = clients
    for visit in [*visits, *visits]:
        headers = {**visit, "accept-encoding": encoding}
        plain, kept = by_gradio.get(path, headers=headers), shared.get(path, headers=headers)
        assert json.loads(kept.content) == json.loads(plain.content)
        assert kept.headers["content-security-policy"] == plain.headers["content-security-policy"]
