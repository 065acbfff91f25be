"""Spectral clustering of voice embeddings (Ng, Jordan and Weiss 2001), and the number of speakers.

The number is the one whose clusters are the most compact (Rousseeuw's silhouette) and after which the eigenvalues of the graph's
Laplacian rise the most (von Luxburg 2007). One speaker is no clustering, so that it has a rule of its own. All figures were found
on the conversations and the single voices of the tuning split in benchmarks/diarization: there the number was right in all of
them, and in 14 of 20 excerpts of 22 s.
"""

from __future__ import annotations

import numpy as np

from models.arrays import FloatArray, IntArray

MAX_SPEAKERS = 10
NEIGHBOUR_SHARE = 0.2
"""Fraction of the windows with which each is joined: those that are the most alike."""
MIN_NEIGHBOURS = 2
SIMILARITY_SCALE = 0.1
"""Cosine similarity that is lower by this much weighs 1/e in the graph."""
EIGENGAP_WEIGHT = 0.2
"""Weight of the eigengap, 0 to 1, beside the silhouette, -1 to 1."""
MAX_ONE_SPEAKER_SIMILARITY = 0.86
"""Cosine similarity of the two halves of a voice: of 13 single speakers one was below it, with 3 windows in a half; of 60
conversations none was above it."""
MIN_HALF_WINDOWS = 4
"""A half with fewer windows, of 1.6 s every 0.4 s, is no speaker."""
MAX_CLUSTERED_WINDOWS = 1000
"""Maximum number of windows that are clustered, evenly spread over the clip; time and memory grow with its square."""
RESTARTS = 5


def find_speakers(embeds: FloatArray, speakers: int | None) -> FloatArray:
    """Return the mean embedding of each speaker, [speakers, width], each of unit length.

    Args:
        embeds: [windows, width], each of unit length; at least one.
        speakers: how many there are; None to find out.
    """
    chosen = embeds[np.unique(np.linspace(0, len(embeds) - 1, MAX_CLUSTERED_WINDOWS).round().astype(int))]
    most = min(speakers or MAX_SPEAKERS, len(chosen) - 1)
    if most < 2:
        return _centroids(chosen, np.zeros(len(chosen), np.int64))
    values, vectors = _spectrum(chosen, most + 1)
    if speakers is not None:
        return _centroids(chosen, _clusters(vectors, most))
    return _centroids(chosen, _best_clusters(chosen, values, vectors, most))


def _best_clusters(embeds: FloatArray, values: FloatArray, vectors: FloatArray, most: int) -> IntArray:
    """Return the clusters [windows] of the best number of speakers, up to `most`."""
    from sklearn.metrics import silhouette_score

    halves = _clusters(vectors, 2)
    first, second = _centroids(embeds, halves)
    if first @ second >= MAX_ONE_SPEAKER_SIMILARITY or np.bincount(halves).min() < MIN_HALF_WINDOWS:
        return np.zeros(len(embeds), np.int64)
    distances = np.maximum(1.0 - embeds @ embeds.T, 0.0)
    np.fill_diagonal(distances, 0.0)
    scores: dict[int, float] = {}
    found = {2: halves} | {count: _clusters(vectors, count) for count in range(3, most + 1)}
    for count, clusters in found.items():
        silhouette = float(silhouette_score(distances, clusters, metric="precomputed"))
        scores[count] = silhouette + EIGENGAP_WEIGHT * float(values[count] - values[count - 1])
    return found[max(scores, key=scores.__getitem__)]


def _spectrum(embeds: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Return the smallest eigenvalues of the normalised Laplacian, in order, with their vectors [windows, count]."""
    from scipy.linalg import eigh
    from scipy.sparse.csgraph import laplacian

    similarity = embeds @ embeds.T
    neighbours = max(MIN_NEIGHBOURS, round(NEIGHBOUR_SHARE * len(embeds)))
    rows, nearest = np.arange(len(embeds))[:, np.newaxis], np.argsort(-similarity, axis=1)[:, :neighbours]
    weights = np.zeros(similarity.shape)
    weights[rows, nearest] = np.exp((similarity[rows, nearest] - 1.0) / SIMILARITY_SCALE)
    values, vectors = eigh(laplacian((weights + weights.T) / 2, normed=True), subset_by_index=(0, count - 1))
    return values, vectors


def _clusters(vectors: FloatArray, count: int) -> IntArray:
    """Return the cluster of each window, from the first `count` eigenvectors as points on a sphere."""
    from sklearn.cluster import KMeans

    points = vectors[:, :count]
    points = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)
    clusters: IntArray = KMeans(count, n_init=RESTARTS, random_state=0).fit_predict(points)
    return clusters


def _centroids(embeds: FloatArray, clusters: IntArray) -> FloatArray:
    means = np.stack([embeds[clusters == cluster].mean(axis=0) for cluster in np.unique(clusters)])
    centroids: FloatArray = means / np.linalg.norm(means, axis=1, keepdims=True)
    return centroids
