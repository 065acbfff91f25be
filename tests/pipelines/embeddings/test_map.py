from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from models.cache.feature_store import FeatureStore
from models.errors import InvalidOption, JobStopped
from pipelines.embeddings import map as embedding_map
from pipelines.embeddings.errors import BrokenEmbedding, EmptyEmbedding
from pipelines.embeddings.map import (
    METHODS,
    MapOptions,
    landmark_indices,
    map_embeddings,
    stack_frames,
    stored_map,
)
from pipelines.embeddings.projections import principal_components, spectral_layout, warm_up_umap
from tests.pipelines.embeddings.embedding_examples import embedding, walk

ALL_METHODS = [method if method != "umap" else pytest.param(method, marks=pytest.mark.models) for method in METHODS]
"""UMAP is compiled at its first use, for half a minute."""


def options(method: Any = "pca", dimensions: Any = 2, **more: Any) -> MapOptions:
    return MapOptions(method, dimensions, **more)


def blobs(seed: int = 0) -> Any:
    """Three groups of 40 frames far from each other, 20 wide."""
    rng = np.random.default_rng(seed)
    centres = 20 * rng.standard_normal((3, 20))
    return (np.repeat(centres, 40, axis=0) + rng.standard_normal((120, 20))).astype(np.float32)


def purity(points: Any, group: Any) -> float:
    """Share of the points whose nearest other point is of the same group."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return float(np.mean(group[distances.argmin(axis=1)] == group))


@pytest.mark.parametrize(("rows", "width"), [(500, 40), (30, 200), (3, 5)])
def test_pca_equals_a_decomposition_in_double_precision_up_to_the_sign(rows: int, width: int) -> None:
    frames = walk(rows, width) + 100
    ours, theirs = principal_components(frames, 3), PCA(min(3, rows))
    expected = theirs.fit_transform(frames.astype(np.float64))
    reach = np.abs(expected).max()
    for column in range(2):
        sign = np.sign(np.dot(ours.scores[:, column], expected[:, column]))
        np.testing.assert_allclose(ours.scores[:, column] / reach, sign * expected[:, column] / reach, atol=2e-4)
    np.testing.assert_allclose(ours.explained_variance_ratio[:2], theirs.explained_variance_ratio_[:2], atol=1e-5)
    heads = ours.scores[np.abs(ours.scores).argmax(axis=0), range(3)]
    assert (heads >= 0).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 100), st.integers(2, 3))
@settings(max_examples=20, deadline=None)
def test_pca_maps_are_invariant_to_rotation_translation_and_scaling(seed: int, scale: float, dimensions: int) -> None:
    rng = np.random.default_rng(seed)
    frames = (rng.standard_normal((60, 6)) * (9, 6, 4, 2, 1, 0.5)).astype(np.float32)
    turn, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    moved = (scale * (frames @ turn) + 3).astype(np.float32)
    one, other = (map_embeddings(rows, options(dimensions=dimensions)) for rows in (frames, moved))
    np.testing.assert_allclose(one.points, other.points, atol=2e-3)
    np.testing.assert_allclose(one.explained_variance_ratio, other.explained_variance_ratio, atol=1e-4)


@pytest.mark.parametrize("method", ALL_METHODS)
@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_method_keeps_groups_together_and_is_deterministic(method: Any, dimensions: Any) -> None:
    frames, group = blobs(), np.repeat(range(3), 40)
    first, again = (map_embeddings(frames, options(method, dimensions)) for _ in range(2))
    assert first.points.shape == (120, dimensions)
    assert first.points.dtype == np.float32
    assert np.abs(first.points).max() == 1
    assert purity(first.points, group) > 0.9
    assert bool(first.explained_variance_ratio) == (method == "pca")
    np.testing.assert_array_equal(first.points, again.points)


@pytest.mark.parametrize("method", ["tsne", pytest.param("umap", marks=pytest.mark.models)])
def test_another_seed_gives_another_map(method: Any) -> None:
    one, other = (map_embeddings(blobs(), options(method, seed=seed)).points for seed in (0, 1))
    assert not np.allclose(one, other, atol=1e-3)


@pytest.mark.parametrize("method", ALL_METHODS)
@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9])
def test_few_frames_are_mapped_by_pca_with_a_note(method: Any, count: int) -> None:
    made = map_embeddings(walk(count), options(method, 3))
    assert made.points.shape == (count, 3)
    assert np.isfinite(made.points).all()
    is_too_few = method != "pca" and count < 8
    assert (made.method, bool(made.note)) == (("pca" if is_too_few else method), is_too_few or count == 1)


@pytest.mark.parametrize("method", ALL_METHODS)
def test_equal_frames_have_one_position(method: Any) -> None:
    made = map_embeddings(np.full((40, 5), 7, dtype=np.float32), options(method))
    np.testing.assert_array_equal(made.points, 0)
    assert made.note == "All 40 frames are equal, so the map is a single point."
    assert made.explained_variance_ratio == ()


@pytest.mark.parametrize("method", ALL_METHODS)
def test_frames_that_differ_by_rounding_have_one_position(method: Any) -> None:
    rounding = np.random.default_rng(0).uniform(-1, 1, (40, 5)) * 1e-6
    made = map_embeddings((7 * (1 + rounding)).astype(np.float32), options(method))
    np.testing.assert_array_equal(made.points, 0)
    assert made.note == "All 40 frames are equal, so the map is a single point."
    varied = map_embeddings((7 * (1 + 1000 * rounding)).astype(np.float32), options(method))
    assert np.ptp(varied.points) > 1


@pytest.mark.parametrize("method", ALL_METHODS)
def test_exact_repetitions_lie_together(method: Any) -> None:
    made = map_embeddings(np.repeat(walk(5), 20, axis=0), options(method))
    assert np.isfinite(made.points).all()
    assert purity(made.points, np.repeat(range(5), 20)) == 1


@pytest.mark.models
def test_compiled_umap_is_cached_on_disk() -> None:
    from umap import layouts, umap_

    warm_up_umap()
    layout = layouts._nb_optimize_layout_euclidean_single_epoch
    for function in (umap_.smooth_knn_dist, umap_.compute_membership_strengths, layout):
        assert function.signatures
        assert any(Path(function.stats.cache_path).glob(f"*{function.py_func.__name__}*.nbc"))


def test_components_of_the_graph_are_joined() -> None:
    layout = spectral_layout(blobs(), 2, neighbours=3)
    assert np.isfinite(layout).all()
    assert len(np.unique(np.round(layout, 9), axis=0)) > 100
    assert purity(layout, np.repeat(range(3), 40)) > 0.95


def test_a_spectral_map_unrolls_a_curve() -> None:
    angle = np.linspace(0, 3 * np.pi, 300)
    roll = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1).astype(np.float32)
    along = map_embeddings(roll, options("spectral", neighbours=6)).points[:, 0]
    assert abs(spearmanr(along, angle)[0]) > 0.99


@pytest.mark.parametrize("method", ["tsne", "spectral"])
def test_other_frames_lie_between_similar_landmarks(method: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = walk(240)
    whole = trustworthiness(frames, map_embeddings(frames, options(method)).points)
    monkeypatch.setitem(embedding_map.MAX_LANDMARKS, method, 80)
    made = map_embeddings(frames, options(method))
    assert "80 of 240" in made.note
    assert made.points.shape == (240, 2)
    assert trustworthiness(frames, made.points) > whole - 0.05


@given(st.integers(1, 5000), st.integers(1, 500))
def test_landmarks_are_evenly_spaced(count: int, max_landmarks: int) -> None:
    chosen = landmark_indices(count, max_landmarks)
    assert len(chosen) == min(count, max_landmarks)
    assert chosen[0] == 0
    assert chosen[-1] == (count - 1 if max_landmarks > 1 else 0)
    steps = np.diff(chosen)
    assert not len(steps) or (steps.min() >= 1 and steps.max() - steps.min() <= 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "mds"},
        {"dimensions": 4},
        {"neighbours": 1},
        {"neighbours": 201},
        {"perplexity": 1.0},
        {"perplexity": float("nan")},
        {"min_distance": 1.0},
        {"seed": -1},
    ],
)
def test_invalid_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        map_embeddings(walk(20), MapOptions(**wrong))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_nan_and_infinity_are_refused(value: float) -> None:
    frames = walk(20)
    frames[7, 3] = value
    with pytest.raises(BrokenEmbedding):
        map_embeddings(frames)


def test_no_frames_are_refused() -> None:
    with pytest.raises(EmptyEmbedding):
        map_embeddings(np.empty((0, 8), dtype=np.float32))


def test_a_map_can_be_stopped_between_its_steps() -> None:
    with pytest.raises(JobStopped):
        map_embeddings(walk(40), options("tsne"), should_stop=lambda: True)


def test_clips_are_stacked_in_order() -> None:
    clips: Any = [(walk(3), np.arange(3.0)), (walk(2, seed=1), np.arange(2.0))]
    table = stack_frames(clips)
    assert table.clip_index.tolist() == [0, 0, 0, 1, 1]
    assert table.times.tolist() == [0, 1, 2, 0, 1]
    np.testing.assert_array_equal(table.frames[3:], walk(2, seed=1))


@pytest.mark.parametrize("clips", [[], [(walk(3, 8), np.arange(3.0)), (walk(3, 9), np.arange(3.0))]])
def test_clips_of_different_encoders_are_not_stacked(clips: Any) -> None:
    with pytest.raises(InvalidOption):
        stack_frames(clips)


def test_a_map_is_computed_once_for_the_same_clips_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FeatureStore(10**7)
    one, other = embedding(walk(30)), embedding(walk(20, seed=1), "1" * 32)
    made = stored_map([one, other], options("spectral"), store)
    expected = map_embeddings(np.concatenate([one.frames, other.frames]), options("spectral"))
    np.testing.assert_array_equal(made.points, expected.points)
    stored_map([one], options("spectral"), store)
    stored_map([one, other], options("spectral", neighbours=5), store)
    monkeypatch.setattr(embedding_map, "spectral_layout", None)  # would fail if it were called
    assert stored_map([one, other], options("spectral"), store).points is made.points
