"""A transcription that was stopped goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.clip.clip_store import ClipStore
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.speech.transcription import find_stopped, find_stored, transcribe
from pipelines.speech.voice_activity import SpeechRegion
from pipelines.speech.windows import Chunk, SpeechWindow, speech_since
from services import Services
from tests.assembled_speech import RATE, read_speech
from tests.recordings import librivox_sentences

OPTIONS = TranscriptionOptions(model="whisper-base-offline", language="en")


def chunk(start: float, end: float) -> Chunk:
    return Chunk(int(start * RATE), int(end * RATE), SpeechRegion(int(start * RATE), int(end * RATE)))


def test_only_the_speech_after_a_time_is_left() -> None:
    windows = [SpeechWindow((chunk(0, 5), chunk(6, 9))), SpeechWindow((chunk(10, 12),))]
    waveform = np.zeros(12 * RATE, np.float32)
    assert list(speech_since(windows, 0.0, waveform)) == windows
    assert list(speech_since(windows, 5.0, waveform)) == [SpeechWindow((chunk(6, 9),)), windows[1]]
    assert list(speech_since(windows, 9.0, waveform)) == windows[1:]
    assert list(speech_since(windows, 12.0, waveform)) == []


@pytest.fixture(scope="module")
def waveform() -> FloatArray:
    pause = np.zeros(12 * RATE, np.float32)  # a longer gap begins a new window
    return np.concatenate([part for sentence in librivox_sentences()[:3] for part in (read_speech(sentence.path), pause)])


@pytest.fixture(scope="module")
def whole(services: Services, waveform: FloatArray, tmp_path_factory: pytest.TempPathFactory) -> Transcription:
    """What a run that is not stopped says."""
    clip = ClipStore(tmp_path_factory.mktemp("whole")).open_waveform(waveform, RATE)
    return list(transcribe(clip, OPTIONS, services.runtime))[-1]


@pytest.mark.models
@pytest.mark.parametrize("is_left", [False, True], ids=["stopped", "page left"])
def test_a_stopped_run_goes_on_and_says_what_a_whole_one_says(
    services: Services, waveform: FloatArray, whole: Transcription, tmp_path: Path, is_left: bool
) -> None:
    clip = ClipStore(tmp_path / "clips").open_waveform(waveform, RATE)
    stopped = first_lines(lambda stop: transcribe(clip, OPTIONS, services.runtime, stop), is_left)
    kept = find_stopped(clip, OPTIONS, services.runtime.catalog)
    assert kept is not None
    assert kept.state == "stopped"
    assert kept.segments[: len(stopped.segments)] == stopped.segments
    assert find_stored(clip, OPTIONS, services.runtime.catalog) is None

    first, *_, last = transcribe(clip, OPTIONS, services.runtime)
    assert first.segments == kept.segments
    assert last.state == "done"
    assert find_stopped(clip, OPTIONS, services.runtime.catalog) is None
    assert last.text == whole.text
    assert [line.start for line in last.segments] == [line.start for line in whole.segments]


def first_lines(run: Callable[[Callable[[], bool]], object], is_left: bool) -> Transcription:
    """Stop a run, or leave it, at its first line."""
    seen: list[Transcription] = []
    snapshots: object = run(lambda: bool(seen and seen[-1].segments))
    for now in islice(snapshots, 10_000):  # type: ignore[call-overload]
        seen.append(now)
        if is_left and now.segments:
            snapshots.close()  # type: ignore[attr-defined]
            break
    return seen[-1]
