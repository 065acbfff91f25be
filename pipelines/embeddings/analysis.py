"""Analyses of an embedding: self-similarity, a heat map of its dimensions, norm and change, similar frames, CKA of layers.

The size of every result is bounded, whatever the duration of the clip, and frames are read in blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.arrays import AnyArray, DoubleArray, FloatArray, IntArray
from models.errors import InvalidOption
from pipelines.embeddings.embedding_types import check_frames
from pipelines.embeddings.projections import principal_components
from pipelines.jobs.result import Result

MAX_CELLS = 1000
"""Maximum number of cells along each side of a picture."""
MAX_SIMILAR_FRAMES = 100
MAX_DEVIATIONS = 3.0
"""Standard deviations from the mean of a dimension at which the heat map saturates."""
MIN_NORM = 1e-12
BLOCK_FRAMES = 4096
"""Number of frames read at once."""
MAX_CKA_FRAMES = 2048
"""Number of frames that CKA compares; the value is within about 0.01 of that of all frames."""


@dataclass(frozen=True, eq=False)
class SelfSimilarity(Result):
    """Similarity of every two times of a clip."""

    values: FloatArray
    """[cells, cells], cosine similarity, -1 to 1, symmetric; the frames of a cell are averaged."""
    times: DoubleArray
    """[cells], centre of each cell, in seconds."""


@dataclass(frozen=True, eq=False)
class Heatmap(Result):
    """Dimensions over time, ordered so that correlated ones are adjacent."""

    values: FloatArray
    """[rows, cells], -1 to 1: deviation from the mean of the dimension, in units of `MAX_DEVIATIONS` standard deviations."""
    dimensions: IntArray
    """[rows], index of the dimension of each row."""
    times: DoubleArray
    """[cells], centre of each cell, in seconds."""


@dataclass(frozen=True, eq=False)
class NormAndChange(Result):
    """Two curves over time."""

    norm: FloatArray
    """[frames], Euclidean norm."""
    change: FloatArray
    """[frames], cosine distance to the previous frame, 0 to 2; 0 for the first."""


@dataclass(frozen=True)
class SimilarFrame(Result):
    """A frame that is similar to another one."""

    index: int
    """Index of the frame."""
    time: float
    """Centre of the frame, in seconds."""
    similarity: float
    """Cosine similarity of the centred frames, -1 to 1."""


@dataclass(frozen=True, eq=False)
class LayerFrames(Result):
    """The frames of one layer of an encoder, for comparison with other layers."""

    name: str
    frames: FloatArray
    """[frames, width]."""
    times: DoubleArray
    """[frames], centre of each frame in seconds, ascending."""


def nearest_in_time(times: DoubleArray, queries: DoubleArray) -> IntArray:
    """Return for each of `queries` [m] the index of the nearest of the ascending `times` [n]: [m]."""
    return np.searchsorted((times[:-1] + times[1:]) / 2, queries).astype(np.int64)


def self_similarity(frames: FloatArray, times: DoubleArray, size: int = MAX_CELLS) -> SelfSimilarity:
    """Return the cosine similarity of every two of `frames` [n, width], in at most `size` by `size` cells.

    Frames are centred first: those of most encoders lie in a narrow cone, where all of them are similar.

    Raises:
        InvalidOption: `size` is not between 1 and `MAX_CELLS`.
        EmptyEmbedding, BrokenEmbedding: see `map.check_frames`.
    """
    from sklearn.metrics.pairwise import cosine_similarity

    edges = _cells(frames, size)
    cells = _cell_means(frames, edges) - frames.mean(axis=0, dtype=np.float64)
    values: FloatArray = np.clip(cosine_similarity(cells.astype(np.float32)), -1, 1)
    return SelfSimilarity(values, _cell_means(times[:, np.newaxis], edges)[:, 0])


def heatmap(frames: FloatArray, times: DoubleArray, rows: int = 128, size: int = MAX_CELLS) -> Heatmap:
    """Return the `rows` dimensions of `frames` [n, width] that vary most, in at most `size` cells of time.

    They are ordered by their angle in the plane of the first two principal components, so that correlated dimensions are
    adjacent (Friendly 2002). Constant dimensions are left out.

    Raises:
        InvalidOption: `size` or `rows` is not between 1 and `MAX_CELLS`.
        EmptyEmbedding, BrokenEmbedding: see `map.check_frames`.
    """
    if not 1 <= rows <= MAX_CELLS:
        raise InvalidOption("rows", rows, f"1 to {MAX_CELLS}")
    edges = _cells(frames, size)
    mean, deviation = _mean_and_deviation(frames)
    varying = np.flatnonzero(deviation > MIN_NORM * np.maximum(1, np.abs(mean)))
    chosen = np.sort(varying[np.argsort(-deviation[varying], kind="stable")[:rows]])
    cells = (_cell_means(frames, edges)[:, chosen] - mean[chosen]) / deviation[chosen]  # [cells, rows]
    order = _angular_order(cells.T.astype(np.float32))
    values: FloatArray = np.clip(cells.T[order] / MAX_DEVIATIONS, -1, 1).astype(np.float32)
    return Heatmap(values, chosen[order], _cell_means(times[:, np.newaxis], edges)[:, 0])


def norm_and_change(frames: FloatArray) -> NormAndChange:
    """Return the norm of each of `frames` [n, width], and its cosine distance to the previous one.

    Raises:
        EmptyEmbedding, BrokenEmbedding: see `map.check_frames`.
    """
    check_frames(frames)
    norm = np.sqrt(np.einsum("nw,nw->n", frames, frames, dtype=np.float64))
    products = np.einsum("nw,nw->n", frames[1:], frames[:-1], dtype=np.float64)
    cosine = products / np.maximum(norm[1:] * norm[:-1], MIN_NORM)
    change = np.concatenate([[0.0], np.clip(1 - cosine, 0, 2)])
    return NormAndChange(norm.astype(np.float32), change.astype(np.float32))


def similar_frames(
    frames: FloatArray, times: DoubleArray, index: int, count: int = 5, min_distance_seconds: float = 1.0
) -> tuple[SimilarFrame, ...]:
    """Return the frames that are most similar to frame `index` of `frames` [n, width], best first.

    All are at least `min_distance_seconds` from that frame and from each other.

    Raises:
        InvalidOption: the index, the count or the distance is out of range.
        EmptyEmbedding, BrokenEmbedding: see `map.check_frames`.
    """
    if not 0 <= index < len(frames):
        raise InvalidOption("frame", index, f"0 to {len(frames) - 1}")
    if not 1 <= count <= MAX_SIMILAR_FRAMES:
        raise InvalidOption("number of frames", count, f"1 to {MAX_SIMILAR_FRAMES}")
    if not min_distance_seconds >= 0:
        raise InvalidOption("distance", min_distance_seconds, "0 s and more")
    check_frames(frames)
    similarity = _similarity_to(frames, index)
    is_free = np.abs(times - times[index]) >= min_distance_seconds
    is_free[index] = False
    found: list[SimilarFrame] = []
    while len(found) < count and is_free.any():
        best = int(np.argmax(np.where(is_free, similarity, -np.inf)))
        found.append(SimilarFrame(best, float(times[best]), float(similarity[best])))
        is_free &= np.abs(times - times[best]) >= min_distance_seconds
        is_free[best] = False
    return tuple(found)


def nearest_frames(frames: FloatArray, index: int, count: int) -> IntArray:
    """Return [up to count] indices of the frames that are most similar to frame `index` of `frames` [n, width], best first.

    The measure is the cosine similarity of the centred frames.
    """
    similarity = _similarity_to(frames, index)
    similarity[index] = -np.inf
    return np.argsort(-similarity, kind="stable")[: min(count, len(frames) - 1)]


def all_nearest_frames(frames: FloatArray, count: int) -> IntArray:
    """Return [n, up to count], the `nearest_frames` of every frame of `frames` [n, width]."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=min(count, len(frames) - 1), metric="cosine", algorithm="brute")
    found: IntArray = search.fit(_centred(frames)).kneighbors(return_distance=False)
    return found


