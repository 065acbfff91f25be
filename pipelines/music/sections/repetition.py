"""Repetition: which beats sound like which others, as paths and as groups (McFee and Ellis 2014)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray

MAX_ROWS = 1024
"""Rows of the similarity matrix, 4 MB; with more beats, two or more of them are one row."""
MIN_ROWS = 12
"""Rows below which no repetition is looked for."""
SEQUENCE_BEATS = 4
"""Beats that are compared as one sequence."""
PATH_BEATS = 16
"""Length of the diagonals that are enhanced."""
EXCLUDED_BEATS = 4
"""Beats around each one that are not compared with it."""
GROUPS = 10
"""Eigenvectors of the Laplacian."""
SMOOTHING_ROWS = 5
"""Rows of the median filter over the eigenvectors."""
JITTER = 1e-3
"""Standard deviation of noise on the rows, whose lengths are about 1."""


@dataclass(frozen=True)
class Repetition:
    """Similarity of the rows of a clip; a row is `step` beats."""

    step: int
    paths: FloatArray
    """[rows, rows], affinity 0 to 1 along diagonals: a sequence that comes back."""
    groups: FloatArray
    """[beats, up to `GROUPS`], the first eigenvectors; beats of one group have similar rows of length 1."""


Keep = Callable[[str, Callable[[], FloatArray]], FloatArray]
"""Returns the array of a name, which it may have kept, or what the function computes."""


def compute_anew(name: str, compute: Callable[[], FloatArray]) -> FloatArray:
    """Return what `compute` returns."""
    return compute()


def find_repetition(features: dict[str, FloatArray], keep: Keep = compute_anew) -> Repetition:
    """Return what repeats in the harmony and pitches of a clip.

    Args:
        features: of the beats, see `beat_features`.
        keep: keeps what takes long.
    """
    beats = len(features["harmony"])
    step = 1
    while beats / step > MAX_ROWS:
        step *= 2
    melody = _pooled(np.concatenate([features["harmony"], features["pitches"]], axis=1), step)
    timbre = _pooled(np.concatenate([features["spectrum"], features["timbre"]], axis=1), step)
    if len(melody) < MIN_ROWS or not melody.any():
        return Repetition(step, np.eye(len(melody), dtype=np.float32), np.ones((beats, 1), dtype=np.float32))
    paths = keep("repeated paths", lambda: _path_affinity(_sequences(melody)))
    groups = keep("groups of beats", lambda: _eigenvectors(paths, timbre))
    return Repetition(step, paths, np.repeat(groups, step, axis=0)[:beats])


def lag_rows(repetition: Repetition) -> FloatArray:
    """Return the affinity [rows, lags] of each row with the one that is a lag later, cyclic (Serra et al. 2014)."""
    both = np.maximum(repetition.paths, repetition.paths.T)
    places = np.arange(len(both))
    lags: FloatArray = both[places[:, np.newaxis], (places[:, np.newaxis] + places) % len(both)]
    return lags


def _pooled(rows: FloatArray, step: int) -> FloatArray:
    """Return the mean of every `step` rows."""
    padded = np.pad(rows, ((0, -len(rows) % step), (0, 0)), mode="edge")
    means: FloatArray = padded.reshape(-1, step, rows.shape[1]).mean(axis=1)
    return means


def _sequences(rows: FloatArray) -> FloatArray:
    """Return each row beside the next ones, [rows, columns * SEQUENCE_BEATS]."""
    padded = np.pad(rows, ((0, SEQUENCE_BEATS - 1), (0, 0)), mode="edge")
    return np.concatenate([padded[shift : shift + len(rows)] for shift in range(SEQUENCE_BEATS)], axis=1)


def _path_affinity(sequences: FloatArray) -> FloatArray:
    """Return the affinity of nearest neighbours, smoothed along diagonals of slightly different slopes."""
    from librosa.segment import path_enhance, recurrence_matrix

    # librosa takes a distance of 0 for no link, and exact copies, as in loops, have it.
    noisy = sequences + np.random.default_rng(0).normal(0, JITTER, sequences.shape)
    neighbours = max(3, round(np.sqrt(len(sequences))))
    width = min(EXCLUDED_BEATS, (len(sequences) - 1) // 2)
    affinity = recurrence_matrix(noisy.T, k=neighbours, width=width, sym=True, mode="affinity")
    length = min(PATH_BEATS, len(sequences) // 2)
    paths: FloatArray = path_enhance(np.asarray(affinity, dtype=np.float32), length, n_filters=5).astype(np.float32)
    return paths


def _eigenvectors(paths: FloatArray, timbre: FloatArray) -> FloatArray:
    """Return the first eigenvectors [rows, columns] of the graph that joins repeated and successive rows, in rows of length 1."""
    from scipy.linalg import eigh
    from scipy.ndimage import median_filter

    repeated = np.maximum(paths, paths.T)
    np.fill_diagonal(repeated, 0)
    steps = np.square(np.diff(timbre, axis=0)).sum(axis=1)
    near = np.exp(-steps / (np.median(steps) + 1e-9))
    successive = np.diag(near, 1) + np.diag(near, -1)
    # The weight that makes both graphs count alike at every row, in the sense of least squares: equation 6 of the paper.
    degrees = successive.sum(axis=1), repeated.sum(axis=1)
    total = degrees[0] + degrees[1]
    weight = float(degrees[0] @ total / max(1e-12, float(total @ total)))
    graph = weight * repeated + (1 - weight) * successive
    roots = np.sqrt(np.maximum(graph.sum(axis=1), 1e-9))
    laplacian = np.eye(len(graph)) - graph / roots[:, np.newaxis] / roots
    _, vectors = eigh(laplacian, subset_by_index=[0, min(GROUPS, len(graph)) - 1])
    vectors = median_filter(vectors, size=(SMOOTHING_ROWS, 1))
    unit: FloatArray = (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)).astype(np.float32)
    return unit
