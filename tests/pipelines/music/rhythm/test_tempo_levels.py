"""The decision between a tempo and its octaves."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND, TEMPO_BINS, BeatActivations
from pipelines.music.rhythm.beat_search import SEARCH_RATE
from pipelines.music.rhythm.pulse import pulse_correlation, tempo_bins
from pipelines.music.rhythm.tempo_levels import NEUTRAL, Character, onset_rate, tempo_levels

SECONDS = 30
LIMITS = (40.0, 240.0)


def pulses(bpm: float) -> FloatArray:
    """[frames] of 0, and 1 at every beat."""
    values = np.zeros(SECONDS * round(FRAMES_PER_SECOND), dtype=np.float32)
    values[np.round(np.arange(0, SECONDS, 60 / bpm) * FRAMES_PER_SECOND).astype(int)] = 1
    return values


def network(bpm: float, onsets_bpm: float) -> BeatActivations:
    """Activations of music whose beats are as strong at `bpm` as at half of it."""
    beats = 6 * pulses(bpm) - 3
    drums = np.zeros((len(beats), 2), dtype=np.float32)
    onsets = pulses(onsets_bpm)
    return BeatActivations(
        np.stack([beats, beats], axis=1), np.zeros(5, np.float32), np.zeros(TEMPO_BINS, np.float32), onsets, drums
    )


def frames(bpm: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.round(np.arange(0, SECONDS - 1, 60 / bpm) * SEARCH_RATE).astype(np.int64)


def test_the_probabilities_of_all_levels_sum_to_1_and_the_first_is_the_highest() -> None:
    probs = [level.probability for level in tempo_levels(network(140, 280), frames(140), LIMITS, NEUTRAL)]
    assert sum(probs) == pytest.approx(1) and probs == sorted(probs, reverse=True)


def test_no_level_lies_outside_the_limits() -> None:
    for limits in ((40.0, 100.0), (100.0, 240.0)):
        searched = 90 if limits[1] == 100 else 130
        found = tempo_levels(network(searched, 260), frames(searched), limits, NEUTRAL)
        assert all(limits[0] <= level.bpm <= limits[1] for level in found)


def test_calm_music_with_few_notes_is_slower_than_other_music() -> None:
    calm = Character(calm=3.0, slow=3.0)
    slow, fast = (
        sum(level.probability for level in tempo_levels(network(136, notes), frames(136), LIMITS, character) if level.ratio < 1)
        for notes, character in ((136, calm), (408, Character(-3.0, -3.0)))
    )
    assert slow > 0.5 > fast


def test_onsets_are_counted_a_second() -> None:
    assert onset_rate(pulses(120)) == pytest.approx(2, abs=0.1)
    assert onset_rate(np.zeros(100, dtype=np.float32)) == 0


@pytest.mark.parametrize("bpm", [60.0, 97.0, 150.0])
def test_the_pulse_correlates_with_itself_a_beat_later(bpm: float) -> None:
    correlation = pulse_correlation(pulses(bpm))
    assert correlation[np.abs(np.log(tempo_bins() / bpm)).argmin()] > 0.9 * correlation.max()
