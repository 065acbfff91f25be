"""Evidence for the length of a bar from accents and from changes of harmony."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.rhythm.bar_evidence import accent_autocorrelation, chord_change_correlation
from pipelines.music.rhythm.beat_network import METRES, TEMPO_BINS, BeatActivations
from pipelines.music.rhythm.beat_search import SEARCH_RATE

BEAT_SECONDS = 0.6
LENGTHS = (2, 3, 4, 5)
FRAMES = np.round(np.arange(0, 30, BEAT_SECONDS) * SEARCH_RATE).astype(np.int64)


def drums(pattern: list[float]) -> BeatActivations:
    """Return onsets of a drum that plays `pattern` again and again, one value a beat."""
    onsets = np.zeros((1 + int(FRAMES[-1]) // 2, 2), dtype=np.float32)
    onsets[FRAMES // 2, 0] = np.resize(pattern, len(FRAMES))
    beats, metre, tempo = np.zeros_like(onsets), np.zeros(len(METRES), np.float32), np.zeros(TEMPO_BINS, np.float32)
    return BeatActivations(beats, metre, tempo, onsets.sum(axis=1), onsets)


def chords(beats_per_chord: int) -> FloatArray:
    """Return the chroma of single notes that change every so many beats."""
    seconds = np.arange(round(30 * HARMONY_FRAMES_PER_SECOND)) / HARMONY_FRAMES_PER_SECOND
    roots = np.array([0, 5, 7, 9])[(seconds / BEAT_SECONDS / beats_per_chord + 1e-6).astype(int) % 4]
    chroma: FloatArray = np.eye(12, dtype=np.float32)[roots]
    return chroma


@pytest.mark.parametrize(("pattern", "length"), [([1, 0, 0], 3), ([1, 0, 0.7, 0.2], 4), ([1, 0, 0.5, 1, 0.5], 5)])
def test_accents_repeat_after_a_bar(pattern: list[float], length: int) -> None:
    found = {lag: accent_autocorrelation(drums(pattern), FRAMES, lag) for lag in LENGTHS}
    assert max(found, key=lambda lag: found[lag]) == length and found[length] > 0.8


@pytest.mark.parametrize("length", LENGTHS)
def test_chords_change_at_bar_lines(length: int) -> None:
    found = {lag: chord_change_correlation(chords(length), FRAMES, lag) for lag in LENGTHS}
    assert max(found, key=lambda lag: found[lag]) == length


def test_few_beats_or_no_chroma_are_no_evidence() -> None:
    assert accent_autocorrelation(drums([1, 0]), FRAMES[:4], 4) == 0
    assert chord_change_correlation(chords(4), FRAMES[:8], 4) == 0
    assert chord_change_correlation(np.empty((0, 12), dtype=np.float32), FRAMES, 4) == 0
