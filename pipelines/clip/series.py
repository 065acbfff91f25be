"""Values at equal distances in time: runs of flags, moving means."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray, FloatArray

FloatT = TypeVar("FloatT", FloatArray, DoubleArray)


def runs_of_true(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (first, one past the last) of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def moving_mean(values: FloatT, width: int) -> FloatT:
    """Return the means [rows - width + 1, …] of `width` successive rows of `values` [rows, …]; none of fewer rows."""
    from scipy.ndimage import uniform_filter1d

    if len(values) < width:
        return values[:0]
    means: FloatT = uniform_filter1d(values, width, axis=0)  # entry i is the mean of the rows from i - width // 2 on
    return means[width // 2 : width // 2 + len(values) - width + 1]
