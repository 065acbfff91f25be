"""Evidence that the beats found are at half the tempo or, in a compound metre, at three times the tempo."""

from __future__ import annotations

from typing import Literal

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.music.rhythm.beat_network import BeatActivations
from pipelines.music.rhythm.beat_search import SEARCH_RATE, max_around, sigmoid

MIN_MIDWAY_RATIO = 0.75
"""Beat probability midway between the beats, relative to that at the beats, from which there are beats midway. At most 0.64 in
163 rendered pieces whose tempo was right; 0.84 and 1.0 in quick fives that were found at half their tempo."""
MAX_SNARE_LOG_RATIO, MAX_MIDWAY_MID_LOG_RATIO, MIN_MIDWAY_LOW_LOG_RATIO = 0.25, -0.35, -0.15
"""Natural logarithms of ratios of onset strength, where the snare is on every beat and the bass drum midway, as in drum and
bass or punk at twice the tempo. Middle band (snare): even beats relative to odd ones, either way, and midway relative to the
beats. Low band (bass drum): every other place midway, the stronger ones, relative to the beats. In made drum and bass at 165
to 178 they are at most 0.10, at most -0.40 and at least -0.08; in hip-hop at 84 to 98, whose snare is on every other beat, the
first is at least 0.67. None of 14 pieces of the tuning sources whose tempo up to 100 BPM was right meets all three."""
MIN_ONSET = 0.05
"""Added to onset strengths, so that silence is no evidence."""
MAX_DOUBLED_BPM = 200.0
"""Tempo above which beats are not doubled."""
EIGHTHS = 6
"""In a bar of 6/8."""
OTHER_BARS = (2, 3, 4)
"""Beats of the simple bars that must explain the downbeats worse. In 3/4 downbeats recur after three beats too."""
MIN_GAIN = 0.3
"""Least difference of the autocorrelations of the downbeats. In a rendered slow 6/8 and four made ones it is at least
0.44; in 16 pieces of the tuning sources in other metres that reach `MIN_TRIPLETS`, at most 0.01."""
MIN_TRIPLETS = 1.2
"""Least `triplet_log_ratio` of the slow beats: eighths have onsets, and their halves do not. At least 1.76 in these five."""

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
    low, middle = activations.drums[:, 0], activations.drums[:, 1]
    is_snare_on_every_beat = (
        abs(_log_ratio(middle, frames[::2], frames[1::2])) <= MAX_SNARE_LOG_RATIO
        and _log_ratio(middle, midway, frames) <= MAX_MIDWAY_MID_LOG_RATIO
    )
    if is_snare_on_every_beat and max(_log_ratio(low, midway[i::2], frames) for i in (0, 1)) >= MIN_MIDWAY_LOW_LOG_RATIO:
        return "drums"
    return None


def are_eighths(activations: BeatActivations, frames: IntArray, thirds: IntArray) -> bool:
    """Return whether the beats are eighths of 6/8, so that the tempo is a third of theirs.

    Args:
        activations: of the beat network.
        frames: of the beats at `SEARCH_RATE`.
        thirds: every third of the frames, where the slow beats would be.
    """
    downbeats = max_around(sigmoid(activations.beats[:, 1]), frames)
    recurrence = _autocorrelation(downbeats, EIGHTHS)
    gain = recurrence - max(_autocorrelation(downbeats, beats) for beats in OTHER_BARS)
    return gain >= MIN_GAIN and triplet_log_ratio(activations.onsets, thirds) >= MIN_TRIPLETS


def triplet_log_ratio(onsets: FloatArray, frames: IntArray) -> float:
    """Return the natural logarithm of the onset strength at the thirds of the beats relative to that at their halves.

    Where a beat is three eighths, both of its thirds have onsets; in a swung one only the second has.
    """
    starts, lengths = frames[:-1], np.diff(frames)
    half, one_third, two_thirds = (
        float(max_around(onsets, np.round(starts + fraction * lengths)).mean()) for fraction in (1 / 2, 1 / 3, 2 / 3)
    )
    return float(np.log((min(one_third, two_thirds) + 1e-3) / (half + 1e-3)))


def _log_ratio(onsets: FloatArray, places: IntArray, others: IntArray) -> float:
    """Return the natural logarithm of the mean onset strength at `places` relative to that at `others`."""
    one, other = (float(max_around(onsets, frames).mean()) + MIN_ONSET for frames in (places, others))
    return float(np.log(one / other))


def _autocorrelation(values: FloatArray, lag: int) -> float:
    """Return the autocorrelation at a lag, -1 to 1; 0 where there are too few values."""
    if len(values) <= 2 * lag:
        return 0.0
    deviation = values - values.mean()
    return float((deviation[lag:] * deviation[:-lag]).mean()) / max(1e-6, float((deviation**2).mean()))
