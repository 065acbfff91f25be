"""Clients that go away at every stage, and a page that is loaded again a hundred times: what shall stop stops."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file

from models.errors import JobStopped
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.jobs.stop_flags import StopFlags
from tests.components.page.test_endpoints import until
from tests.components.page.test_kept_panes import Page
from tests.components.pictures.test_markup import clip as clip
from tests.faults.conftest import BIRD, ServedPage

RELOADS = 100


class SlowReading:
    """Opens no clip until `go_on` is set, and then none either."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started, self.go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(ClipStore, "open", self._open)

    def _open(self, *arguments: Any, **options: Any) -> AudioClip:
        self.started.set()
        self.go_on.wait(30)
        raise JobStopped


def connection(page: ServedPage) -> socket.socket:
    address = urlsplit(page.address)
    assert address.hostname and address.port
    return socket.create_connection((address.hostname, address.port), timeout=30)


def joined(page: ServedPage, session: str) -> None:
    """Upload a recording, and put a call of `/read_clip` into the queue."""
    (path,) = httpx.post(f"{page.address}gradio_api/upload", files={"files": ("a.ogg", BIRD.read_bytes())}).json()
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    number = next(
        number
        for number, function in enumerate(Client(page.address, verbose=False).config["dependencies"])
        if function["api_name"] == "read_clip"
    )
    body = {"data": [file, -1, -1, "", False], "fn_index": number, "session_hash": session}
    request = urllib.request.Request(
        f"{page.address}gradio_api/queue/join", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert "event_id" in json.load(answer)


def test_a_client_that_goes_away_in_its_upload_leaves_nothing(page: ServedPage) -> None:
    with connection(page) as half:
        half.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            b"Content-Length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name=files; filename=a.wav\r\n\r\nRIFF"
        )


@pytest.mark.parametrize("closes_at", ["once", "work"])
def test_the_call_of_a_client_that_went_away_ends_and_leaves_nothing(
    page: ServedPage, monkeypatch: pytest.MonkeyPatch, closes_at: str
) -> None:
    with monkeypatch.context() as slow:
        reading = SlowReading(slow)
        session = uuid4().hex
        with connection(page) as listening:
            joined(page, session)
            listening.sendall(f"GET /gradio_api/queue/data?session_hash={session} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert listening.recv(1)
            if closes_at == "work":
                assert reading.started.wait(30)
        reading.go_on.set()
        until(lambda: not page.leftovers())


def test_a_page_that_is_loaded_again_a_hundred_times_shows_its_job_to_the_end(clip: Any) -> None:
    go_on = threading.Event()

    def work(clip: AudioClip, request: Any) -> Any:
        yield "<progress>", gr.skip(), gr.skip()
        assert go_on.wait(30)
        yield "Done in 2.0 s", gr.skip(), {"model": "A"}

    page = Page(clip, StopFlags(grace_seconds=3600.0), work)
    shown = page.press("ann", "page 0")
    assert next(shown)[0] == "<progress>"
    before = threading.active_count()
    for number in range(1, RELOADS + 1):
        page.flags.forget(f"page {number - 1}")
        assert page.restored("ann", f"page {number}")[0] == "<progress>"
    shown = page.press("ann", f"page {RELOADS}")
    assert next(shown)[0] == "<progress>"
    until(lambda: threading.active_count() <= before)
    go_on.set()
    assert [update[0] for update in shown][-1] == "Done in 2.0 s"
    assert page.flags.wait_until_idle(30)


def test_after_clients_that_went_away_the_next_is_served(page: ServedPage) -> None:
    assert page.client().predict(handle_file(BIRD), api_name="/read_clip")[1]["duration"] > 1
