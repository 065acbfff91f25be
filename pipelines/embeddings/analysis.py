"""Other views of an embedding: self-similarity, a heat map of its dimensions, norm and change, nearest moments, layers compared.

Every view has a bounded size, whatever the length of the clip, and works block by block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from models.arrays import DoubleArray, FloatArray, IntArray
from models.errors import InvalidOption
from pipelines.embeddings.map import check_frames
from pipelines.embeddings.projections import principal_components

MAX_CELLS = 1000
"""Along each side of a picture."""
MAX_MOMENTS = 100
DEVIATIONS = 3.0
"""The heat map's colours end this far from the mean of each dimension."""
SMALLEST_LENGTH = 1e-12
BLOCK_FRAMES = 4096
CKA_FRAMES = 2048
"""Of the frames to compare; similarity of so many is within about 0.01 of that of all."""

Rows = TypeVar("Rows", FloatArray, DoubleArray)


@dataclass(frozen=True, eq=False)
class SelfSimilarity:
    """How alike each two moments are."""

    values: FloatArray
    """[cells, cells], cosine similarity, -1 to 1, symmetric; the frames of a cell are averaged."""
    times: DoubleArray
    """[cells], seconds: the centre of each cell."""


@dataclass(frozen=True, eq=False)
class Heatmap:
    """Dimensions over time, those that rise and fall together side by side."""

    values: FloatArray
    """[rows, cells], -1 to 1: standard deviations from the mean of each dimension, a third of them, cut at three."""
    dimensions: IntArray
    """[rows], which dimension each row is."""
    times: DoubleArray
    """[cells], seconds: the centre of each cell."""


@dataclass(frozen=True, eq=False)
class NormAndChange:
    """Two curves over the frames."""

    norm: FloatArray
    """[frames], Euclidean length."""
    change: FloatArray
    """[frames], cosine distance to the frame before, 0 to 2; 0 for the first."""


@dataclass(frozen=True)
class Moment:
    """A moment that sounds like another."""

    index: int
    """Of the frame."""
    time: float
    """Seconds."""
    similarity: float
    """-1 to 1, cosine after the mean of the clip is taken away."""


@dataclass(frozen=True, eq=False)
class LayerFrames:
    """One layer of one encoder, to compare with others."""

    name: str
    frames: FloatArray
    """[frames, width]."""
    times: DoubleArray
    """[frames], seconds: the centre of each frame, ascending."""


def nearest_in_time(times: DoubleArray, moments: DoubleArray) -> IntArray:
    """[moments], which of the ascending `times` [n] is nearest to each."""
    return np.searchsorted((times[:-1] + times[1:]) / 2, moments).astype(np.int64)


def self_similarity(frames: FloatArray, times: DoubleArray, size: int = MAX_CELLS) -> SelfSimilarity:
    """Cosine similarity of all moments of `frames` [n, width], in at most `size` by `size` cells.

    The mean of the clip is taken away first: most encoders put all that they hear into one narrow cone, where all is alike.

    Raises:
        InvalidOption: `size` is not between 1 and `MAX_CELLS`.
        EmptyEmbedding, BrokenEmbedding: see `embedding_map.check_frames`.
    """
    edges = _cells(frames, size)
    rows = _unit(_cell_means(frames, edges) - frames.mean(axis=0, dtype=np.float64).astype(np.float32))
    values: FloatArray = np.clip(rows @ rows.T, -1, 1)
    return SelfSimilarity(values, _cell_means(times[:, np.newaxis], edges)[:, 0])


def heatmap(frames: FloatArray, times: DoubleArray, rows: int = 128, size: int = MAX_CELLS) -> Heatmap:
    """The `rows` dimensions of `frames` [n, width] that vary most, in at most `size` cells of time.

    They are ordered by where they lie in the plane of the first two principal components, so that dimensions that rise and fall
    together stand side by side (Friendly 2002). Dimensions that never change are left out.

    Raises:
        InvalidOption: `size` or `rows` is not between 1 and `MAX_CELLS`.
        EmptyEmbedding, BrokenEmbedding: see `embedding_map.check_frames`.
    """
    if not 1 <= rows <= MAX_CELLS:
        raise InvalidOption("rows", rows, f"1 to {MAX_CELLS}")
    edges = _cells(frames, size)
    mean, deviation = _mean_and_deviation(frames)
    moving = np.flatnonzero(deviation > SMALLEST_LENGTH * np.maximum(1, np.abs(mean)))
    chosen = np.sort(moving[np.argsort(-deviation[moving], kind="stable")[:rows]])
    cells = (_cell_means(frames, edges)[:, chosen] - mean[chosen]) / deviation[chosen]  # [cells, rows]
    order = _side_by_side(cells.T.astype(np.float32))
    values: FloatArray = np.clip(cells.T[order] / DEVIATIONS, -1, 1).astype(np.float32)
    return Heatmap(values, chosen[order], _cell_means(times[:, np.newaxis], edges)[:, 0])


