from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InvalidOption
from pipelines.embeddings.analysis import (
    MAX_CELLS,
    LayerFrames,
    all_nearest_frames,
    heatmap,
    layer_cka,
    nearest_frames,
    nearest_in_time,
    norm_and_change,
    self_similarity,
    similar_frames,
)
from pipelines.embeddings.errors import BrokenEmbedding
from tests.pipelines.embeddings.embedding_examples import walk

SEEDS = st.integers(0, 2**32 - 1)


def times(count: int, hop: float = 0.1) -> Any:
    return hop * (0.5 + np.arange(count))


def verses(width: int = 16) -> Any:
    """A, B, A, C: 25 frames each, around a common offset."""
    rng = np.random.default_rng(0)
    a, b, c = 5 * rng.standard_normal((3, width))
    return (np.repeat([a, b, a, c], 25, axis=0) + rng.standard_normal((100, width)) + 30).astype(np.float32)


def test_self_similarity_shows_repetitions() -> None:
    seen = self_similarity(verses(), times(100))
    assert seen.values.shape == (100, 100)
    np.testing.assert_allclose(seen.values, seen.values.T, atol=1e-6)
    np.testing.assert_allclose(np.diag(seen.values), 1, atol=1e-5)
    assert seen.values[:25, 50:75].mean() > 0.7 > 0.2 > seen.values[:25, 25:50].mean()
    np.testing.assert_allclose(seen.times, times(100))


def test_the_nearest_frames_are_those_of_the_space_whatever_their_length() -> None:
    frames = verses()
    frames[50:75] = frames.mean(axis=0) + 3 * (frames[50:75] - frames.mean(axis=0))  # far away, in the same direction
    nearest = nearest_frames(frames, 10, 40)
    assert set(nearest) < {*range(25), *range(50, 75)}
    assert 10 not in nearest
    everyone = all_nearest_frames(frames, 40)
    assert everyone.shape == (100, 40)
    assert set(everyone[10]) == set(nearest)
    assert nearest_frames(frames, 10, 500).shape == (99,)


def test_self_similarity_of_a_long_clip_is_averaged() -> None:
    frames = np.repeat(verses(), 30, axis=0)
    seen = self_similarity(frames, times(3000, 0.02), size=100)
    np.testing.assert_allclose(seen.values, self_similarity(verses(), times(100)).values, atol=1e-4)
    np.testing.assert_allclose(seen.times, 0.6 * (0.5 + np.arange(100)))
    assert self_similarity(frames, times(3000)).values.shape == (MAX_CELLS, MAX_CELLS)


@pytest.mark.parametrize("frames", [np.zeros((9, 4)), np.full((9, 4), 3.0), np.ones((1, 4))])
def test_constant_frames_give_empty_views(frames: Any) -> None:
    rows = frames.astype(np.float32)
    assert np.isfinite(self_similarity(rows, times(len(rows))).values).all()
    assert heatmap(rows, times(len(rows))).values.shape == (0, len(rows))
    assert np.isfinite(norm_and_change(rows).change).all()
    assert cka(rows, rows) == 0


def test_the_heat_map_has_varying_dimensions_with_correlated_ones_adjacent() -> None:
    rng = np.random.default_rng(0)
    slow, fast = np.sin(np.linspace(0, 6, 400)), np.sin(np.linspace(0, 90, 400))
    dull = 0.01 * rng.standard_normal((400, 10))
    frames = np.stack([slow, fast, -slow, slow, fast, -slow], axis=1) + 0.05 * rng.standard_normal((400, 6))
    seen = heatmap(np.concatenate([dull, frames], axis=1).astype(np.float32), times(400), rows=6, size=200)
    assert sorted(seen.dimensions.tolist()) == [10, 11, 12, 13, 14, 15]
    kinds = [["slow", "fast", "against", "slow", "fast", "against"][dimension - 10] for dimension in seen.dimensions]
    assert sum(one != other for one, other in itertools.pairwise(kinds)) == 2
    assert seen.values.shape == (6, 200)
    assert np.abs(seen.values).max() <= 1
    assert 0.2 < seen.values.std() < 0.4


def test_norm_and_change() -> None:
    seen = norm_and_change(np.array([[3, 4], [6, 8], [-4, 3], [0, 0]], dtype=np.float32))
    np.testing.assert_allclose(seen.norm, [5, 10, 5, 0])
    np.testing.assert_allclose(seen.change, [0, 0, 1, 1], atol=1e-6)


def test_similar_frames_come_from_the_same_verse_and_keep_their_distance() -> None:
    found = similar_frames(verses(), times(100), 10, count=3, min_distance_seconds=0.5)
    assert all(50 <= frame.index < 75 or frame.index < 25 for frame in found)
    moments = [1.05, *(frame.time for frame in found)]
    gaps = np.abs(np.subtract.outer(moments, moments))[~np.eye(4, dtype=bool)]
    assert gaps.min() >= 0.5 - 1e-9
    assert [frame.similarity for frame in found] == sorted((frame.similarity for frame in found), reverse=True)


