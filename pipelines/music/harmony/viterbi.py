"""The best path through states of which each change costs the same (Viterbi)."""

from __future__ import annotations

import numpy as np

from models.arrays import DoubleArray, FloatArray, IntArray


def best_path(evidence: FloatArray | DoubleArray, change_cost: float) -> IntArray:
    """Return the best path [steps] for `evidence` [steps, states] in nats, where each change costs `change_cost`."""
    stays = np.empty(evidence.shape, dtype=np.bool_)
    best_before = np.empty(len(evidence), dtype=np.int64)
    score = np.zeros(evidence.shape[1], dtype=np.float64)
    for step, gain in enumerate(evidence):
        best_before[step] = score.argmax()
        changed = score[best_before[step]] - change_cost
        stays[step] = score >= changed
        score = np.maximum(score, changed) + gain
    path = np.empty(len(evidence), dtype=np.int64)
    path[-1] = score.argmax()
    for step in range(len(evidence) - 1, 0, -1):
        path[step - 1] = path[step] if stays[step, path[step]] else best_before[step]
    return path
