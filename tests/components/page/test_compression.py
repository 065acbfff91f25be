"""What is compressed on its way to the browser, and what is not."""

from collections.abc import AsyncIterator

import brotli
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from components.page.server.compression import DENSE, FAST, CompressedTexts, Compression

TEXT = " ".join(f"word{number * number}" for number in range(2000))
SOUND = bytes(range(256)) * 40


async def events() -> AsyncIterator[str]:
    for number in range(3):
        yield f"data: {number}\n\n" + " " * 500


def page(request: Request) -> Response:
    assert "accept-encoding" not in request.headers or "br" not in request.headers["accept-encoding"]
    return PlainTextResponse(TEXT)


def build_app() -> Starlette:
    routes = [
        Route("/", page),
        Route("/assets/short.js", lambda _: Response("0", media_type="application/javascript")),
        Route("/assets/picture.png", lambda _: Response(SOUND, media_type="image/png")),
        Route("/assets/missing.js", lambda _: PlainTextResponse(TEXT, 404)),
        Route("/gradio_api/run/predict", lambda _: JSONResponse({"data": [TEXT]}), methods=["POST"]),
        Route("/gradio_api/queue/data", lambda _: StreamingResponse(events(), media_type="text/event-stream")),
        Route("/gradio_api/file=clip.txt", lambda _: PlainTextResponse(TEXT)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Compression)])


@pytest.fixture
def client() -> TestClient:
    return TestClient(build_app(), headers={"accept-encoding": "gzip, br"})


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/gradio_api/run/predict")])
def test_pages_and_answers_are_compressed(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.headers["content-encoding"] == "br"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert int(answer.headers["content-length"]) < len(TEXT) / 2
    assert TEXT in answer.text


@pytest.mark.parametrize(
    "path",
    ["/assets/short.js", "/assets/picture.png", "/assets/missing.js", "/gradio_api/queue/data", "/gradio_api/file=clip.txt"],
)
def test_streams_files_of_people_pictures_and_refusals_are_left_alone(client: TestClient, path: str) -> None:
    assert "content-encoding" not in client.get(path).headers


def test_a_part_of_a_file_is_left_alone(client: TestClient) -> None:
    assert "content-encoding" not in client.get("/", headers={"accept-encoding": "gzip", "range": "bytes=0-9"}).headers


def test_a_browser_without_brotli_gets_plain_text(client: TestClient) -> None:
    answer = client.get("/", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.text == TEXT


def test_later_visitors_get_a_denser_text() -> None:
    texts = CompressedTexts()
    assert texts.find(TEXT.encode()) == brotli.compress(TEXT.encode(), quality=FAST)
    texts._background.shutdown()
    assert texts.find(TEXT.encode()) == brotli.compress(TEXT.encode(), quality=DENSE)


def test_files_with_a_hash_in_their_name_are_never_asked_for_again(client: TestClient) -> None:
    assert "immutable" in client.get("/assets/short.js").headers["cache-control"]
    assert "cache-control" not in client.get("/").headers
