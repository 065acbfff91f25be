"""Beats while sound comes in, with BeatNet's real weights."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.music.rhythm.live_beats import LiveBeats, LiveRhythm
from services import Services

RATE = 48_000
BPM = 125.0

pytestmark = pytest.mark.models


def drum_beats(seconds: float) -> FloatArray:
    """A bass drum on every beat and noise, softly, on every eighth."""
    rng = np.random.default_rng(0)
    sound = np.zeros(round(seconds * RATE), dtype=np.float32)
    time = np.arange(round(0.1 * RATE)) / RATE
    drum = 0.8 * np.sin(2 * np.pi * 60 * time) * np.exp(-30 * time)
    hat = 0.1 * rng.normal(0, 1, len(time)) * np.exp(-90 * time)
    for eighth in range(int((seconds - 0.2) * BPM / 30)):
        start = round(eighth * 30 / BPM * RATE)
        sound[start : start + len(time)] += hat + (drum if eighth % 2 == 0 else 0)
    return sound


def fed(services: Services, sound: FloatArray, chunk_seconds: float) -> list[LiveRhythm]:
    live, size = LiveBeats(RATE, services.runtime), round(chunk_seconds * RATE)
    return [live.feed(sound[start : start + size]) for start in range(0, len(sound), size)]


@pytest.mark.parametrize("chunk_seconds", [0.25, 0.73])
def test_beats_are_found_while_sound_comes_in(services: Services, chunk_seconds: float) -> None:
    results = fed(services, drum_beats(20), chunk_seconds)
    assert (results[0].beats, results[0].bpm) == ((), None)
    assert results[-1].duration == pytest.approx(20)
    assert results[-1].bpm == pytest.approx(BPM, rel=0.02)
    late = np.array([time for time in results[-1].beats if time > 5])
    phase = (late * BPM / 60 + 0.5) % 1 - 0.5
    assert len(late) >= 25 and np.abs(phase).max() * 60 / BPM < 0.05


def test_beats_that_are_old_enough_stay(services: Services) -> None:
    for before, after in pairwise(fed(services, drum_beats(20), 1.0)):
        assert all(time in after.beats for time in before.beats if time < before.duration - 6)


def test_silence_and_noise_have_no_beats(services: Services) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 8 * RATE).astype(np.float32)
    for sound in (np.zeros(8 * RATE, dtype=np.float32), noise):
        assert fed(services, sound, 0.5)[-1].bpm is None


def test_the_size_of_the_chunks_changes_no_beat(services: Services) -> None:
    sound = drum_beats(12)
    one, other = ([time for time in fed(services, sound, size)[-1].beats if time > 1] for size in (0.2, 1.0))
    assert len(one) == len(other) and np.abs(np.subtract(one, other)).max() < 0.03
