"""Uploads end where they would fill the disk, and leave nothing; when there is room again, the next one is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import gradio as gr
import httpx
import pytest
from starlette.middleware import Middleware

from components.page.server.upload_room import UploadRoom
from pipelines.jobs.admission import Admission, JobLimits

MEGABYTE = 10**6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of uploads."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def app_with(free_disk: Callable[[], int]) -> gr.routes.App:
    admission = Admission(JobLimits(min_free_disk_bytes=10 * MEGABYTE), free_disk=free_disk)
    with gr.Blocks() as page:
        gr.File()
    page.max_file_size = None
    return gr.routes.App.create_app(page, app_kwargs={"middleware": [Middleware(UploadRoom, check_disk=admission.check_disk)]})


def upload(app: gr.routes.App, files: int) -> tuple[int, str]:
    """Send an upload in parts of 64 kB; return the status and the text of the answer."""

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            content = [("files", (f"{number}.wav", bytes(MEGABYTE))) for number in range(files)]
            return await client.post("/gradio_api/upload", files=content)

    answer = asyncio.run(send())
    return answer.status_code, answer.text


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_an_upload_of_many_files_ends_where_it_would_fill_the_disk(folder: Path) -> None:
    app = app_with(lambda: 14 * MEGABYTE - size_of(folder))
    status, sentence = upload(app, files=8)
    assert status == 400
    assert sentence.startswith("The disk of the server is full")
    assert size_of(folder) == 0
    status, _ = upload(app, files=2)
    assert status == 200
    assert size_of(folder) == 2 * MEGABYTE


def test_no_upload_begins_where_the_disk_is_full(folder: Path) -> None:
    status, sentence = upload(app_with(lambda: 0), files=1)
    assert (status, sentence[:30]) == (400, "The disk of the server is full")
    assert size_of(folder) == 0
