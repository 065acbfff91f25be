"""Transcription in calls on ZeroGPU: cut to what the visitor may have, kept when a later call is refused, the same words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
import soundfile

from models.errors import UnsuitableModel
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.speech import WHISPER_BASE_OFFLINE, WHISPER_TINY_EN_OFFLINE
from models.stopping import never_stop
from models.zero_gpu.placement import on_gpu
from models.zero_gpu.refusals import GpuCallTooLong, GpuQuotaUsedUp, GpuRefused, NoGpuFree
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.jobs.batch_budget import BatchBudget
from pipelines.speech.decoding import decode_speech
from pipelines.speech.dictation import Dictation
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions
from pipelines.speech.transcription import decode_line, transcribe
from pipelines.speech.zero_gpu.calls import transcription_seconds, window_seconds
from services import Services
from tests.assembled_speech import RATE, synthesise
from tests.models.zero_gpu.pickling_host import PicklingHost

SPEC = on_gpu(WHISPER_BASE_OFFLINE)
OPTIONS = TranscriptionOptions(language="en", beam_size=1)
SENTENCES = (
    "The captain of the ship repaired the broken clock.",
    "Seven wooden baskets stood near the garden gate.",
    "A tall policeman followed the yellow bicycle.",
    "The morning newspaper described an ancient stone bridge.",
    "Her grandfather sold a very heavy suitcase.",
    "Every student in the room painted a letter.",
)


@pytest.fixture(scope="module")
def whisper(services: Services) -> Iterator[Any]:
    with services.runtime.cache.lease(WHISPER_BASE_OFFLINE) as (model,):
        yield model


def spoken(sentences: tuple[str, ...]) -> Any:
    """Sentences 11 s apart, so that each has a window of its own."""
    silence = np.zeros(11 * RATE, np.float32)
    return np.concatenate([part for sentence in sentences for part in (synthesise(sentence), silence)])


@pytest.fixture
def clip(tmp_path: Path, store: ClipStore) -> AudioClip:
    soundfile.write(tmp_path / "long.wav", spoken(SENTENCES), RATE)
    return store.open(tmp_path / "long.wav")


@pytest.fixture
def host(whisper: Any) -> PicklingHost:
    return PicklingHost(whisper, window_seconds(SPEC, 2))


@pytest.fixture
def runtime(services: Services, host: PicklingHost) -> ModelRuntime:
    files: Any = services.files
    catalog = ModelCatalog(files, "cpu", lambda: 2**40, (SPEC,))
    return ModelRuntime(catalog, services.runtime.cache, services.runtime.features, host)


@pytest.fixture(scope="module")
def lines(whisper: Any) -> list[str]:
    """What is decoded of the sentences without calls."""
    steps = decode_speech(whisper, spoken(SENTENCES), OPTIONS, never_stop)
    return [step.text for step in steps if isinstance(step, Segment)]


def errors(text: str, lines: list[str]) -> float:
    """Word error rate; windows of other batches can give another word."""
    plain = jiwer.Compose([jiwer.ToLowerCase(), jiwer.RemovePunctuation()])
    return float(jiwer.wer(plain(" ".join(lines)), plain(text)))


def run(clip: AudioClip, runtime: ModelRuntime) -> tuple[list[Transcription], str]:
    snapshots: list[Transcription] = []
    try:
        for now in transcribe(clip, OPTIONS, runtime):
            snapshots.append(now)
    except GpuRefused as refusal:
        return snapshots, str(refusal)
    return snapshots, ""


def test_a_long_clip_is_cut_into_calls_and_loses_no_word(
    clip: AudioClip, runtime: ModelRuntime, host: PicklingHost, lines: list[str]
) -> None:
    snapshots, refusal = run(clip, runtime)
    assert (refusal, snapshots[-1].state, snapshots[-1].device) == ("", "done", "CUDA")
    assert errors(snapshots[-1].text, lines) <= 0.1
    assert len(host.asked) == 3 and max(host.asked) <= host.requested_seconds(host.max_work_seconds)
    starts = [segment.start for segment in snapshots[-1].segments]
    assert starts == sorted(starts) and len({len(now.segments) for now in snapshots}) >= 4  # they stream


def test_what_was_decoded_stays_when_a_later_call_is_refused_and_is_not_decoded_again(
    clip: AudioClip, runtime: ModelRuntime, host: PicklingHost, lines: list[str]
) -> None:
    host.refuse = lambda number: GpuQuotaUsedUp(60, 0, timedelta(hours=2)) if number == 2 else None
    snapshots, refusal = run(clip, runtime)
    assert "try again in 2 h" in refusal
    assert snapshots[-1].state == "stopped" and errors(snapshots[-1].text, lines[:4]) <= 0.1
    host.asked.clear()
    host.refuse = lambda number: None
    again, refusal = run(clip, runtime)
    assert refusal == "" and errors(again[-1].text, lines) <= 0.1
    assert len(host.asked) == 1  # two windows were left
    kept = {now.text for now in again if now.state != "done" and now.segments}
    assert any(text.startswith(snapshots[-1].segments[0].text) for text in kept)


def test_a_first_call_that_is_refused_leaves_nothing_to_show(clip: AudioClip, runtime: ModelRuntime, host: PicklingHost) -> None:
    host.refuse = lambda number: NoGpuFree()
    snapshots, refusal = run(clip, runtime)
    assert "try again" in refusal and [now.state for now in snapshots if now.state == "stopped"] == []
    assert len(host.asked) == 1  # a shorter call would not help


@pytest.mark.parametrize("refusal", [GpuQuotaUsedUp(30, 11, None), GpuCallTooLong(22)])
def test_a_call_that_is_too_long_is_tried_again_shorter(
    clip: AudioClip, runtime: ModelRuntime, host: PicklingHost, lines: list[str], refusal: GpuRefused
) -> None:
    host.max_work_seconds = window_seconds(SPEC, 6)
    host.refuse = lambda number: refusal if number == 0 else None
    snapshots, sentence = run(clip, runtime)
    assert sentence == "" and errors(snapshots[-1].text, lines) <= 0.1
    assert host.asked[0] > 11 and all(asked <= 11 for asked in host.asked[1:])


def test_windows_that_the_time_did_not_reach_for_are_decoded_in_another_call(
    clip: AudioClip, runtime: ModelRuntime, host: PicklingHost, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.max_work_seconds = 1000.0
    granted = iter([-1.0])  # over at once
    monkeypatch.setattr(host, "granted_seconds", lambda seconds: next(granted, 1000.0))
    monkeypatch.setattr("pipelines.speech.zero_gpu.calls._next_limit", lambda *_: 1000.0)  # whether or not it got anywhere
    snapshots, refusal = run(clip, runtime)
    assert refusal == "" and errors(snapshots[-1].text, lines) <= 0.1
    assert len(host.asked) == 2
    assert len({segment.start for segment in snapshots[-1].segments}) == len(snapshots[-1].segments)  # none twice


def test_both_sides_of_a_clip_come_in_order_of_time(
    tmp_path: Path, store: ClipStore, runtime: ModelRuntime, host: PicklingHost
) -> None:
    left, right = spoken(SENTENCES[:2]), spoken(SENTENCES[2:4])
    right = np.concatenate([np.zeros(6 * RATE, np.float32), right])
    length = max(len(left), len(right))
    soundfile.write(
        tmp_path / "sides.wav", np.stack([np.pad(side, (0, length - len(side))) for side in (left, right)], axis=1), RATE
    )
    clip = replace(store.open(tmp_path / "sides.wav"), has_unlike_sides=True)
    host.max_work_seconds = window_seconds(SPEC, 3)
    snapshots, _ = run(clip, runtime)
    sides = [(segment.side, segment.start) for segment in snapshots[-1].segments]
    assert [side for side, _ in sides] == ["left", "right", "left", "right"]
    assert sides == sorted(sides, key=lambda each: each[1])


def test_one_line_is_one_call(
    clip: AudioClip, runtime: ModelRuntime, host: PicklingHost, lines: list[str], whisper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pipelines.speech.transcription.borrow_whisper", lambda *_: nullcontext((whisper, BatchBudget(1, lambda: None)))
    )
    length = len(synthesise(SENTENCES[0])) / RATE
    (line,) = decode_line(clip, Segment(0.0, length, "wrong"), OPTIONS, runtime)
    assert errors(line.text, lines[:1]) <= 0.2 and len(host.asked) == 1


def test_dictation_runs_on_the_cpu(services: Services, runtime: ModelRuntime) -> None:
    both = ModelCatalog(services.files, "cpu", lambda: 2**40, (SPEC, WHISPER_TINY_EN_OFFLINE))
    assert Dictation(OPTIONS, replace(runtime, catalog=both), 60.0).choice.spec is WHISPER_TINY_EN_OFFLINE
    with pytest.raises(UnsuitableModel, match="while you speak"):
        Dictation(replace(OPTIONS, model=SPEC.key), replace(runtime, catalog=both), 60.0)


def test_the_estimate_grows_with_the_clip(host: PicklingHost) -> None:
    short, long = (transcription_seconds(SPEC, duration, host) for duration in (20.0, 3600.0))
    assert 0 < short < long < 3600 / 5
