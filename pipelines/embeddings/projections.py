"""Few coordinates for many frames: principal components, t-SNE, UMAP and the eigenvectors of a graph of neighbours."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.arrays import FloatArray, IntArray

BLOCK_ROWS = 4096
"""Frames that are centred at once."""
SHIFT = -1e-3
"""Just below the lowest eigenvalue of a graph, where the factorisation of the shifted matrix exists."""
NO_DISTANCE = 1e-6
"""Of the mean distance to the neighbours: closer frames count as equally close."""

FAINTEST_WEIGHT = 1e-12


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Frames along the directions in which they vary most."""

    scores: FloatArray
    """[frames, count], around 0; a column of zeros where there are fewer directions. In each the largest value is positive."""
    explained: tuple[float, ...]
    """Share of the variance in each column, 0 to 1; zeros if nothing varies."""


def principal_components(frames: FloatArray, count: int) -> PrincipalComponents:
    """The first `count` components of `frames` [n, width], exact.

    They come from the eigenvectors of the covariance, or of the Gram matrix where there are fewer frames than dimensions.
    """
    from scipy.linalg import eigh

    rows, width = frames.shape
    mean = frames.mean(axis=0, dtype=np.float64).astype(np.float32)
    matrix = _gram(frames - mean) if rows < width else _scatter(frames, mean)
    found = min(count, len(matrix))
    total = float(np.trace(matrix, dtype=np.float64))
    last = len(matrix) - 1
    values, vectors = eigh(matrix, subset_by_index=[last - found + 1, last], overwrite_a=True, check_finite=False)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    scores: FloatArray = np.zeros((rows, count), dtype=np.float32)
    if rows < width:
        scores[:, :found] = vectors * np.sqrt(values)
    else:
        for start in range(0, rows, BLOCK_ROWS):
            scores[start : start + BLOCK_ROWS, :found] = (frames[start : start + BLOCK_ROWS] - mean) @ vectors
    scores = _heads_up(scores)
    shares = np.zeros(count)
    if total > 0:
        shares[:found] = values / total
    return PrincipalComponents(scores, tuple(float(share) for share in shares))


def _heads_up(columns: FloatArray) -> FloatArray:
    """`columns` [n, count] with the sign for each that makes its largest value positive; eigenvectors have none of their own."""
    heads = columns[np.abs(columns).argmax(axis=0), np.arange(columns.shape[1])]
    turned: FloatArray = columns * np.where(heads < 0, np.float32(-1), np.float32(1))
    return turned


def _gram(centred: FloatArray) -> FloatArray:
    gram: FloatArray = centred @ centred.T
    return gram


def _scatter(frames: FloatArray, mean: FloatArray) -> FloatArray:
    """[width, width], what the covariance is a multiple of."""
    scatter = np.zeros((frames.shape[1], frames.shape[1]), dtype=np.float32)
    for start in range(0, len(frames), BLOCK_ROWS):
        block = frames[start : start + BLOCK_ROWS] - mean
        scatter += block.T @ block
    return scatter


