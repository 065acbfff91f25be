"""The commands of docs/scaling.md, as they stand there: two machines on this one, two pages, five groups of workers.

`make cluster-test` runs it; it takes minutes and 6 GB.
"""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

from tests.deploy.ray_machines import START_TIMEOUT_SECONDS, RayMachines, ray_machines
from tests.deploy.space_files import ROOT
from tests.recordings import EXAMPLES

SESSIONS = 16


@pytest.fixture(scope="module")
def machines() -> Iterator[RayMachines]:
    config = (ROOT / "deploy" / "ray_serve.yaml").read_text(encoding="utf-8")
    assert config.count("num_replicas: 1") == 1
    config = config.replace("num_replicas: 1", "num_replicas: 2")
    with (
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
        ray_machines(Path(folder), config) as running,
    ):
        yield running


def page_of(machines: RayMachines, session: str) -> str:
    """The number that Gradio gives each process."""
    request = urllib.request.Request(f"{machines.page}/config", headers={"X-Session-Id": session})
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["app_id"])


def pages_of(machines: RayMachines) -> dict[str, str]:
    return {session: page_of(machines, session) for session in map(str, range(SESSIONS))}


def test_a_session_stays_on_its_page_and_sessions_are_spread(machines: RayMachines) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while len(set(pages_of(machines).values())) < 2:  # the second page takes over its share of sessions once it has started
        assert time.monotonic() < deadline
    assert pages_of(machines) == pages_of(machines)


def test_every_group_of_workers_answers(machines: RayMachines, tmp_path: Path) -> None:
    client = Client(machines.page, headers={"X-Session-Id": "one"}, verbose=False, download_files=str(tmp_path))
    speech, music = handle_file(EXAMPLES / "speech.flac"), handle_file(EXAMPLES / "music.ogg")
    assert "Dashwood" in client.predict(speech, api_name="/transcribe")["text"]
    assert client.predict(music, api_name="/music_facts")["model"]
    assert client.predict(music, api_name="/embed_audio")
