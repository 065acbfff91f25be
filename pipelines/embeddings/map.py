"""Maps of embeddings: every frame is a point, and frames that are similar in the embedding lie together.

PCA projects every frame. The other methods compare frames with their neighbours: they lay out at most `MAX_LANDMARKS` evenly
spaced frames, reduced to `REDUCED_WIDTH` principal components (usual since van der Maaten and Hinton 2008: it removes noise and
keeps neighbours), and place every other frame between its nearest landmarks. So ten minutes of audio take hardly longer than two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.arrays import MAX_SEED, DoubleArray, FloatArray, IntArray
from models.cache.feature_store import FeatureKey, FeatureStore
from models.errors import InvalidOption, JobStopped
from models.stopping import never_stop
from pipelines.embeddings.embedding_types import ClipEmbedding, check_frames
from pipelines.embeddings.projections import (
    nearest_neighbours,
    principal_components,
    spectral_layout,
    tsne_layout,
    umap_layout,
)
from pipelines.jobs.result import Result

MapMethod = Literal["pca", "tsne", "umap", "spectral"]

METHODS: dict[MapMethod, str] = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP", "spectral": "Spectral"}
"""Display names."""
REDUCED_WIDTH = 50
"""Number of principal components that neighbours are compared in."""
MAX_LANDMARKS: dict[MapMethod, int] = {"tsne": 2000, "umap": 4000, "spectral": 4000}
"""Number of frames that each method lays out in some five seconds on one core."""
MIN_NEIGHBOUR_FRAMES = 8
"""With fewer frames there are no neighbours to compare, and PCA takes the place of the other methods."""
MIN_NEIGHBOURS, MAX_NEIGHBOURS = 2, 200
MIN_PERPLEXITY, MAX_PERPLEXITY = 2.0, 100.0
MAX_MIN_DISTANCE = 0.99
EQUAL_FRAMES_TOLERANCE = 1e-5
"""Range of values of equal frames relative to the largest value. Models round equal sounds to within 1e-7 (musicnn, a steady
tone); without the tolerance their map would be one of rounding."""
PLACEMENT_LANDMARKS = 3
"""Number of landmarks between which another frame is placed."""


@dataclass(frozen=True)
class MapOptions:
    """Options of `map_embeddings`."""

    method: MapMethod = "pca"
    dimensions: Literal[2, 3] = 2
    neighbours: int = 15
    """Neighbours of each frame for UMAP and spectral maps, 2 to 200; fewer where there are fewer frames."""
    perplexity: float = 30.0
    """t-SNE's effective number of neighbours, 2 to 100; at most a third of the frames is used."""
    min_distance: float = 0.1
    """UMAP's minimum distance between points, 0 to 0.99."""
    seed: int = 0
    """Seed of t-SNE and UMAP: the same seed gives the same map. PCA and spectral maps are deterministic."""


@dataclass(frozen=True, eq=False)
class EmbeddingMap(Result):
    """The position of each frame."""

    points: FloatArray
    """[frames, 2 or 3], in [-1, 1] around the middle of the map; all axes have one scale."""
    explained_variance_ratio: tuple[float, ...]
    """PCA: fraction of the variance along each axis, 0 to 1; () for the other methods."""
    options: MapOptions
    elapsed: float
    """Seconds; close to zero if the map was stored."""
    method: MapMethod = "pca"
    """The method that was used: that of the options, or PCA where there are too few frames for it."""
    note: str = ""
    """One sentence about how the map differs from what was asked for; mostly empty."""


@dataclass(frozen=True, eq=False)
class StackedFrames(Result):
    """The frames of several clips, one below the other, for one map."""

    frames: FloatArray
    """[all frames, width]."""
    clip_index: NDArray[np.int32]
    """[all frames], index of the clip of each frame."""
    times: DoubleArray
    """[all frames], seconds in its own clip."""


