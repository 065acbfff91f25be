"""A hub that stands still, resets its connections or sends half a file: a sentence, and later the whole file."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import constants, file_download

from models.errors import ModelUnavailable
from models.files.bounded_download import MAX_RESTARTS
from models.files.hub_lock import HubLock
from models.files.hub_weights import HubWeights
from models.files.model_files import ModelFiles
from models.files.package_weights import PackageWeights
from models.specs.model_spec import HubSource
from tests.models.fake_hub import FakeHub
from tests.models.fakes import make_spec

REPOSITORY = "tests/tiny"
WEIGHTS = bytes(range(256)) * 400
SPEC = make_spec("tiny", source=HubSource(REPOSITORY, ("config.json", "model.bin")))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub that answers; the library waits half a second for bytes, and not at all between its tries."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.5)
    monkeypatch.setattr(file_download, "time", SimpleNamespace(sleep=lambda seconds: None))
    huggingface_hub.close_session()
    hub = FakeHub(REPOSITORY)
    hub.commit({"config.json": b"{}", "model.bin": WEIGHTS})
    yield hub
    hub.stop()
    huggingface_hub.close_session()


def stand_still(go_on: threading.Event) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    def send(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if body == WEIGHTS:
            go_on.wait(30)

    return send


def reset(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    if body == WEIGHTS:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        return
    handler.wfile.write(body)


def half_and_no_more(hub: FakeHub) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    def send(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if body == WEIGHTS:
            handler.wfile.write(body[: len(body) // 2])
            hub.broken = {"model.bin"}
            return
        handler.wfile.write(body)

    return send


@pytest.mark.parametrize("fault", ["stands still", "resets", "half a file"])
def test_a_download_that_fails_is_a_sentence_and_the_next_one_brings_the_whole_file(
    hub: FakeHub, tmp_path: Path, fault: str
) -> None:
    files = ModelFiles(
        PackageWeights(tmp_path / "weights"), HubWeights(HubLock(tmp_path / "lock"), hub.endpoint, tmp_path / "hub")
    )
    go_on, healthy = threading.Event(), hub.send
    hub.send = {"stands still": stand_still(go_on), "resets": reset, "half a file": half_and_no_more(hub)}[fault]
    with pytest.raises(ModelUnavailable, match="its download failed"):
        files.fetch(SPEC)
    go_on.set()
    assert files.availability(SPEC).words == "on the hub"
    hub.send, hub.broken = healthy, set()
    assert (files.fetch(SPEC).directory / "model.bin").read_bytes() == WEIGHTS
    assert not list((tmp_path / "hub").rglob("*.incomplete"))


def test_a_hub_that_breaks_every_download_off_is_given_up(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The library counts its tries anew at each chunk, which has 10 MB otherwise.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1024)
    files = ModelFiles(
        PackageWeights(tmp_path / "weights"), HubWeights(HubLock(tmp_path / "lock"), hub.endpoint, tmp_path / "hub")
    )
    hub.send = lambda handler, body: handler.wfile.write(body[: len(body) // 2] if body == WEIGHTS else body)
    with pytest.raises(ModelUnavailable, match="the hub breaks its download off again and again"):
        files.fetch(SPEC)
    assert hub.count("GET", "/model.bin") == MAX_RESTARTS + 2