def layer_cka(layers: Sequence[LayerFrames], others: Sequence[LayerFrames] | None = None) -> FloatArray:
    """Return the linear centred kernel alignment (Kornblith et al. 2019) of each layer with each of `others`, 0 to 1.

    It is invariant to rotation, translation and scaling; 0 for constant frames. The result is [layers, others]; without `others`
    the layers are compared with each other.

    All layers are resampled to one time grid, with as many frames as the layer with the fewest and at most `MAX_CKA_FRAMES`:
    the frames of a cell are averaged.

    Raises:
        InvalidOption: no layers, or layers that have no time in common.
        EmptyEmbedding, BrokenEmbedding: see `map.check_frames`.
    """
    compared = [*layers, *(others or ())]
    if not compared:
        raise InvalidOption("layers", "none", "one or more")
    grid = _common_grid(compared)
    rows = [_centred(_on_grid(layer, grid)) for layer in layers]
    if others is not None:
        columns = [_centred(_on_grid(layer, grid)) for layer in others]
        return np.array([[_centred_cka(row, column) for column in columns] for row in rows], dtype=np.float32)
    table: FloatArray = np.eye(len(rows), dtype=np.float32)
    for i, row in enumerate(rows):
        for j in range(i + 1):
            table[i, j] = table[j, i] = _centred_cka(row, rows[j])
    return table


