"""Beats at half the tempo: evidence that every interval between found beats holds two beats."""

from __future__ import annotations

from typing import Literal

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.music.rhythm.beat_network import BeatActivations
from pipelines.music.rhythm.beat_search import SEARCH_RATE, max_around, sigmoid

MIN_MIDWAY_RATIO = 0.75
"""Beat probability midway between the beats, relative to that at the beats, from which there are beats midway. At most 0.64 in
163 rendered pieces whose tempo was right; 0.84 and 1.0 in quick fives that were found at half their tempo."""
MIN_MIDWAY_LOW_LOG_RATIO = 0.25
MAX_MIDWAY_MID_LOG_RATIO = -0.5
"""Natural logarithm of the onset strength midway relative to that at the beats, in the low band (bass drum) and in the middle one
(snare). A snare on every beat and bass drums midway are those of drum and bass or punk at twice the tempo: 0.50 to 1.06 and -0.83
to -0.89 in four of them. In 168 rendered pieces the low ratio was at most 0.04 where the middle one was below -0.2."""
MIN_ONSET = 0.05
"""Added to onset strengths, so that silence is no evidence."""
MAX_DOUBLED_BPM = 200.0
"""Tempo above which beats are not doubled."""

Evidence = Literal["pulse", "drums"]
"""A pulse midway, or bass drums midway with a snare on every beat."""


def subdivision_evidence(activations: BeatActivations, frames: IntArray, max_bpm: float) -> Evidence | None:
    """Return the evidence that every interval between the beats holds two; None where there is none.

    Args:
        activations: of the beat network.
        frames: of the beats at `SEARCH_RATE`.
        max_bpm: upper limit of the tempo, beats per minute.
    """
    bpm = 60 * SEARCH_RATE / float(np.median(np.diff(frames)))
    if 2 * bpm > min(max_bpm, MAX_DOUBLED_BPM):
        return None
    midway = (frames[:-1] + frames[1:]) // 2
    at_beats, between = (float(sigmoid(max_around(activations.beats[:, 0], places)).mean()) for places in (frames, midway))
    if between >= MIN_MIDWAY_RATIO * at_beats:
        return "pulse"
    low, middle = (_log_ratio(activations.drums[:, band], midway, frames) for band in (0, 1))
    if low >= MIN_MIDWAY_LOW_LOG_RATIO and middle <= MAX_MIDWAY_MID_LOG_RATIO:
        return "drums"
    return None


def _log_ratio(onsets: FloatArray, places: IntArray, others: IntArray) -> float:
    """Return the natural logarithm of the mean onset strength at `places` relative to that at `others`."""
    one, other = (float(max_around(onsets, frames).mean()) + MIN_ONSET for frames in (places, others))
    return float(np.log(one / other))