def norm_and_change(frames: FloatArray) -> NormAndChange:
    """How long each frame of `frames` [n, width] is, and how much it differs in direction from the one before.

    Raises:
        EmptyEmbedding, BrokenEmbedding: see `embedding_map.check_frames`.
    """
    check_frames(frames)
    norm = np.sqrt(np.einsum("nw,nw->n", frames, frames, dtype=np.float64))
    along = np.einsum("nw,nw->n", frames[1:], frames[:-1], dtype=np.float64)
    cosine = along / np.maximum(norm[1:] * norm[:-1], SMALLEST_LENGTH)
    change = np.concatenate([[0.0], np.clip(1 - cosine, 0, 2)])
    return NormAndChange(norm.astype(np.float32), change.astype(np.float32))


def nearest_moments(
    frames: FloatArray, times: DoubleArray, index: int, count: int = 5, at_least_apart_seconds: float = 1.0
) -> tuple[Moment, ...]:
    """Where else in the clip it sounds like frame `index` of `frames` [n, width], best first.

    All are at least so many seconds from that frame and from each other.

    Raises:
        InvalidOption: no such frame, or a count or distance that cannot be.
        EmptyEmbedding, BrokenEmbedding: see `embedding_map.check_frames`.
    """
    if not 0 <= index < len(frames):
        raise InvalidOption("frame", index, f"0 to {len(frames) - 1}")
    if not 1 <= count <= MAX_MOMENTS:
        raise InvalidOption("number of moments", count, f"1 to {MAX_MOMENTS}")
    if not at_least_apart_seconds >= 0:
        raise InvalidOption("distance", at_least_apart_seconds, "0 s and more")
    check_frames(frames)
    similarity = _similarity_to(frames, index)
    is_free = np.abs(times - times[index]) >= at_least_apart_seconds
    is_free[index] = False
    found: list[Moment] = []
    while len(found) < count and is_free.any():
        best = int(np.argmax(np.where(is_free, similarity, -np.inf)))
        found.append(Moment(best, float(times[best]), float(similarity[best])))
        is_free &= np.abs(times - times[best]) >= at_least_apart_seconds
        is_free[best] = False
    return tuple(found)


def linear_cka(one: FloatArray, other: FloatArray) -> float:
    """Linear centred kernel alignment (Kornblith et al. 2019) of `one` [n, width] and `other` [n, any width], 0 to 1.

    It does not change if either is turned, shifted or scaled as a whole. 0 if one of them never changes.

    Raises:
        InvalidOption: another number of frames.
        EmptyEmbedding, BrokenEmbedding: see `embedding_map.check_frames`.
    """
    if len(one) != len(other):
        raise InvalidOption("frames", f"{len(one)} and {len(other)}", "as many of one layer as of the other")
    check_frames(one)
    check_frames(other)
    return _alignment(_centred(one), _centred(other))


def cka_of_layers(layers: Sequence[LayerFrames], others: Sequence[LayerFrames] | None = None) -> FloatArray:
    """[layers, others], the linear CKA of each layer with each of `others` (default: with each other), 0 to 1.

    Frames are brought to one clock, which has as many ticks as the layer with the fewest frames and at most `CKA_FRAMES`: what
    lies around a tick is averaged.

    Raises:
        InvalidOption: no layers, or layers that have no time in common.
        EmptyEmbedding, BrokenEmbedding: see `embedding_map.check_frames`.
    """
    everyone = [*layers, *(others or ())]
    if not everyone:
        raise InvalidOption("layers", "none", "one or more")
    ticks = _clock(everyone)
    rows = [_centred(_on_clock(layer, ticks)) for layer in layers]
    if others is not None:
        columns = [_centred(_on_clock(layer, ticks)) for layer in others]
        return np.array([[_alignment(row, column) for column in columns] for row in rows], dtype=np.float32)
    table: FloatArray = np.eye(len(rows), dtype=np.float32)
    for i, row in enumerate(rows):
        for j in range(i + 1):
            table[i, j] = table[j, i] = _alignment(row, rows[j])
    return table


