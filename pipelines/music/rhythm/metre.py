"""The metre of a clip, and the position of every beat in its bar."""

from __future__ import annotations

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.music.rhythm.beat_network import METRES, BeatActivations
from pipelines.music.rhythm.beat_search import max_around, sigmoid

SLIP_COST = 8.0
"""Cost of a bar that is longer or shorter than the others."""
DOWNBEAT_WEIGHT = 8.0
"""Weight of the downbeats as evidence for the metre, in beats for the whole clip."""
METRE_WEIGHT = 2.0
"""Weight of the network's metre logits."""
DIVISION_WEIGHT = 3.0
"""Weight of `triplet_log_ratio` against 6/8."""
MIN_TRIPLET_LOG_RATIO = -0.3
"""Value of `triplet_log_ratio` below which it is evidence against 6/8."""


def bar_positions(
    activations: BeatActivations, frames: IntArray, beats_per_bar: int | None = None
) -> tuple[IntArray, list[tuple[tuple[int, int], float]]]:
    """Find the metre and the bars by a Viterbi search for each metre.

    Args:
        activations: of the beat network.
        frames: of the beats at `SEARCH_RATE`.
        beats_per_bar: the only length of a bar that is considered; None for all.

    Returns:
        (position in the bar of each beat, 1 is the downbeat; every metre with its probability, best first).
    """
    beat, downbeat = (max_around(activations.beats[:, column], frames) for column in (0, 1))
    probs = np.clip(sigmoid(downbeat) / np.maximum(sigmoid(beat), 0.05), 0.02, 0.98)
    first, later = np.log(probs), np.log1p(-probs)
    log_probs = activations.metre - np.logaddexp.reduce(activations.metre)
    paths = {length: _bar_path(first, later, length) for length in {length for length, _ in METRES}}
    per_beat = np.array([paths[length][1] for length, _ in METRES]) / len(frames)
    total = DOWNBEAT_WEIGHT * per_beat + METRE_WEIGHT * log_probs
    against_triplets = max(0.0, MIN_TRIPLET_LOG_RATIO - triplet_log_ratio(activations.onsets, frames))
    total[[unit == 8 for _, unit in METRES]] -= DIVISION_WEIGHT * against_triplets
    if beats_per_bar is not None:
        total[[length != beats_per_bar for length, _ in METRES]] = -np.inf
    metre_probs = np.exp(total - np.logaddexp.reduce(total))
    order = np.argsort(-total, kind="stable")
    return paths[METRES[order[0]][0]][0] + 1, [(METRES[i], float(metre_probs[i])) for i in order]


def triplet_log_ratio(onsets: FloatArray, frames: IntArray) -> float:
    """Return the natural logarithm of the onset strength at the thirds of the beats relative to that at their halves.

    Where a beat is three eighths, both of its thirds have onsets; in a swung one only the second has.
    """
    starts, lengths = frames[:-1], np.diff(frames)
    half, one_third, two_thirds = (
        float(max_around(onsets, np.round(starts + fraction * lengths)).mean()) for fraction in (1 / 2, 1 / 3, 2 / 3)
    )
    return float(np.log((min(one_third, two_thirds) + 1e-3) / (half + 1e-3)))


def _bar_path(first: FloatArray, later: FloatArray, length: int) -> tuple[IntArray, float]:
    """Return (position from 0 of each beat, score) of the best path through bars of `length` beats."""
    beats = len(first)
    came_from = np.zeros((beats, length), dtype=np.int64)
    gains = np.tile(later[:, np.newaxis], (1, length))
    gains[:, 0] = first
    score = gains[0].copy()
    regular = (np.arange(length) - 1) % length
    for i in range(1, beats):
        slipping = int(score.argmax())
        slips = score[slipping] - SLIP_COST > score[regular]
        came_from[i] = np.where(slips, slipping, regular)
        score = np.where(slips, score[slipping] - SLIP_COST, score[regular]) + gains[i]
    path = np.empty(beats, dtype=np.int64)
    path[-1] = score.argmax()
    for i in range(beats - 1, 0, -1):
        path[i - 1] = came_from[i, path[i]]
    return path, float(score.max())
