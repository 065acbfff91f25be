"""The search for beats and bars, on made-up activations of the network."""

from __future__ import annotations

from dataclasses import replace

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
from pipelines.music.rhythm.beat_tracking import BeatOptions, rhythm_of_beats
from pipelines.music.rhythm.metre import bar_positions
from pipelines.music.rhythm.types import Beats, Tempo, time_signature

UNDECIDED = np.zeros(TEMPO_BINS, dtype=np.float32)
NO_CHROMA = np.empty((0, 12), dtype=np.float32)


def track_beats(activations: BeatActivations, options: BeatOptions = BeatOptions()) -> tuple[Tempo, Beats] | None:
    frames = search_beats(activations.beats[:, 0], activations.tempo, options.min_bpm, options.max_bpm)
    return rhythm_of_beats(frames, activations, NO_CHROMA, options)


def pulse(times: list[float], seconds: float, beats_per_bar: int = 4, noise: float = 0.5, seed: int = 0) -> FloatArray:
    """[frames, 2] logits of a network that is confident of beats at `times`; the first is a downbeat."""
    logits = np.random.default_rng(seed).normal(-4, noise, (round(seconds * FRAMES_PER_SECOND), 2)).astype(np.float32)
    for count, time in enumerate(times):
        frame = round(time * FRAMES_PER_SECOND)
        for column in range(2 if count % beats_per_bar == 0 else 1):
            logits[max(0, frame - 1) : frame + 2, column] = (0, 3, 0)[: len(logits[max(0, frame - 1) : frame + 2])]
    return logits


def steady(bpm: float, seconds: float, first: float = 0.5) -> list[float]:
    return np.arange(first, seconds - 0.5, 60 / bpm).tolist()


def no_drums(logits: FloatArray) -> FloatArray:
    return np.zeros((len(logits), 2), dtype=np.float32)


def activations(logits: FloatArray, metre: tuple[int, int] | None = None) -> BeatActivations:
    metre_logits = np.array([12.0 if one == metre else 0.0 for one in METRES], dtype=np.float32)
    return BeatActivations(logits, metre_logits, UNDECIDED, no_drums(logits)[:, 0], no_drums(logits))


