"""Tags over time as rows of a heatmap: the classes with the highest peaks, the strongest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray
from pipelines.jobs.result import Result

MAX_ROWS = 12
PEAK_FRACTION = 0.1
"""Fraction of the patches, the strongest ones, whose mean score is the peak of a row; brief sounds get a row too."""


@dataclass(frozen=True, eq=False)
class TagHeatmap(Result):
    """What a heatmap track draws: frame i covers `start + i * hop` to `start + (i + 1) * hop` seconds."""

    rows: tuple[str, ...]
    """Names, the strongest first; none if nothing stands out."""
    scores: FloatArray
    """[frames, rows], 0 to 1."""
    hop: float
    start: float


def tag_heatmap(rows: tuple[str, ...], scores: FloatArray, hop: float, patch_seconds: float) -> TagHeatmap:
    """Return a heatmap whose frames are centred on their patches, which last longer than the hop."""
    return TagHeatmap(rows, scores, hop, start=(patch_seconds - hop) / 2)


def peak_scores(scores: FloatArray) -> FloatArray:
    """Return the peak scores [columns] of `scores` [patches, columns]; zeros where there are no patches."""
    if not len(scores):
        return np.zeros(scores.shape[1], dtype=np.float32)
    strongest = max(1, round(PEAK_FRACTION * len(scores)))
    peaks: FloatArray = np.sort(scores, axis=0)[-strongest:].mean(axis=0)
    return peaks
