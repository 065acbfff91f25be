"""Transcriptions of several people at once: a long clip delays no short one, and a stop ends only its own job."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.specs.speech import WHISPER_BASE_OFFLINE
from pipelines.clip.clip import AudioClip
from pipelines.clip.stored_results import RESULTS_FOLDER
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.speech.transcription import transcribe
from services import Services
from tests.assembled_speech import RATE, read_speech
from tests.models.fakes import in_thread
from tests.recordings import librivox_sentences

GUARD_SECONDS = 300.0
LONG_REPEATS = 30
OPTIONS = TranscriptionOptions(model=WHISPER_BASE_OFFLINE.key, language="en")

pytestmark = pytest.mark.models


def opened(services: Services, file: Path, repeats: int) -> AudioClip:
    """Open a clip of one sentence again and again."""
    sentence = read_speech(librivox_sentences()[-1].path)
    soundfile.write(file, np.tile(np.pad(sentence, (0, RATE // 2)), repeats), RATE)
    return services.clips.open(file)


def test_a_short_clip_does_not_wait_for_a_long_one_and_a_stop_ends_only_the_own_job(services: Services, tmp_path: Path) -> None:
    long, short = opened(services, tmp_path / "long.wav", LONG_REPEATS), opened(services, tmp_path / "short.wav", 1)
    (*_, alone) = transcribe(short, OPTIONS, services.runtime)
    shutil.rmtree(short.directory / RESULTS_FOLDER)
    begun, stop = threading.Event(), threading.Event()

    def transcribe_long() -> Transcription:
        for now in transcribe(long, OPTIONS, services.runtime, stop.is_set):
            if now.segments:
                begun.set()
        return now

    job = in_thread(transcribe_long)
    assert begun.wait(GUARD_SECONDS)
    (*_, beside) = transcribe(short, OPTIONS, services.runtime)
    assert not job.done()
    assert beside.text == alone.text != ""
    stop.set()
    stopped = job.result(GUARD_SECONDS)
    assert stopped.state == "stopped"
    assert 0 < len(stopped.segments) < LONG_REPEATS