def map_embeddings(
    frames: FloatArray,
    options: MapOptions = MapOptions(),
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> EmbeddingMap:
    """Map `frames` [n, width] of one or several clips.

    `should_stop` is polled between reduction, layout and placement; a layout cannot be interrupted.

    Raises:
        InvalidOption, EmptyEmbedding, BrokenEmbedding: before anything is computed.
        JobStopped: `should_stop` returned true.
    """
    began = clock()
    check_map_options(options)
    check_frames(frames)
    method, note = _method_for(len(frames), options.method)
    if _are_equal(frames):
        frames = np.zeros_like(frames)
    if method == "pca":
        components = principal_components(frames, options.dimensions)
        points, ratio = components.scores, components.explained_variance_ratio
    else:
        points, ratio = _neighbour_map(frames, options, should_stop), ()
    points = _scaled(points)
    if not points.any():
        note, ratio = _single_point_note(len(frames)), ()
    return EmbeddingMap(points, ratio, options, clock() - began, method, note)


def stored_map(
    embeddings: Sequence[ClipEmbedding],
    options: MapOptions,
    features: FeatureStore,
    clock: Callable[[], float] = time.perf_counter,
) -> EmbeddingMap:
    """Map the normalised frames of one or more embeddings, stacked as in `stack_frames`.

    Layouts other than PCA are kept in the feature store.

    Several callers may wait for the same map, so none of them can stop it and there is no stop flag: see `in_background`.

    Raises:
        InvalidOption, EmptyEmbedding, BrokenEmbedding: before anything is computed.
    """
    began = clock()
    check_map_options(options)
    frames = stack_frames([(one.normalised_frames(), one.times) for one in embeddings]).frames
    check_frames(frames)
    method, note = _method_for(len(frames), options.method)
    if method == "pca":
        return replace(map_embeddings(frames, options), elapsed=clock() - began)
    first = embeddings[0]
    sources = [(one.content_hash, one.encoder.key, one.layer) for one in embeddings]
    key = FeatureKey(first.content_hash, first.encoder.spec.key, repr(first.encoder.spec.source), f"map {sources} {options}")
    points = features.get_or_compute(key, lambda: map_embeddings(frames, options).points)
    if not points.any():
        note = _single_point_note(len(frames))
    return EmbeddingMap(points, (), options, clock() - began, method, note)


def stack_frames(clips: Sequence[tuple[FloatArray, DoubleArray]]) -> StackedFrames:
    """Stack the (frames [n, width], times [n]) of each clip.

    Raises:
        InvalidOption: no clips, or frames of different widths, which come from different encoders.
    """
    widths = {frames.shape[1] for frames, _ in clips}
    if len(widths) != 1:
        raise InvalidOption("clips of one map", f"widths {sorted(widths)}", "one or more clips with the same encoder and layer")
    counts = [len(frames) for frames, _ in clips]
    return StackedFrames(
        frames=np.concatenate([frames for frames, _ in clips]) if len(clips) > 1 else clips[0][0],
        clip_index=np.repeat(np.arange(len(clips), dtype=np.int32), counts),
        times=np.concatenate([times for _, times in clips]),
    )


def check_map_options(options: MapOptions) -> None:
    """Raise InvalidOption for an option out of range."""
    checks = (
        ("map", options.method, options.method in METHODS, ", ".join(METHODS)),
        ("dimensions", options.dimensions, options.dimensions in (2, 3), "2 or 3"),
        _between("neighbours", options.neighbours, MIN_NEIGHBOURS, MAX_NEIGHBOURS),
        _between("perplexity", options.perplexity, MIN_PERPLEXITY, MAX_PERPLEXITY),
        _between("minimum distance", options.min_distance, 0, MAX_MIN_DISTANCE),
        _between("seed", options.seed, 0, MAX_SEED),
    )
    for name, value, is_valid, accepted in checks:
        if not is_valid:
            raise InvalidOption(name, value, accepted)


def landmark_indices(count: int, max_landmarks: int) -> IntArray:
    """Return ascending indices of at most `max_landmarks` of `count` frames, evenly spaced, the first and the last among them."""
    return np.unique(np.round(np.linspace(0, count - 1, min(count, max_landmarks))).astype(np.int64))


def _between(name: str, value: float, low: float, high: float) -> tuple[str, object, bool, str]:
    return name, value, low <= value <= high, f"{low:g} to {high:g}"


def _method_for(count: int, method: MapMethod) -> tuple[MapMethod, str]:
    """Return the method that can map `count` frames, and a note about it."""
    if method == "pca":
        return method, ""
    if count < MIN_NEIGHBOUR_FRAMES:
        frames = "One frame is" if count == 1 else f"{count} frames are"
        return "pca", f"{frames} too few for {METHODS[method]}: laid out by PCA."
    if count > MAX_LANDMARKS[method]:
        return method, f"{METHODS[method]} compared {MAX_LANDMARKS[method]:,} of {count:,} frames; the others lie between them."
    return method, ""


def _are_equal(frames: FloatArray) -> bool:
    low, high = frames.min(axis=0), frames.max(axis=0)
    return bool((high - low).max() <= EQUAL_FRAMES_TOLERANCE * max(high.max(), -low.min()))


def _single_point_note(count: int) -> str:
    if count == 1:
        return "The clip has a single frame, so the map is a single point."
    return f"All {count:,} frames are equal, so the map is a single point."


def _neighbour_map(frames: FloatArray, options: MapOptions, should_stop: Callable[[], bool]) -> FloatArray:
    """Return the map [n, dimensions] by the chosen method."""
    reduced = _reduced(frames)
    if np.ptp(reduced) == 0:
        return np.zeros((len(frames), options.dimensions), dtype=np.float32)
    landmarks = landmark_indices(len(frames), MAX_LANDMARKS[options.method])
    _raise_if_stopped(should_stop)
    layout = _layout(reduced[landmarks], options)
    _raise_if_stopped(should_stop)
    return layout if len(landmarks) == len(frames) else _placed(reduced, landmarks, layout)


def _reduced(frames: FloatArray) -> FloatArray:
    """Return the frames [n, up to 50], scaled to the size that neighbours and gradients are tuned for."""
    scores = principal_components(frames, min(REDUCED_WIDTH, *frames.shape)).scores
    size = float(np.abs(scores).max())
    return scores / np.float32(size) if size > np.finfo(np.float32).tiny else np.zeros_like(scores)


def _layout(frames: FloatArray, options: MapOptions) -> FloatArray:
    match options.method:
        case "tsne":
            return tsne_layout(frames, options.dimensions, options.perplexity, options.seed)
        case "umap":
            return umap_layout(frames, options.dimensions, options.neighbours, options.min_distance, options.seed)
        case _:
            return spectral_layout(frames, options.dimensions, options.neighbours)


def _placed(frames: FloatArray, landmarks: IntArray, layout: FloatArray) -> FloatArray:
    """Return [n, dimensions]: landmarks as in `layout`, every other frame between the nearest landmarks, by inverse distance."""
    indices, distances = nearest_neighbours(frames[landmarks], frames, PLACEMENT_LANDMARKS)
    weights = 1 / np.maximum(distances.astype(np.float64), np.finfo(np.float32).tiny)
    weights /= weights.sum(axis=1, keepdims=True)
    points: FloatArray = np.einsum("nk,nkd->nd", weights, layout[indices]).astype(np.float32)
    points[landmarks] = layout
    return points


def _scaled(points: FloatArray) -> FloatArray:
    """Scale to [-1, 1] around the middle, with one scale for all axes."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = np.float32((high - low).max() / 2)
    if half == 0:
        return np.zeros_like(points)
    scaled: FloatArray = np.clip((points - (low + high) / 2) / half, -1, 1).astype(np.float32)
    return scaled


def _raise_if_stopped(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise JobStopped