def _cells(frames: FloatArray, size: int) -> IntArray:
    """Return the edges [cells + 1] of at most `size` runs of frames of nearly equal length."""
    if not 1 <= size <= MAX_CELLS:
        raise InvalidOption("size", size, f"1 to {MAX_CELLS}")
    check_frames(frames)
    return np.round(np.linspace(0, len(frames), min(size, len(frames)) + 1)).astype(np.int64)


def _mean_and_deviation(frames: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """Return the mean and standard deviation of each dimension, without a copy of all frames."""
    mean: DoubleArray = frames.mean(axis=0, dtype=np.float64)
    squares = np.zeros_like(mean)
    for start in range(0, len(frames), BLOCK_FRAMES):
        squares += np.square(frames[start : start + BLOCK_FRAMES] - mean).sum(axis=0)
    return mean, np.sqrt(squares / len(frames))


def _cell_means(rows: AnyArray, edges: IntArray) -> Any:
    """Return [cells, width], the mean of each run of `rows` [n, width], in their dtype."""
    counts = np.diff(edges)[:, np.newaxis].astype(rows.dtype)
    return np.add.reduceat(rows, edges[:-1], axis=0) / counts


def _similarity_to(frames: FloatArray, index: int) -> DoubleArray:
    """Return [n], the cosine similarity of the centred frames to frame `index`, without a copy of the frames."""
    mean = frames.mean(axis=0, dtype=np.float64)
    query = (frames[index] - mean).astype(np.float32)
    products = (frames @ query).astype(np.float64) - mean @ query
    squares = np.einsum("nw,nw->n", frames, frames, dtype=np.float64) - 2 * (frames @ mean.astype(np.float32)) + mean @ mean
    norms = np.sqrt(np.maximum(squares, 0)) * np.linalg.norm(query)
    similarity: DoubleArray = np.clip(products / np.maximum(norms, MIN_NORM), -1, 1)
    return similarity


def _angular_order(rows: FloatArray) -> IntArray:
    """Order [rows] in which correlated curves are adjacent: by angle, beginning after the widest gap."""
    if len(rows) < 3:
        return np.arange(len(rows))
    plane = principal_components(rows, 2).scores
    angles = np.arctan2(plane[:, 1], plane[:, 0])
    order = np.argsort(angles, kind="stable")
    gaps = np.diff(angles[order], append=angles[order[0]] + 2 * np.pi)
    return np.roll(order, -1 - int(gaps.argmax()))


def _centred(frames: FloatArray) -> DoubleArray:
    centred: DoubleArray = frames - frames.mean(axis=0, dtype=np.float64)
    return centred


def _centred_cka(one: DoubleArray, other: DoubleArray) -> float:
    """Return the CKA of two centred tables, from the smaller of their Gram and covariance matrices."""
    if len(one) < max(one.shape[1], other.shape[1]):
        left, right = one @ one.T, other @ other.T
        alignment, size = float(np.vdot(left, right)), float(np.linalg.norm(left) * np.linalg.norm(right))
    else:
        alignment = float(np.linalg.norm(one.T @ other)) ** 2
        size = float(np.linalg.norm(one.T @ one) * np.linalg.norm(other.T @ other))
    return min(1.0, alignment / size) if size > 0 else 0.0


def _common_grid(layers: Sequence[LayerFrames]) -> DoubleArray:
    """Return the edges [cells + 1] of the time grid, in seconds."""
    start = max(float(layer.times[0]) for layer in layers)
    end = min(float(layer.times[-1]) for layer in layers)
    if start > end:
        raise InvalidOption("layers", "of different times", "layers of the same clip")
    inside = min(int(np.count_nonzero((layer.times >= start) & (layer.times <= end))) for layer in layers)
    cells = max(1, min(inside, MAX_CKA_FRAMES))
    half = (end - start) / max(1, cells - 1) / 2
    edges: DoubleArray = np.linspace(start - half, end + half, cells + 1).astype(np.float64)
    return edges


def _on_grid(layer: LayerFrames, edges: DoubleArray) -> FloatArray:
    """Return [cells, width], the mean of the frames in each cell; the nearest frame where there are none."""
    check_frames(layer.frames)
    first, last = np.searchsorted(layer.times, edges[:-1]), np.searchsorted(layer.times, edges[1:])
    nearest = nearest_in_time(layer.times, (edges[:-1] + edges[1:]) / 2)
    rows = [layer.frames[a:b].mean(axis=0) if b > a else layer.frames[n] for a, b, n in zip(first, last, nearest, strict=True)]
    resampled: FloatArray = np.stack(rows).astype(np.float32)
    return resampled
