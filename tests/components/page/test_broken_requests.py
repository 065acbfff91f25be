"""A request on which the server fails is answered with a sentence; a stream that breaks is ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from components.page.server.broken_requests import NO_CALL, BrokenRequests


def fail(request: Request) -> Response:
    raise TypeError("Parameter `bogus` is not a valid key-word argument.")


def fill(request: Request) -> Response:
    raise OSError(28, "No space left on device")


def stream(request: Request) -> Response:
    def events() -> Iterator[str]:
        yield "event: error\ndata: {}\n\n"
        raise ValueError("secret")

    return StreamingResponse(events(), media_type="text/event-stream")


@pytest.fixture(scope="module")
def client() -> TestClient:
    routes = [
        Route("/gradio_api/call/v2/read_clip", fail, methods=["POST"]),
        Route("/gradio_api/upload", fail, methods=["POST"]),
        Route("/gradio_api/call/full", fill, methods=["POST"]),
        Route("/other", fail),
        Route("/gradio_api/call/read_clip/x", stream),
        Route("/well", lambda request: PlainTextResponse("well")),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(BrokenRequests)]))


def test_a_call_that_cannot_be_is_the_callers_fault(client: TestClient) -> None:
    answer = client.post("/gradio_api/call/v2/read_clip", json={"bogus": 1})
    assert (answer.status_code, answer.json()) == (400, {"detail": NO_CALL})
    answer = client.post("/gradio_api/upload", content=b"--x", headers={"content-type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json()) == (400, {"detail": NO_CALL})


def test_a_full_disk_is_not_the_callers_fault(client: TestClient) -> None:
    assert client.post("/gradio_api/call/full").status_code == 500


def test_any_other_fault_has_a_number_and_no_traceback(client: TestClient) -> None:
    answer = client.get("/other")
    assert answer.status_code == 500
    assert answer.json()["detail"].startswith("Unexpected error ") and "bogus" not in answer.text


def test_a_stream_that_breaks_ends_with_what_it_has_said(client: TestClient) -> None:
    assert client.get("/gradio_api/call/read_clip/x").text == "event: error\ndata: {}\n\n"


def test_other_answers_are_left_alone(client: TestClient) -> None:
    assert client.get("/well").text == "well"
