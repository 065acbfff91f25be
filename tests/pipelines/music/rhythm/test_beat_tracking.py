"""The search for beats and bars, on what a network might say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arrays import FloatArray
from pipelines.music.rhythm.beat_network import (
    FRAMES_PER_SECOND,
    METRES,
    TEMPO_BINS,
    BeatActivations,
)
from pipelines.music.rhythm.beat_search import SEARCH_RATE, search_beats
from pipelines.music.rhythm.beat_tracking import BeatOptions, track_beats
from pipelines.music.rhythm.metre import bar_positions
from pipelines.music.rhythm.types import time_signature

UNDECIDED = np.zeros(TEMPO_BINS, dtype=np.float32)


def pulse(times: list[float], seconds: float, beats_per_bar: int = 4, noise: float = 0.5, seed: int = 0) -> FloatArray:
    """[frames, 2] logits of a network that is fairly sure of beats at `times`; the first is a downbeat."""
    logits = np.random.default_rng(seed).normal(-4, noise, (round(seconds * FRAMES_PER_SECOND), 2)).astype(np.float32)
    for count, time in enumerate(times):
        frame = round(time * FRAMES_PER_SECOND)
        for column in range(2 if count % beats_per_bar == 0 else 1):
            logits[max(0, frame - 1) : frame + 2, column] = (0, 3, 0)[: len(logits[max(0, frame - 1) : frame + 2])]
    return logits


def steady(bpm: float, seconds: float, first: float = 0.5) -> list[float]:
    return np.arange(first, seconds - 0.5, 60 / bpm).tolist()


def activations(logits: FloatArray, metre: tuple[int, int] | None = None) -> BeatActivations:
    heard = np.array([3.0 if one == metre else 0.0 for one in METRES], dtype=np.float32)
    return BeatActivations(logits, heard, UNDECIDED, np.zeros(len(logits), dtype=np.float32))


@given(bpm=st.floats(45, 220), first=st.floats(0.1, 1.5), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_steady_pulse_is_found_at_any_tempo(bpm: float, first: float, seed: int) -> None:
    times = steady(bpm, 12, first)
    found = track_beats(activations(pulse(times, 12, seed=seed)))
    assert found is not None
    tempo, beats = found
    assert tempo.bpm == pytest.approx(bpm, rel=0.02)
    assert len(beats.times) == len(times)
    np.testing.assert_allclose(beats.times, times, atol=0.03)


@given(noise=st.floats(0.1, 4), seed=st.integers(0, 1000), frames=st.integers(0, 700))
@settings(max_examples=25, deadline=None)
def test_whatever_is_heard_beats_ascend_within_the_wanted_tempi(noise: float, seed: int, frames: int) -> None:
    logits = np.random.default_rng(seed).normal(-2, noise, frames).astype(np.float32)
    found = search_beats(logits, UNDECIDED, 60, 180)
    distances = np.diff(found)
    assert (distances >= 60 * SEARCH_RATE / 180 - 1).all()
    assert ((found >= 0) & (found < max(1, 2 * frames))).all()
    long = distances > SEARCH_RATE * 60 / 60 + 1
    assert (distances[long] >= SEARCH_RATE).all()  # a pause


def test_a_tempo_that_changes_is_followed() -> None:
    gaps = 60 / np.linspace(90, 120, 40)
    times = (0.5 + np.cumsum(gaps)).tolist()
    found = track_beats(activations(pulse(times, times[-1] + 1)))
    assert found is not None
    np.testing.assert_allclose(found[1].times, times, atol=0.03)


def test_after_a_pause_the_beat_begins_anew() -> None:
    times = [*steady(100, 10), *(13.3 + t for t in steady(140, 10))]
    found = track_beats(activations(pulse(times, 24)))
    assert found is not None
    assert len(found[1].times) == len(times)


@pytest.mark.parametrize("metre", METRES)
def test_bars_are_counted(metre: tuple[int, int]) -> None:
    length, unit = metre
    times = steady(110, 30)
    found = track_beats(activations(pulse(times, 30, length), metre))
    assert found is not None
    beats = found[1]
    assert (beats.beats_per_bar, beats.beat_unit, beats.metre) == (length, unit, time_signature(length, unit))
    assert beats.positions == tuple(i % length + 1 for i in range(len(times)))
    assert beats.downbeats == beats.times[::length]
    shares = [beats.confidence, *(other.confidence for other in beats.alternatives)]
    assert sum(shares) <= 1.01


def test_an_upbeat_and_a_bar_that_is_too_long() -> None:
    times = steady(120, 30)
    logits = pulse(times, 30, beats_per_bar=1000)
    is_first = [i in (2, 6, 10, 14, 19, 23, 27, 31, 35, 39, 43, 47, 51, 55) for i in range(len(times))]
    for time, first in zip(times, is_first, strict=True):
        logits[round(time * FRAMES_PER_SECOND), 1] = 3 if first else -4
    frames = np.round(np.array(times) * SEARCH_RATE).astype(np.int64)
    positions, ranked = bar_positions(activations(logits, (4, 4)), frames)
    assert ranked[0][0] == (4, 4)
    assert [i for i, position in enumerate(positions) if position == 1][:14] == [i for i, first in enumerate(is_first) if first][
        :14
    ]


@pytest.mark.parametrize(("parts", "unit"), [((1 / 3, 2 / 3), 8), ((1 / 2,), 4)])
def test_what_begins_within_the_beats_tells_six_eight_from_two_four(parts: tuple[float, ...], unit: int) -> None:
    times, logits = steady(70, 30), pulse(steady(70, 30), 30, 2)
    onsets = np.full(len(logits), 0.1, dtype=np.float32)
    for time in times[:-1]:
        for part in (0.0, *parts):
            onsets[round((time + part * 60 / 70) * FRAMES_PER_SECOND)] = 2
    heard = np.array([1.0 if length == 2 else -3.0 for length, _ in METRES], dtype=np.float32) + np.array(
        [0, 0, 0, 0, 0.3], np.float32
    )
    found = track_beats(BeatActivations(logits, heard, UNDECIDED, onsets))
    assert found is not None
    assert (found[1].beats_per_bar, found[1].beat_unit) == (2, unit)


def test_who_knows_the_metre_can_say_it() -> None:
    found = track_beats(activations(pulse(steady(110, 30), 30, 3), (3, 4)), BeatOptions(beats_per_bar=4))
    assert found is not None
    assert found[1].beats_per_bar == 4


def test_a_range_of_tempi_decides_between_octaves() -> None:
    logits = pulse(steady(160, 30), 30)
    slow, fast = (track_beats(activations(logits), options) for options in (BeatOptions(max_bpm=120), BeatOptions(100)))
    assert slow is not None and fast is not None
    assert (round(slow[0].bpm), round(fast[0].bpm)) == (80, 160)


def test_the_reason_names_the_octaves_and_the_candidates_come_with_it() -> None:
    found = track_beats(activations(pulse(steady(100, 30), 30)))
    assert found is not None
    tempo = found[0]
    assert "100 BPM" in tempo.reason and "200 BPM" in tempo.reason and "50 BPM" in tempo.reason
    assert [candidate.relation for candidate in tempo.alternatives[:2]] == ["half", "double"]
    assert tempo.alternatives[0].bpm == pytest.approx(50, rel=0.02)
    assert 0 <= tempo.confidence <= 1


@pytest.mark.parametrize("frames", [0, 1, 50, 1500])
def test_no_pulse_no_tempo(frames: int) -> None:
    assert track_beats(activations(np.full((frames, 2), -4, dtype=np.float32))) is None
    assert track_beats(activations(np.random.default_rng(0).normal(-3, 1, (frames, 2)).astype(np.float32))) is None
