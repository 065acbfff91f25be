"""Maps of what an encoder made of a sound: each frame is a point, and frames that the encoder finds alike lie together.

PCA is exact and takes every frame. The others compare frames with their neighbours: they see an even choice of at most
`MAX_LANDMARKS` frames, reduced to `REDUCED_WIDTH` principal components (usual since van der Maaten and Hinton 2008: it takes
away noise, not neighbours); every other frame is put between the three of them that it resembles most. So ten minutes of sound
take hardly longer than two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray, FloatArray, IntArray
from models.cache.feature_store import FeatureKey, FeatureStore
from models.errors import InvalidOption, JobStopped
from models.stopping import never_stop
from pipelines.embeddings.embed import ClipEmbedding
from pipelines.embeddings.errors import BrokenEmbedding, EmptyEmbedding
from pipelines.embeddings.projections import (
    nearest,
    principal_components,
    spectral_layout,
    tsne_layout,
    umap_layout,
    warm_up_umap,
)

__all__ = [
    "METHODS",
    "EmbeddingMap",
    "MapOptions",
    "StackedFrames",
    "check_frames",
    "check_map_options",
    "landmarks",
    "map_embeddings",
    "remembered_map",
    "stacked",
    "warm_up_umap",
]

MapMethod = Literal["pca", "tsne", "umap", "spectral"]

METHODS: dict[MapMethod, str] = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP", "spectral": "Spectral"}
"""Names for people."""
REDUCED_WIDTH = 50
MAX_LANDMARKS: dict[MapMethod, int] = {"tsne": 2000, "umap": 4000, "spectral": 4000}
"""What each method can lay out in some five seconds on one core."""
MIN_FRAMES = 8
"""Below, there are no neighbours to speak of, and PCA shows all there is."""
MIN_NEIGHBOURS, MAX_NEIGHBOURS = 2, 200
MIN_PERPLEXITY, MAX_PERPLEXITY = 2.0, 100.0
MAX_MIN_DISTANCE = 0.99
MAX_SEED = 2**32 - 1
RESEMBLED = 3
"""Landmarks between which another frame is put."""


@dataclass(frozen=True)
class MapOptions:
    """What the person can choose."""

    method: MapMethod = "pca"
    dimensions: Literal[2, 3] = 2
    neighbours: int = 15
    """Frames that a frame is compared with (UMAP, spectral), 2 to 200; fewer where there are not as many."""
    perplexity: float = 30.0
    """t-SNE's soft number of neighbours, 2 to 100; no more than a third of the frames is used."""
    min_distance: float = 0.1
    """How close UMAP may put two frames, 0 to 0.99."""
    seed: int = 0
    """The same seed gives the same map; PCA and spectral maps have no chance in them."""


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """Where each frame lies."""

    points: FloatArray
    """[frames, 2 or 3], in [-1, 1] around the middle of the map; all axes have one scale."""
    explained: tuple[float, ...]
    """PCA: share of the variance along each axis, 0 to 1; () for the others."""
    options: MapOptions
    seconds: float
    """What the map took; next to nothing if it was known."""
    method: MapMethod = "pca"
    """What was used: the method of the options, or PCA where there are too few frames for it."""
    note: str = ""
    """What a person should know of it, in one sentence; mostly empty."""


@dataclass(frozen=True, eq=False)
class StackedFrames:
    """The frames of several clips, one below the other, for one map."""

    rows: FloatArray
    """[all frames, width]."""
    clip: NDArray[np.int32]
    """[all frames], which clip each row is of, from 0."""
    times: DoubleArray
    """[all frames], seconds in its own clip."""


