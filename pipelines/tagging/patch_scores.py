"""Checks of scores over time that were not computed here, as in a file of strangers."""

from __future__ import annotations

import numpy as np

from models.arrays import FloatArray

MIN_HOP_SECONDS, MAX_PATCH_SECONDS = 0.05, 60.0
"""Limits of the time between two patches and of the length of one; the models have 0.48 to 5 s and 0.96 to 10 s."""
TOLERANCE = 1e-3
"""How far rounding takes a score out of its range."""
MAX_SECONDS_BEYOND = 1.0
"""Time after the clip at which a patch may still begin."""


def check_patches(times: FloatArray, hop_seconds: float, patch_seconds: float, duration: float) -> None:
    """Check the start of each patch of a clip of `duration` seconds.

    Raises:
        ValueError: no clip has such patches.
    """
    if not MIN_HOP_SECONDS <= hop_seconds <= MAX_PATCH_SECONDS or not 0 < patch_seconds <= MAX_PATCH_SECONDS:
        raise ValueError("the patches have no length that a model has")
    if times.ndim != 1 or len(times) > (duration + MAX_SECONDS_BEYOND) / hop_seconds + 1:
        raise ValueError("there are more patches than the clip has")
    if len(times) and not (times[0] >= 0 and times[-1] <= duration + MAX_SECONDS_BEYOND and (np.diff(times) >= 0).all()):
        raise ValueError("the patches are not in order, or outside of the clip")


def check_scores(scores: FloatArray, shape: tuple[int, ...], lowest: float = 0.0) -> None:
    """Check the scores of patches.

    Args:
        scores: `lowest` to 1.
        shape: of the scores.
        lowest: smallest score.

    Raises:
        ValueError: they have another shape, or are out of range.
    """
    if scores.shape != shape:
        raise ValueError("the scores are not those of the patches and the classes")
    if scores.size and not lowest - TOLERANCE <= scores.min() <= scores.max() <= 1 + TOLERANCE:
        raise ValueError("a score is out of range")