def _cells(frames: FloatArray, size: int) -> IntArray:
    """Edges [cells + 1] of at most `size` runs of frames, as equal as can be."""
    if not 1 <= size <= MAX_CELLS:
        raise InvalidOption("size", size, f"1 to {MAX_CELLS}")
    check_frames(frames)
    return np.round(np.linspace(0, len(frames), min(size, len(frames)) + 1)).astype(np.int64)


def _mean_and_deviation(frames: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """Of each dimension; no copy of all frames is made."""
    mean: DoubleArray = frames.mean(axis=0, dtype=np.float64)
    squares = np.zeros_like(mean)
    for start in range(0, len(frames), BLOCK_FRAMES):
        squares += np.square(frames[start : start + BLOCK_FRAMES] - mean).sum(axis=0)
    return mean, np.sqrt(squares / len(frames))


def _cell_means(rows: Rows, edges: IntArray) -> Rows:
    """[cells, width], the mean of each run of rows."""
    counts = np.diff(edges)[:, np.newaxis].astype(rows.dtype)
    sums: Any = np.add.reduceat(rows, edges[:-1], axis=0)
    means: Rows = sums / counts
    return means


def _unit(rows: FloatArray) -> FloatArray:
    scaled: FloatArray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), SMALLEST_LENGTH)
    return scaled


def _similarity_to(frames: FloatArray, index: int) -> DoubleArray:
    """[n], cosine with frame `index`, around the mean of all; no copy of the frames is made."""
    mean = frames.mean(axis=0, dtype=np.float64)
    asked = (frames[index] - mean).astype(np.float32)
    along = (frames @ asked).astype(np.float64) - mean @ asked
    squares = np.einsum("nw,nw->n", frames, frames, dtype=np.float64) - 2 * (frames @ mean.astype(np.float32)) + mean @ mean
    lengths = np.sqrt(np.maximum(squares, 0)) * np.linalg.norm(asked)
    similarity: DoubleArray = np.clip(along / np.maximum(lengths, SMALLEST_LENGTH), -1, 1)
    return similarity


def _side_by_side(rows: FloatArray) -> IntArray:
    """The order [rows] in which similar curves stand next to each other, opened at the widest gap."""
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


def _alignment(one: DoubleArray, other: DoubleArray) -> float:
    """CKA of two centred tables, by the smaller of the two ways to compute it."""
    if len(one) < max(one.shape[1], other.shape[1]):
        left, right = one @ one.T, other @ other.T
        shared, size = float(np.vdot(left, right)), float(np.linalg.norm(left) * np.linalg.norm(right))
    else:
        shared = float(np.linalg.norm(one.T @ other)) ** 2
        size = float(np.linalg.norm(one.T @ one) * np.linalg.norm(other.T @ other))
    return min(1.0, shared / size) if size > 0 else 0.0


def _clock(layers: Sequence[LayerFrames]) -> DoubleArray:
    """Edges [ticks + 1] in seconds."""
    begin = max(float(layer.times[0]) for layer in layers)
    end = min(float(layer.times[-1]) for layer in layers)
    if begin > end:
        raise InvalidOption("layers", "of different times", "layers that have heard the same clip")
    inside = min(int(np.count_nonzero((layer.times >= begin) & (layer.times <= end))) for layer in layers)
    ticks = max(1, min(inside, CKA_FRAMES))
    half = (end - begin) / max(1, ticks - 1) / 2
    edges: DoubleArray = np.linspace(begin - half, end + half, ticks + 1).astype(np.float64)
    return edges


def _on_clock(layer: LayerFrames, edges: DoubleArray) -> FloatArray:
    """[ticks, width], the mean of what lies around each tick; where nothing does, what lies next to it."""
    check_frames(layer.frames)
    first, last = np.searchsorted(layer.times, edges[:-1]), np.searchsorted(layer.times, edges[1:])
    nearest = nearest_in_time(layer.times, (edges[:-1] + edges[1:]) / 2)
    rows = [layer.frames[a:b].mean(axis=0) if b > a else layer.frames[n] for a, b, n in zip(first, last, nearest, strict=True)]
    clocked: FloatArray = np.stack(rows).astype(np.float32)
    return clocked
