"""What the headers let a browser do with the page and with files."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from hashlib import sha256

import gradio as gr
import pytest
from fastapi import FastAPI
from gradio.routes import mount_gradio_app
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from components.page.server.security_headers import security_headers
from settings import Settings

SCRIPTS = ("window.one = 1;", "\nwindow.two = '<b>ä</b>';\n")
HTML = f'<title>a</title><script>{SCRIPTS[0]}</script><script data-mode>{SCRIPTS[1]}</script><script src="/a.js"></script>'


async def page(_: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        for part in HTML.partition("two"):
            yield part

    return StreamingResponse(parts(), media_type="text/html")


def client(frame_ancestors: str = "", is_space: bool = False) -> TestClient:
    routes = [Route("/", page), Route("/gradio_api/file=a.html", lambda _: HTMLResponse(HTML))]
    return TestClient(Starlette(routes=routes, middleware=[security_headers(frame_ancestors, is_space)]))


def policy_of(answer: Response) -> dict[str, list[str]]:
    """Return the sources of each directive."""
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: sources.split() for name, _, sources in (part.partition(" ") for part in parts)}


def hash_of(script: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'"


def test_the_page_may_run_its_own_scripts_and_no_others() -> None:
    answer = client().get("/")
    assert answer.text == HTML
    sources = policy_of(answer)["script-src"]
    assert [source for source in sources if source.startswith("'sha256")] == [hash_of(script) for script in SCRIPTS]
    assert not {"'unsafe-inline'", "*", "data:", "http:", "https:"} & set(sources)
    assert policy_of(answer)["default-src"] == ["'none'"]


def test_a_file_may_run_nothing() -> None:
    policy = policy_of(client().get("/gradio_api/file=a.html"))
    assert policy["sandbox"] == ["allow-same-origin"]
    assert policy["default-src"] == ["'none'"]
    assert "script-src" not in policy


@pytest.mark.parametrize("path", ["/", "/gradio_api/file=a.html", "/missing"])
def test_every_answer_keeps_its_type_and_its_address(path: str) -> None:
    headers = client().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "microphone=(self)" in headers["permissions-policy"]


def test_the_page_stands_in_frames_of_its_own_origin_and_of_the_hub_in_a_space() -> None:
    assert policy_of(client().get("/"))["frame-ancestors"] == ["'self'"]
    in_space = policy_of(client(is_space=True).get("/"))
    assert {"'self'", "https://huggingface.co"} < set(in_space["frame-ancestors"])
    assert "https://huggingface.co" in in_space["connect-src"]
    assert policy_of(client("https://a.org", is_space=True).get("/"))["frame-ancestors"] == ["https://a.org"]


@pytest.mark.parametrize("origins", ["https://a.org; script-src *", "https://a.org, *", "https://a.org\nX: y", " "])
def test_origins_cannot_change_the_rest_of_the_policy(origins: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOSCOPE_FRAME_ANCESTORS", origins)
    with pytest.raises(ValidationError, match="frame_ancestors"):
        Settings()


def test_all_scripts_in_the_page_of_gradio_are_allowed() -> None:
    with gr.Blocks() as blocks:
        gr.HTML("<b onclick='alert(1)'>a</b>")
    app = FastAPI(middleware=[security_headers("", is_space=False)])
    answer = TestClient(mount_gradio_app(app, blocks, path="/")).get("/")
    inline = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", answer.text, re.DOTALL)
    assert len(inline) == 5
    assert {hash_of(script) for script in inline} <= set(policy_of(answer)["script-src"])
    assert hash_of("alert(1)") not in policy_of(answer)["script-src"]
