"""The part of a clip that sounds."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.music.harmony.types import Chord
from pipelines.music.sounding_part import LEAD_SECONDS, SoundingPart, sounding_part

RATE = 22_050


def tone(seconds: float) -> FloatArray:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize("level", [1.0, 1e-3])
@pytest.mark.parametrize(("before", "after"), [(0.0, 0.0), (1.0, 0.0), (0.0, 2.5), (0.3, 7.1)])
def test_silence_at_the_ends_is_left_out(before: float, after: float, level: float) -> None:
    silences = [np.random.default_rng(0).normal(0, 1e-5, round(seconds * RATE)).astype(np.float32) for seconds in (before, after)]
    part = sounding_part(np.float32(level) * np.concatenate([silences[0], tone(2), silences[1]]), RATE)
    assert part.start == pytest.approx(max(0.0, before - LEAD_SECONDS), abs=0.021) and part.end == pytest.approx(
        before + 2, abs=0.021
    )
    assert len(part.cut(np.zeros(20 * RATE, dtype=np.float32), RATE)) == pytest.approx(2 * RATE, abs=0.15 * RATE)


def test_silence_is_measured_alike_at_the_joints_of_the_blocks() -> None:
    sound = np.zeros(200 * RATE, dtype=np.float32)
    sound[59 * RATE : 121 * RATE] = 0.1
    part = sounding_part(sound, RATE)
    assert (part.start, part.end) == pytest.approx((59 - LEAD_SECONDS, 121), abs=0.021)


def test_all_of_a_silent_clip_is_kept() -> None:
    assert sounding_part(np.zeros(RATE, dtype=np.float32), RATE) == SoundingPart(0.0, 1.0)


def test_chords_cover_the_clip_without_two_silences_in_a_row() -> None:
    part = SoundingPart(1.0, 3.0)
    chords = (Chord(0.0, 1.0, "C:maj", 0.9), Chord(1.0, 2.0, "N", 0.8))
    found = [(chord.start, chord.end, chord.name) for chord in part.chords(chords, 4.0)]
    assert found == [(0.0, 1.0, "N"), (1.0, 2.0, "C:maj"), (2.0, 4.0, "N")]
    assert part.chords((), 4.0) == ()
