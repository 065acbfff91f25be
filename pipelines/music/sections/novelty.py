"""Novelty: how much the sound after a moment differs from that before (Foote 2000)."""

from __future__ import annotations

import numpy as np

from models.arrays import FloatArray

MIN_PEAK_DISTANCE = 4
"""Rows between two peaks, and between a peak and either end."""
PEAK_DEVIATIONS = 0.5
"""Standard deviations above the mean from which a peak counts."""
MIN_NOVELTY = 0.05
"""Novelty up to which a peak does not count."""


def novelty_curve(rows: FloatArray, width: int) -> FloatArray:
    """Return the novelty [rows] at the beginning of each row, 0 at the first.

    A checkerboard kernel on the matrix of all dot products is half the squared distance between the mean of the rows before and
    that of the rows after, so that the matrix need not be computed.

    Args:
        rows: features [rows, columns]; of unit length for a similarity in cosines.
        width: rows before and after; fewer count near the ends, and with less weight.
    """
    count = len(rows)
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
    places = np.arange(count)
    reach = np.minimum(width, np.minimum(places, count - places))
    lengths = np.maximum(reach, 1)[:, np.newaxis]
    before = (sums[places] - sums[places - reach]) / lengths
    after = (sums[places + reach] - sums[places]) / lengths
    curve: FloatArray = (0.5 * np.square(after - before).sum(axis=1) * np.sqrt(reach / width)).astype(np.float32)
    return curve


def set_change(rows: FloatArray, width: int) -> FloatArray:
    """Return the part [rows] of what is there before or after each row that is not there on both sides, 0 to 1.

    What is there is the mean of the strongest quarter of the rows, so that notes count however seldom they are played.

    Args:
        rows: probabilities [rows, columns].
        width: rows before and after; fewer count near the ends.
    """
    after = np.stack([_strongest(rows[row : row + width]) for row in range(len(rows))])
    before = np.stack([_strongest(rows[max(0, row - width) : max(1, row)]) for row in range(len(rows))])
    shared, joined = np.minimum(before, after).sum(axis=1), np.maximum(before, after).sum(axis=1)
    change: FloatArray = (1 - shared / np.maximum(joined, 1e-6)).astype(np.float32)
    return change


def _strongest(rows: FloatArray) -> FloatArray:
    count = max(1, len(rows) // 4)
    mean: FloatArray = np.partition(rows, len(rows) - count, axis=0)[-count:].mean(axis=0)
    return mean


def novelty_peaks(novelty: FloatArray) -> list[int]:
    """Return the rows of the peaks that stand out, the highest within `MIN_PEAK_DISTANCE`."""
    from librosa.util import peak_pick

    reach, length, excess = MIN_PEAK_DISTANCE, len(novelty), PEAK_DEVIATIONS * float(novelty.std())
    peaks = peak_pick(novelty, pre_max=reach - 1, post_max=reach, pre_avg=length, post_avg=length, delta=excess, wait=reach - 1)
    return [row for row in peaks.tolist() if novelty[row] > MIN_NOVELTY and reach <= row <= length - reach]
