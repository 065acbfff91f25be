"""Projections of frames to few dimensions: principal components, t-SNE, UMAP and Laplacian eigenmaps."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.jobs.result import Result

EIGENVALUE_SHIFT = -1e-3
"""Just below the lowest eigenvalue of a Laplacian, where the shifted matrix can be factorised."""
MIN_DISTANCE_RATIO = 1e-6
"""Minimum scale of a neighbourhood, relative to the mean neighbour distance: closer frames count as equally close."""
TSNE_ITERATIONS = 500
"""Half of scikit-learn's: in the maps of the examples the trustworthiness is 0.9874, 0.951 and 0.972 instead of 0.9881, 0.949 and
0.973, in half of the time."""
MIN_EDGE_WEIGHT = 1e-12
"""Minimum weight of an edge of the neighbour graph."""


@dataclass(frozen=True, eq=False)
class PrincipalComponents(Result):
    """Frames in the directions in which they vary most."""

    scores: FloatArray
    """[frames, count], centred; the entry of largest magnitude in each column is positive. A column is zero where there are
    fewer directions."""
    explained_variance_ratio: tuple[float, ...]
    """Fraction of the variance in each column, 0 to 1; zeros if nothing varies."""


def principal_components(frames: FloatArray, count: int) -> PrincipalComponents:
    """Return the first `count` principal components of `frames` [n, width].

    The solver is the fastest of scikit-learn's for the shape: the covariance's eigenvectors for at least as many frames as
    dimensions, Lanczos iteration for fewer, and a full decomposition where all components are asked for.
    """
    from sklearn.decomposition import PCA

    rows, width = frames.shape
    scores, ratio = np.zeros((rows, count), dtype=np.float32), np.zeros(count)
    found = min(count, rows, width)
    # Centred first: the covariance of frames far from the origin would lose its digits.
    centred: FloatArray = frames - frames.mean(axis=0, dtype=np.float64).astype(np.float32)
    if rows > 1 and np.abs(centred).max() > np.finfo(np.float32).tiny:
        solver = "covariance_eigh" if rows >= width else "arpack" if found < rows else "full"
        pca = PCA(found, svd_solver=solver, random_state=0)
        # Lanczos iteration in float32 is off by 2e-5; a table with fewer frames than dimensions is small.
        found_scores = pca.fit_transform(centred if rows >= width else centred.astype(np.float64))
        scores[:, :found] = _with_fixed_signs(found_scores.astype(np.float32))
        ratio[:found] = pca.explained_variance_ratio_
    return PrincipalComponents(scores, tuple(ratio.tolist()))


def nearest_neighbours(frames: FloatArray, queries: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
    """Return the `count` nearest of `frames` [m, width] for each of `queries` [n, width], nearest first.

    Returns:
        (indices [n, count], Euclidean distances [n, count])
    """
    from sklearn.neighbors import NearestNeighbors

    distances, indices = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(frames).kneighbors(queries)
    return indices.astype(np.int64), distances.astype(np.float32)


def tsne_layout(frames: FloatArray, dimensions: int, perplexity: float, seed: int) -> FloatArray:
    """Return the t-SNE (van der Maaten 2014) [n, dimensions] of `frames` [n, width], from principal components."""
    from sklearn.manifold import TSNE

    perplexity = min(perplexity, (len(frames) - 1) / 3)
    tsne = TSNE(dimensions, perplexity=perplexity, init="pca", random_state=seed, max_iter=TSNE_ITERATIONS)
    layout: FloatArray = tsne.fit_transform(frames)
    return layout


def umap_layout(frames: FloatArray, dimensions: int, neighbours: int, min_distance: float, seed: int) -> FloatArray:
    """Return the UMAP (McInnes, Healy and Melville 2018) [n, dimensions] of `frames` [n, width], from principal components.

    The neighbours are exact, which for some thousand frames is faster than umap-learn's search. For the first call in a process
    see `warm_up_umap`.
    """
    umap = _umap_with_disk_cache()
    indices, distances = nearest_neighbours(frames, frames, min(neighbours, len(frames) - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it cannot transform new frames, and that a seed means one thread
        layout: FloatArray = umap.UMAP(
            n_components=dimensions,
            n_neighbors=indices.shape[1],
            min_dist=min_distance,
            random_state=seed,
            n_jobs=1,
            init="pca",
            precomputed_knn=(indices, distances),
        ).fit_transform(frames)
    return layout


def warm_up_umap() -> None:
    """Import UMAP (1.5 s, once in a process) and compile it (15 s, once on a machine: numba caches what it compiled on disk).

    Best run in a thread as soon as a map may be asked for; see `background.Preparation`.
    """
    umap_layout(np.random.default_rng(0).standard_normal((32, 4)).astype(np.float32), 2, 5, 0.1, seed=0)


def _umap_with_disk_cache() -> Any:
    """Import umap-learn and enable numba's disk cache for the functions that lack it: 4 s at each start."""
    import umap
    from umap import layouts, umap_

    needed = (umap_.smooth_knn_dist, umap_.compute_membership_strengths, layouts._nb_optimize_layout_euclidean_single_epoch)
    for function in needed:
        if not function.signatures:
            function.enable_caching()
    return umap


