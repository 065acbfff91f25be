"""SIGTERM, as `docker stop` and a Space that restarts send it, to the app as a process of its own."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests.app_process import running_app
from tests.recordings import EXAMPLES

pytestmark = pytest.mark.models

GRACE_SECONDS = 10.0
"""After which `docker stop` kills the process."""
CLIP_SECONDS = 600


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.flac"
    speech, rate = soundfile.read(EXAMPLES / "speech.flac", dtype="float32")
    soundfile.write(path, np.resize(speech, CLIP_SECONDS * rate), rate)
    return path


def test_a_running_job_delivers_what_it_has_and_the_process_ends_in_time(recording: Path, tmp_path: Path) -> None:
    with running_app(tmp_path) as app:
        job = Client(app.address, verbose=False).submit(handle_file(recording), api_name="/transcribe")
        while not any(output["segments"] for output in job.outputs()):
            assert not job.done()
            time.sleep(0.05)
        with urllib.request.urlopen(f"{app.address}/healthz") as health:
            assert json.load(health) == {"status": "ok", "running": 1}
        app.process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        result = job.result(GRACE_SECONDS)
        assert app.process.wait(GRACE_SECONDS) == 0
        assert time.monotonic() - told < GRACE_SECONDS
        assert result["state"] == "stopped"
        assert "Dashwood" in result["text"]
        assert "Unexpected error" not in app.log()
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []
    assert list((tmp_path / "clips").glob("*/results/*"))  # what belongs to the clip stays as long as the clip


def test_a_job_with_nothing_to_show_ends_with_a_sentence(tmp_path: Path) -> None:
    with running_app(tmp_path) as app:
        sound = handle_file(EXAMPLES / "blackbird.ogg")
        job = Client(app.address, verbose=False).submit(sound, steps=100, api_name="/audio_to_image")
        while len(job.outputs()) < 2:
            assert not job.done()
            time.sleep(0.05)
        app.process.terminate()
        with pytest.raises(AppError, match="Stopped"):
            job.result(GRACE_SECONDS)
        assert app.process.wait(GRACE_SECONDS) == 0


@pytest.mark.thorough
def test_an_idle_process_ends_at_once(tmp_path: Path) -> None:
    with running_app(tmp_path) as app:
        app.process.terminate()
        assert app.process.wait(GRACE_SECONDS) == 0