@given(bpm=st.floats(45, 220), first=st.floats(0.1, 1.5), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_steady_pulse_is_found_at_any_tempo(bpm: float, first: float, seed: int) -> None:
    times = steady(bpm, 12, first)
    found = track_beats(replace(activations(pulse(times, 12, seed=seed)), tempo=tempo_logits(bpm, 9)))
    assert found is not None
    tempo, beats = found
    assert tempo.bpm == pytest.approx(bpm, rel=0.02)
    assert len(beats.times) == len(times)
    np.testing.assert_allclose(beats.times, times, atol=0.03)


@given(noise=st.floats(0.1, 4), seed=st.integers(0, 1000), frames=st.integers(0, 700))
@settings(max_examples=25, deadline=None)
def test_beats_of_any_activations_ascend_within_the_limits_of_the_tempo(noise: float, seed: int, frames: int) -> None:
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
    times = [*steady(100, 10), *(23.3 + t for t in steady(140, 10))]
    logits = pulse(times, 34)
    logits[round(11 * FRAMES_PER_SECOND) : round(23 * FRAMES_PER_SECOND)] -= 2  # in silence the networks are surer
    found = track_beats(activations(logits))
    assert found is not None
    assert len(found[1].times) == len(times)


@pytest.mark.parametrize(("hidden_from", "hidden_until"), [(0, 8), (10, 18), (22, 30)])
def test_beats_go_on_where_the_music_hides_them(hidden_from: float, hidden_until: float) -> None:
    times = steady(100, 30)
    logits = pulse([time for time in times if not hidden_from <= time < hidden_until], 30, noise=0.05)
    logits[round(hidden_from * FRAMES_PER_SECOND) : round(hidden_until * FRAMES_PER_SECOND)] += 1.5  # above that of silence
    logits[round(0.5 * FRAMES_PER_SECOND)] = logits[round(times[-1] * FRAMES_PER_SECOND)] = 0
    found = track_beats(replace(activations(logits), tempo=tempo_logits(100, 9)))
    assert found is not None
    np.testing.assert_allclose(found[1].times, times, atol=0.06)


def test_beats_end_where_the_sound_does() -> None:
    times = steady(100, 20)
    found = track_beats(activations(pulse(times, 26)))
    assert found is not None
    assert len(found[1].times) == len(times)


@pytest.mark.parametrize("rate", [1.5, 3, 6])
def test_onsets_at_random_times_have_no_tempo(rate: float) -> None:
    times = np.cumsum(np.random.default_rng(3).exponential(1 / rate, round(rate * 28)))
    assert track_beats(activations(pulse(times[times < 29].tolist(), 30))) is None


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
    confidences = [beats.confidence, *(other.confidence for other in beats.alternatives)]
    assert sum(confidences) <= 1.01


def test_an_upbeat_and_a_bar_that_is_too_long() -> None:
    times = steady(120, 30)
    logits = pulse(times, 30, beats_per_bar=1000)
    is_first = [i in (2, 6, 10, 14, 19, 23, 27, 31, 35, 39, 43, 47, 51, 55) for i in range(len(times))]
    for time, first in zip(times, is_first, strict=True):
        logits[round(time * FRAMES_PER_SECOND), 1] = 3 if first else -4
    frames = np.round(np.array(times) * SEARCH_RATE).astype(np.int64)
    positions, ranked = bar_positions(activations(logits, (4, 4)), frames, NO_CHROMA)
    assert ranked[0][0] == (4, 4)
    assert [i for i, position in enumerate(positions) if position == 1][:14] == [i for i, first in enumerate(is_first) if first][
        :14
    ]


@pytest.mark.parametrize(("parts", "unit"), [((1 / 3, 2 / 3), 8), ((1 / 2,), 4)])
def test_onsets_at_thirds_of_the_beats_mean_six_eight(parts: tuple[float, ...], unit: int) -> None:
    times, logits = steady(70, 30), pulse(steady(70, 30), 30, 2)
    onsets = np.full(len(logits), 0.1, dtype=np.float32)
    for time in times[:-1]:
        for part in (0.0, *parts):
            onsets[round((time + part * 60 / 70) * FRAMES_PER_SECOND)] = 2
    metre_logits = np.array([1.0 if length == 2 else -3.0 for length, _ in METRES], dtype=np.float32) + np.array(
        [0, 0, 0, 0, 0.3], np.float32
    )
    found = track_beats(BeatActivations(logits, metre_logits, UNDECIDED, onsets, no_drums(logits)))
    assert found is not None
    assert (found[1].beats_per_bar, found[1].beat_unit) == (2, unit)


def test_a_given_metre_is_kept() -> None:
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
def test_without_a_pulse_there_is_no_tempo(frames: int) -> None:
    assert track_beats(activations(np.full((frames, 2), -4, dtype=np.float32))) is None
    assert track_beats(activations(np.random.default_rng(0).normal(-3, 1, (frames, 2)).astype(np.float32))) is None


def tempo_logits(bpm: float, height: float) -> FloatArray:
    bins = 40 * 2 ** (np.arange(TEMPO_BINS) / 24)
    return (height * np.exp(-0.5 * (np.log(bins / bpm) / 0.03) ** 2)).astype(np.float32)


@given(
    noise=st.floats(0.1, 1),
    seed=st.integers(0, 1000),
    lowest=st.floats(40, 110),
    octaves=st.floats(1, 1.1),
    preferred=st.floats(40, 240),
    beats_per_bar=st.sampled_from([None, 2, 3, 4, 5]),
)
@settings(max_examples=60, deadline=None)
def test_the_tempo_lies_within_its_limits_and_no_alternative_outweighs_the_choice(
    noise: float, seed: int, lowest: float, octaves: float, preferred: float, beats_per_bar: int | None
) -> None:
    rng = np.random.default_rng(seed)
    times = steady(float(rng.uniform(lowest, 2 * lowest)), 12)
    logits = pulse(times, 12) + rng.normal(0, noise, (600, 2)).astype(np.float32)
    metre_logits = rng.normal(0, 3, len(METRES)).astype(np.float32)
    drums = rng.uniform(0, 1, (600, 2)).astype(np.float32)
    network = BeatActivations(logits, metre_logits, tempo_logits(preferred, 1), drums[:, 0], drums)
    highest = lowest * 2**octaves
    found = track_beats(network, BeatOptions(lowest, highest, beats_per_bar))
    assert found is not None
    tempo, beats = found
    assert lowest <= tempo.bpm <= highest
    assert all(other.confidence <= tempo.confidence for other in tempo.alternatives)
    assert all(other.confidence <= beats.confidence for other in beats.alternatives)


def drum_loop(bpm: float, seconds: float) -> tuple[list[float], FloatArray]:
    """Return the times of the snares, on the second and fourth beat, and onsets with bass drums on the first and third."""
    onsets = np.zeros((round(seconds * FRAMES_PER_SECOND), 2), dtype=np.float32)
    beats = steady(bpm, seconds)
    for count, time in enumerate(beats):
        onsets[round(time * FRAMES_PER_SECOND), count % 2] = 1
    return beats[1::2], onsets


@pytest.mark.parametrize("bpm", [155, 168, 174, 190])
def test_a_snare_on_every_beat_with_bass_drums_midway_doubles_the_tempo(bpm: float) -> None:
    snares, onsets = drum_loop(bpm, 30)
    logits = pulse(snares, 30)
    network = BeatActivations(logits, activations(logits, (4, 4)).metre, tempo_logits(bpm / 2, 9), onsets.sum(axis=1), onsets)
    found = track_beats(network)
    assert found is not None
    tempo, beats = found
    assert tempo.bpm == pytest.approx(bpm, rel=0.02) and beats.metre == "4/4"
    assert tempo.alternatives[0].relation == "half" and tempo.confidence > tempo.alternatives[0].confidence > 0.1
    assert f"{tempo.bpm / 2:.0f} BPM" in tempo.reason
    slow = track_beats(network, BeatOptions(max_bpm=100))
    assert slow is not None and slow[0].bpm == pytest.approx(bpm / 2, rel=0.02)


def test_a_pulse_midway_that_is_as_strong_as_the_beats_doubles_the_tempo() -> None:
    logits = pulse(steady(160, 30), 30, 5)
    network = BeatActivations(
        logits, activations(logits, (5, 4)).metre, tempo_logits(80, 9), no_drums(logits)[:, 0], no_drums(logits)
    )
    found = track_beats(network, BeatOptions())
    assert found is not None
    assert found[0].bpm == pytest.approx(160, rel=0.02) and found[1].metre == "5/4"
