"""Which routes of Gradio are there, and which answer 404."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from gradio.routes import mount_gradio_app
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from components.page.server.closed_routes import ClosedRoutes

PAGE_ROUTES = (
    "/ /config /theme.css /robots.txt /manifest.json /favicon.ico /pwa_icon /pwa_icon/{size} /login /logout"
    " /assets/{path:path} /static/{path:path}"
)
API_ROUTES = (
    "/user /login_check /token /app_id /info /openapi.json /theme.css /startup-events /upload /upload_progress /mcp"
    " /file={path_or_url:path} /file/{path:path} /queue/join /queue/data /queue/status /cancel /reset /component_server"
    " /api/{api_name} /run/{api_name} /call/{api_name} /call/v2/{api_name}"
    " /call/{api_name}/{event_id} /call/v2/{api_name}/{event_id}"
    " /heartbeat/{session_hash} /stream/{event_id} /stream/{event_id}/close"
    " /stream/{session_hash}/{run}/{component_id}/playlist.m3u8 /stream/{session_hash}/{run}/{component_id}/playlist-file"
    " /stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}"
)
OPEN = {*PAGE_ROUTES.split(), *(f"/gradio_api{path}" for path in API_ROUTES.split())}
"""Routes that people and programs use."""


CLOSED_TEXT = "This server does not offer this."


@pytest.fixture(scope="module")
def app() -> FastAPI:
    with gr.Blocks() as blocks:
        gr.HTML("")
    server: FastAPI = mount_gradio_app(FastAPI(middleware=[Middleware(ClosedRoutes)]), blocks, path="/", mcp_server=True)
    return server


def test_every_route_of_gradio_is_wanted_or_closed(app: FastAPI) -> None:
    client = TestClient(app, raise_server_exceptions=False)
    paths = {path.rstrip("/") or "/" for path in paths_of(app.routes[-1].app.routes)}  # type: ignore[attr-defined]
    assert [path for path in paths - OPEN if CLOSED_TEXT not in client.get(re.sub("[{}]", "", path)).text] == []


def paths_of(routes: Iterable[Any]) -> Iterator[str]:
    """Return the paths of routes and of the routers among them."""
    for route in routes:
        yield from paths_of(route.original_router.routes) if hasattr(route, "original_router") else [route.path]


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/deep_link?session_hash=a",
        "/gradio_api/proxy=https://a.hf.space/file",
        "/gradio_api/file=https://example.org/a.wav",
        "/gradio_api/file=HTTP://example.org/a.wav",
        "/gradio_api/file=//example.org/a.wav",
        "/gradio_api/file/http://127.0.0.1/a.wav",
        "/gradio_api/file=file:///etc/passwd",
        "/gradio_api/file=\\\\example.org\\a",
        "/gradio_api/vibe-edit",
        "/monitoring/summary",
    ],
)
def test_closed_routes_answer_404(app: FastAPI, path: str) -> None:
    assert TestClient(app).get(path).status_code == 404


def test_open_routes_and_files_pass(app: FastAPI) -> None:
    client = TestClient(app)
    assert client.get("/config").status_code == 200
    assert client.get("/gradio_api/file=/etc/passwd").status_code == 403  # by Gradio itself
    assert "text/html" in client.get("/").headers["content-type"]


def test_a_path_before_the_app_does_not_open_them(app: FastAPI) -> None:
    client = TestClient(app, root_path="/audioscope")
    assert client.get("/audioscope/gradio_api/deep_link?session_hash=a").status_code == 404
    assert client.get("/gradio_api/deep_link?session_hash=a").status_code == 404
