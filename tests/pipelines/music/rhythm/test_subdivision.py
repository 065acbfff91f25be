"""Evidence that beats are the eighths of 6/8, on made-up activations."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.music.rhythm.beat_network import METRES, TEMPO_BINS, BeatActivations
from pipelines.music.rhythm.subdivision import are_eighths

FRAMES = np.arange(10, 2000, 34)
"""Beats at 176 BPM, at the rate of the search."""


def activations(beats_per_bar: int, halves: bool = False) -> BeatActivations:
    """Return those of equal notes on all beats, and on their halves if wanted; the first of each bar is a downbeat."""
    beats, onsets = np.full((1000, 2), -4, dtype=np.float32), np.zeros(1000, dtype=np.float32)
    beats[FRAMES // 2, 0] = 2
    beats[FRAMES[::beats_per_bar] // 2, 1] = 2
    onsets[FRAMES // 2] = 1
    if halves:
        onsets[(FRAMES[:-1] + 17) // 2] = 1
    metre, tempo = np.zeros(len(METRES), dtype=np.float32), np.zeros(TEMPO_BINS, dtype=np.float32)
    return BeatActivations(beats, metre, tempo, onsets, np.zeros((1000, 2), dtype=np.float32))


@pytest.mark.parametrize(("beats_per_bar", "expected"), [(6, True), (3, False), (4, False), (2, False)])
def test_beats_are_eighths_where_downbeats_recur_after_six_alone(beats_per_bar: int, expected: bool) -> None:
    assert are_eighths(activations(beats_per_bar), FRAMES, FRAMES[::3]) is expected


def test_beats_with_notes_between_them_are_no_eighths() -> None:
    assert not are_eighths(activations(6, halves=True), FRAMES, FRAMES[::3])


def test_too_few_beats_are_no_eighths() -> None:
    assert not are_eighths(activations(6), FRAMES[:8], FRAMES[:8:3])