def map_embeddings(
    frames: FloatArray,
    options: MapOptions = MapOptions(),
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> EmbeddingMap:
    """The map of `frames` [n, width], of one clip or of several; the rows of `points` are those of `frames`.

    `should_stop` is looked at between reducing, laying out and placing the rest: the layouts cannot be interrupted.

    Raises:
        InvalidOption, EmptyEmbedding, BrokenEmbedding: before anything is computed.
        JobStopped: `should_stop` said so.
    """
    began = clock()
    check_map_options(options)
    check_frames(frames)
    method, note = _method_for(len(frames), options.method)
    if method == "pca":
        components = principal_components(frames, options.dimensions)
        points, explained = components.scores, components.explained
    else:
        points, explained = _neighbour_map(frames, options, should_stop), ()
    return EmbeddingMap(_scaled(points), explained, options, clock() - began, method, note)


def remembered_map(
    embeddings: Sequence[ClipEmbedding],
    options: MapOptions,
    features: FeatureStore,
    clock: Callable[[], float] = time.perf_counter,
) -> EmbeddingMap:
    """The map of one or more embeddings, one below the other as in `stacked`; what is slow is kept in the feature store.

    Whoever waits for the same map must not be stopped by somebody else, so it takes no stop flag: see `background_steps`.

    Raises:
        InvalidOption, EmptyEmbedding, BrokenEmbedding: before anything is computed.
    """
    began = clock()
    check_map_options(options)
    rows = stacked([(one.frames, one.times) for one in embeddings]).rows
    check_frames(rows)
    method, note = _method_for(len(rows), options.method)
    if method == "pca":
        return replace(map_embeddings(rows, options), seconds=clock() - began)
    first = embeddings[0]
    made_of = [(one.content_hash, one.encoder.key, one.layer) for one in embeddings]
    key = FeatureKey(first.content_hash, first.encoder.spec.key, repr(first.encoder.spec.source), f"map {made_of} {options}")
    points = features.get_or_compute(key, lambda: map_embeddings(rows, options).points)
    return EmbeddingMap(points, (), options, clock() - began, method, note)


def stacked(clips: Sequence[tuple[FloatArray, DoubleArray]]) -> StackedFrames:
    """One table of the (frames [n, width], times [n]) of each clip.

    Raises:
        InvalidOption: no clip, or frames of different widths, which come from different encoders.
    """
    widths = {frames.shape[1] for frames, _ in clips}
    if len(widths) != 1:
        raise InvalidOption("clips of one map", f"widths {sorted(widths)}", "one or more clips with the same encoder and layer")
    counts = [len(frames) for frames, _ in clips]
    return StackedFrames(
        rows=np.concatenate([frames for frames, _ in clips]) if len(clips) > 1 else clips[0][0],
        clip=np.repeat(np.arange(len(clips), dtype=np.int32), counts),
        times=np.concatenate([times for _, times in clips]),
    )


def check_map_options(options: MapOptions) -> None:
    """Raise InvalidOption for what no map can be made with."""
    checks = (
        ("map", options.method, options.method in METHODS, ", ".join(METHODS)),
        ("dimensions", options.dimensions, options.dimensions in (2, 3), "2 or 3"),
        _between("neighbours", options.neighbours, MIN_NEIGHBOURS, MAX_NEIGHBOURS),
        _between("perplexity", options.perplexity, MIN_PERPLEXITY, MAX_PERPLEXITY),
        _between("minimum distance", options.min_distance, 0, MAX_MIN_DISTANCE),
        _between("seed", options.seed, 0, MAX_SEED),
    )
    for name, value, is_right, accepted in checks:
        if not is_right:
            raise InvalidOption(name, value, accepted)


def check_frames(frames: FloatArray) -> None:
    """Check `frames` [n, width] before anything is made of them.

    Raises:
        EmptyEmbedding: there are none.
        BrokenEmbedding: a value is no number, as half precision sometimes makes them.
    """
    if not len(frames):
        raise EmptyEmbedding
    if not np.isfinite(frames.sum(dtype=np.float64)):
        raise BrokenEmbedding


def landmarks(count: int, most: int) -> IntArray:
    """At most `most` of `count` frames, evenly chosen, the first and the last among them; ascending."""
    return np.unique(np.round(np.linspace(0, count - 1, min(count, most))).astype(np.int64))


def _between(name: str, value: float, least: float, most: float) -> tuple[str, object, bool, str]:
    return name, value, least <= value <= most, f"{least:g} to {most:g}"


def _method_for(frames: int, wanted: MapMethod) -> tuple[MapMethod, str]:
    """What can be used for so many frames, and what to say of it."""
    if wanted == "pca":
        return wanted, ""
    if frames < MIN_FRAMES:
        return "pca", f"{_frames(frames)} too few for {METHODS[wanted]}: laid out by PCA."
    if frames > MAX_LANDMARKS[wanted]:
        return wanted, f"{METHODS[wanted]} compared {MAX_LANDMARKS[wanted]:,} of {frames:,} frames; the others lie between them."
    return wanted, ""


def _frames(count: int) -> str:
    return "One frame is" if count == 1 else f"{count} frames are"


def _neighbour_map(frames: FloatArray, options: MapOptions, should_stop: Callable[[], bool]) -> FloatArray:
    """[n, dimensions], by the chosen method."""
    reduced = _reduced(frames)
    if np.ptp(reduced) == 0:
        return np.zeros((len(frames), options.dimensions), dtype=np.float32)
    chosen = landmarks(len(frames), MAX_LANDMARKS[options.method])
    _go_on(should_stop)
    layout = _layout(reduced[chosen], options)
    _go_on(should_stop)
    return layout if len(chosen) == len(frames) else _placed(reduced, chosen, layout)


def _reduced(frames: FloatArray) -> FloatArray:
    """[n, up to 50], scaled to the size that neighbours and gradients are tuned for."""
    scores = principal_components(frames, min(REDUCED_WIDTH, *frames.shape)).scores
    size = float(np.abs(scores).max())
    return scores / np.float32(size) if size > np.finfo(np.float32).tiny else np.zeros_like(scores)


def _layout(rows: FloatArray, options: MapOptions) -> FloatArray:
    match options.method:
        case "tsne":
            return tsne_layout(rows, options.dimensions, options.perplexity, options.seed)
        case "umap":
            return umap_layout(rows, options.dimensions, options.neighbours, options.min_distance, options.seed)
        case _:
            return spectral_layout(rows, options.dimensions, options.neighbours)


def _placed(rows: FloatArray, chosen: IntArray, layout: FloatArray) -> FloatArray:
    """[n, dimensions]: the landmarks where they are, every other row between the nearest ones, by inverse distance."""
    places, distances = nearest(rows[chosen], rows, RESEMBLED)
    weights = 1 / np.maximum(distances.astype(np.float64), np.finfo(np.float32).tiny)
    weights /= weights.sum(axis=1, keepdims=True)
    points: FloatArray = np.einsum("nk,nkd->nd", weights, layout[places]).astype(np.float32)
    points[chosen] = layout
    return points


def _scaled(points: FloatArray) -> FloatArray:
    """In [-1, 1] around the middle, one scale for all axes."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = np.float32((high - low).max() / 2)
    if half == 0:
        return np.zeros_like(points)
    scaled: FloatArray = np.clip((points - (low + high) / 2) / half, -1, 1).astype(np.float32)
    return scaled


def _go_on(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise JobStopped