def spectral_layout(frames: FloatArray, dimensions: int, neighbours: int) -> FloatArray:
    """Return the Laplacian eigenmaps (Belkin and Niyogi 2003) [n, dimensions] of `frames` [n, width].

    The graph joins each frame with its nearest ones, weighted on the scale of their neighbourhoods (Zelnik-Manor and Perona
    2004); components without a connection are joined where they are closest.
    """
    from scipy import sparse
    from scipy.sparse.linalg import eigsh

    graph = _connected(_neighbour_graph(frames, neighbours), frames)
    root = np.sqrt(np.asarray(graph.sum(axis=1)).ravel())
    scale = sparse.diags(1 / root)
    laplacian = sparse.csc_matrix(sparse.identity(len(frames)) - scale @ graph @ scale)
    start = np.random.default_rng(0).standard_normal(len(frames))
    # scikit-learn's spectral_embedding gives the same with a shift of 1, in 2.5 s instead of 0.3 s for 4000 frames.
    _, vectors = eigsh(laplacian, dimensions + 1, sigma=EIGENVALUE_SHIFT, v0=start)  # ascending; the first is constant
    return _with_fixed_signs((vectors[:, 1:] / root[:, np.newaxis]).astype(np.float32))


def _with_fixed_signs(columns: FloatArray) -> FloatArray:
    """Flip columns [n, count] so that the entry of largest magnitude is positive: eigenvectors have no sign of their own."""
    largest = columns[np.abs(columns).argmax(axis=0), np.arange(columns.shape[1])]
    flipped: FloatArray = columns * np.where(largest < 0, np.float32(-1), np.float32(1))
    return flipped


def _neighbour_graph(frames: FloatArray, neighbours: int) -> Any:
    """Return symmetric sparse weights [n, n], each above 0 and at most 1."""
    from scipy import sparse

    count = min(neighbours + 1, len(frames))
    indices, distances = nearest_neighbours(frames, frames, count)
    squares = distances.astype(np.float64) ** 2
    reach = np.maximum(distances[:, -1], MIN_DISTANCE_RATIO * distances.mean()).astype(np.float64)
    scales = reach[:, np.newaxis] * reach[indices]
    weights = np.exp(-np.divide(squares, scales, out=np.zeros_like(squares), where=scales > 0))
    weights = np.maximum(weights, MIN_EDGE_WEIGHT)
    starts = np.repeat(np.arange(len(frames)), count)
    graph = sparse.csr_matrix((weights.ravel(), (starts, indices.ravel())), shape=(len(frames), len(frames)))
    graph.setdiag(0)
    graph.eliminate_zeros()
    return graph.maximum(graph.T)


def _connected(graph: Any, frames: FloatArray) -> Any:
    """Join the components of `graph` by edges of median weight, each from one component to the nearest frame outside."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    weight = float(np.median(graph.data))
    while True:
        count, component = connected_components(graph, directed=False)
        if count == 1:
            return graph
        edges = [
            _closest_pair(frames, np.flatnonzero(component == one), np.flatnonzero(component != one)) for one in range(count)
        ]
        starts, ends = np.array(edges).T
        bridges = sparse.csr_matrix((np.full(count, weight), (starts, ends)), shape=graph.shape)
        graph = graph.maximum(bridges).maximum(bridges.T)


def _closest_pair(frames: FloatArray, inside: IntArray, outside: IntArray) -> tuple[int, int]:
    """Return the indices of the closest two frames of which one is `inside` and one `outside`."""
    ends, distances = nearest_neighbours(frames[outside], frames[inside], 1)
    start = int(distances.argmin())
    return int(inside[start]), int(outside[ends[start, 0]])
