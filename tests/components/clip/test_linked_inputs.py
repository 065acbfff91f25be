"""A link that a caller of the API gives as a file is fetched as the page's links are, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from components.clip.linked_inputs import fetch_linked_inputs
from pipelines.clip.links.connections import is_public
from pipelines.clip.links.downloads import LinkDownloads
from tests.pipelines.clip.links.link_server import LinkServer, is_loopback_server, link_server

HERE = LinkDownloads(True, 10_000, 5.0, 1.0, is_allowed=is_loopback_server)


@pytest.fixture
def server() -> Iterator[LinkServer]:
    with link_server() as server:
        server.files = {"/a%20bird.wav": ("audio/wav", b"chirp")}
        yield server


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def answer(links: LinkDownloads, link: str) -> list[str]:
    """Return name and content of the file that an endpoint got."""

    def read(file: gr.FileData) -> list[str]:
        path = Path(file["path"])
        return [path.name, path.read_text()]

    with gr.Blocks() as page:
        gr.api(read, api_name="read")
    fetch_linked_inputs(page, links)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True)
    try:
        found: Any = Client(address, verbose=False).predict(
            {"path": link, "meta": {"_type": "gradio.FileData"}}, api_name="/read"
        )
        return list(found)
    finally:
        page.close()


def test_a_link_is_fetched_for_an_endpoint(server: LinkServer, uploads: Path) -> None:
    assert answer(HERE, server.link("/a%20bird.wav")) == ["a bird.wav", "chirp"]


def test_a_link_that_is_refused_is_not_fetched_by_gradio(server: LinkServer, uploads: Path) -> None:
    with pytest.raises(AppError, match="leads to a private or reserved address"):
        answer(replace(HERE, is_allowed=is_public), server.link("/a%20bird.wav"))
    with pytest.raises(AppError, match="fetches no links"):
        answer(replace(HERE, is_enabled=False), server.link("/a%20bird.wav"))
    assert not server.hosts
    assert not list(uploads.rglob("*.wav"))


def test_a_file_that_was_uploaded_here_needs_no_connection(uploads: Path) -> None:
    """Gradio's tool for uploads gives MCP clients the link of the uploaded file."""
    (uploads / "some").mkdir()
    (uploads / "some" / "a bird.wav").write_text("chirp")
    closed = replace(HERE, is_enabled=False)
    assert answer(closed, f"https://sound.example/gradio_api/file={uploads}/some/a%20bird.wav") == ["a bird.wav", "chirp"]
    with pytest.raises(AppError, match="fetches no links"):
        answer(closed, f"https://sound.example/gradio_api/file={uploads}/../other.wav")