def nearest(rows: FloatArray, of: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
    """(places [n, count], Euclidean distances [n, count]) of the frames `rows` [m, width] next to each of `of`, nearest first."""
    from sklearn.neighbors import NearestNeighbors

    distances, places = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(rows).kneighbors(of)
    return places.astype(np.int64), distances.astype(np.float32)


def tsne_layout(rows: FloatArray, dimensions: int, perplexity: float, seed: int) -> FloatArray:
    """t-SNE (van der Maaten 2014) of `rows` [n, width], from their first principal components: [n, dimensions]."""
    from sklearn.manifold import TSNE

    most = (len(rows) - 1) / 3
    layout: FloatArray = TSNE(dimensions, perplexity=min(perplexity, most), init="pca", random_state=seed).fit_transform(rows)
    return layout


def umap_layout(rows: FloatArray, dimensions: int, neighbours: int, min_distance: float, seed: int) -> FloatArray:
    """UMAP (McInnes, Healy and Melville 2018) of `rows` [n, width], from their first principal components: [n, dimensions].

    The neighbours are exact, which for some thousand frames is quicker than umap-learn's search. For the first call in a process
    see `warm_up_umap`.
    """
    umap = _umap_kept_on_disk()
    places, distances = nearest(rows, rows, min(neighbours, len(rows) - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it cannot place new frames later, and that a seed means one thread
        layout: FloatArray = umap.UMAP(
            n_components=dimensions,
            n_neighbors=places.shape[1],
            min_dist=min_distance,
            random_state=seed,
            n_jobs=1,
            init="pca",
            precomputed_knn=(places, distances),
        ).fit_transform(rows)
    return layout


def warm_up_umap() -> None:
    """Import UMAP (1.5 s, once in a process) and compile it (15 s, once on a machine: numba keeps what it compiled on disk).

    Best in a thread of its own as soon as somebody may ask for a map; see `background_steps.Preparation`.
    """
    umap_layout(np.random.default_rng(0).standard_normal((32, 4)).astype(np.float32), 2, 5, 0.1, seed=0)


def _umap_kept_on_disk() -> Any:
    """The library. Of its functions those that `umap_layout` needs are not kept on disk by themselves: 4 s at each start."""
    import umap
    from umap import layouts, umap_

    needed = (umap_.smooth_knn_dist, umap_.compute_membership_strengths, layouts._nb_optimize_layout_euclidean_single_epoch)
    for function in needed:
        if not function.signatures:
            function.enable_caching()
    return umap


def spectral_layout(rows: FloatArray, dimensions: int, neighbours: int) -> FloatArray:
    """Laplacian eigenmaps (Belkin and Niyogi 2003) of `rows` [n, width]: [n, dimensions].

    The graph joins each frame with its nearest ones, weighed on the scale of their neighbourhoods (Zelnik-Manor and Perona 2004);
    parts without a connection are joined where they come closest.
    """
    from scipy import sparse
    from scipy.sparse.linalg import eigsh

    graph = _connected(_neighbour_graph(rows, neighbours), rows)
    root = np.sqrt(np.asarray(graph.sum(axis=1)).ravel())
    scale = sparse.diags(1 / root)
    laplacian = sparse.csc_matrix(sparse.identity(len(rows)) - scale @ graph @ scale)
    start = np.random.default_rng(0).standard_normal(len(rows))
    _, vectors = eigsh(laplacian, dimensions + 1, sigma=SHIFT, v0=start)  # ascending; the first is constant
    return _heads_up((vectors[:, 1:] / root[:, np.newaxis]).astype(np.float32))


def _neighbour_graph(rows: FloatArray, neighbours: int) -> Any:
    """Symmetric weights [n, n], sparse, each above 0 and at most 1."""
    from scipy import sparse

    count = min(neighbours + 1, len(rows))
    places, distances = nearest(rows, rows, count)
    squares = distances.astype(np.float64) ** 2
    reach = np.maximum(distances[:, -1], NO_DISTANCE * distances.mean()).astype(np.float64)
    scales = reach[:, np.newaxis] * reach[places]
    weights = np.exp(-np.divide(squares, scales, out=np.zeros_like(squares), where=scales > 0))
    weights = np.maximum(weights, FAINTEST_WEIGHT)
    begins = np.repeat(np.arange(len(rows)), count)
    graph = sparse.csr_matrix((weights.ravel(), (begins, places.ravel())), shape=(len(rows), len(rows)))
    graph.setdiag(0)
    graph.eliminate_zeros()
    return graph.maximum(graph.T)


def _connected(graph: Any, rows: FloatArray) -> Any:
    """`graph` with edges of usual weight between parts, each from one part to the nearest frame outside of it."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    usual = float(np.median(graph.data))
    while True:
        count, part = connected_components(graph, directed=False)
        if count == 1:
            return graph
        edges = [_way_out(rows, np.flatnonzero(part == one), np.flatnonzero(part != one)) for one in range(count)]
        begins, ends = np.array(edges).T
        bridges = sparse.csr_matrix((np.full(count, usual), (begins, ends)), shape=graph.shape)
        graph = graph.maximum(bridges).maximum(bridges.T)


def _way_out(rows: FloatArray, inside: IntArray, outside: IntArray) -> tuple[int, int]:
    """The nearest two frames of which one is `inside` and one `outside`."""
    ends, distances = nearest(rows[outside], rows[inside], 1)
    begin = int(distances.argmin())
    return int(inside[begin]), int(outside[ends[begin, 0]])