def test_an_exact_repetition_is_the_most_similar_frame() -> None:
    frames = walk(200)
    frames[150] = frames[20]
    (frame,) = similar_frames(frames, times(200), 20, count=1, min_distance_seconds=5)
    assert frame.index == 150
    assert frame.similarity == pytest.approx(1, abs=1e-5)


def test_there_are_no_similar_frames_within_the_minimum_distance() -> None:
    assert similar_frames(walk(10), times(10), 5, min_distance_seconds=60) == ()
    assert len(similar_frames(walk(10), times(10), 5, count=50, min_distance_seconds=0)) == 9


@pytest.mark.parametrize("wrong", [(-1, 5, 1.0), (10, 5, 1.0), (0, 0, 1.0), (0, 5, -1.0), (0, 5, float("nan"))])
def test_invalid_arguments_of_similar_frames_are_refused(wrong: Any) -> None:
    with pytest.raises(InvalidOption):
        similar_frames(walk(10), times(10), *wrong)


def cka(one: Any, other: Any) -> float:
    """Return the similarity of two layers that share their times."""
    first, second = (LayerFrames("", rows.astype(np.float32), times(len(rows))) for rows in (one, other))
    return float(layer_cka([first], [second])[0, 0])


@given(SEEDS, st.floats(0.01, 100), st.integers(1, 40), st.integers(2, 80))
@settings(max_examples=40, deadline=None)
def test_cka_is_invariant_to_rotation_translation_and_scaling(seed: int, scale: float, width: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.standard_normal((rows, width)), rng.standard_normal((rows, 7))
    turn, _ = np.linalg.qr(rng.standard_normal((width, width)))
    moved = scale * (one @ turn + 5)
    assert cka(one, moved) == pytest.approx(1, abs=1e-6)
    assert cka(moved, other) == pytest.approx(cka(one, other), abs=1e-6)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_cka_is_symmetric_between_0_and_1_and_equals_the_papers_formula(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (rng.standard_normal((50, width)).astype(np.float32) for width in (5, 9))
    value = cka(one, other)
    assert 0 <= value <= 1
    assert value == pytest.approx(cka(other, one), abs=1e-6)
    x, y = (rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64) for rows in (one, other))
    norm = np.linalg.norm
    assert value == pytest.approx(norm(y.T @ x) ** 2 / (norm(x.T @ x) * norm(y.T @ y)), abs=1e-6)


def test_cka_changes_with_anisotropic_scaling() -> None:
    one = np.random.default_rng(0).standard_normal((100, 5)).astype(np.float32)
    assert cka(one, one * np.array([30, 1, 1, 1, 1], dtype=np.float32)) < 0.7


def test_layers_of_different_rates_are_compared_on_one_grid() -> None:
    moments: Any = np.linspace(0, 10, 2001)
    curve = np.stack([np.sin(moments * rate) for rate in (1, 1.7, 2.9)], axis=1).astype(np.float32)
    fine = LayerFrames("fine", curve, moments)
    coarse = LayerFrames("coarse", curve[::100] @ np.linalg.qr(walk(3, 3))[0].astype(np.float32), moments[::100])
    other = LayerFrames("other", walk(2001, 3), moments)
    table = layer_cka([fine, coarse, other])
    assert table.shape == (3, 3)
    np.testing.assert_allclose(np.diag(table), 1)
    np.testing.assert_allclose(table, table.T)
    assert table[0, 1] > 0.98
    assert table[0, 2] < 0.8
    np.testing.assert_allclose(layer_cka([fine], [coarse, other]), table[:1, 1:], atol=1e-6)


def test_layers_of_different_clips_are_not_compared() -> None:
    with pytest.raises(InvalidOption):
        layer_cka([LayerFrames("a", walk(5), times(5)), LayerFrames("b", walk(5), times(5) + 100)])
    with pytest.raises(InvalidOption):
        layer_cka([])


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20), st.lists(st.floats(-10, 110), min_size=1, max_size=20))
def test_nearest_in_time_is_the_closest_time(known: list[float], asked: list[float]) -> None:
    ascending = np.sort(known)
    found = nearest_in_time(ascending, np.array(asked))
    best = np.abs(ascending[:, None] - np.array(asked)).min(axis=0)
    np.testing.assert_allclose(np.abs(ascending[found] - asked), best)


@pytest.mark.parametrize("view", [self_similarity, heatmap])
@pytest.mark.parametrize("size", [0, MAX_CELLS + 1])
def test_views_that_are_too_large_are_refused(view: Any, size: int) -> None:
    with pytest.raises(InvalidOption):
        view(walk(10), times(10), size=size)


def test_nan_is_refused() -> None:
    frames = walk(10)
    frames[3, 3] = np.nan
    for view in (
        lambda: self_similarity(frames, times(10)),
        lambda: heatmap(frames, times(10)),
        lambda: norm_and_change(frames),
        lambda: similar_frames(frames, times(10), 0),
        lambda: layer_cka([LayerFrames("a", frames, times(10))]),
    ):
        with pytest.raises(BrokenEmbedding):
            view()
