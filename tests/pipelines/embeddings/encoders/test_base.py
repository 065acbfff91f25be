"""Windows cover a clip on one grid of frames, and their frames become one sequence without a seam."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.embeddings.encoders.base import (
    Grid,
    JoinedFrames,
    frame_times,
    layer_names,
    windows,
)
from tests.pipelines.embeddings.embedding_examples import joins

HOP = 320


def grid_of(window_frames: int, overlap: int, fade: int) -> Grid:
    """Frames that follow each other, each where its hop begins."""
    window = window_frames * HOP
    return Grid(HOP, HOP // 2, window, window - overlap * HOP, lambda samples: ceil(samples / HOP), fade)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    window = draw(st.integers(4, 60))
    overlap = draw(st.integers(1, window // 2))
    return grid_of(window, overlap, draw(st.integers(0, overlap)))


@given(grids(), st.integers(1, 200_000))
def test_windows_cover_the_clip_on_its_grid(grid: Grid, samples: int) -> None:
    parts = windows(grid, samples)
    assert parts[0].start == 0
    assert parts[-1].stop == samples
    assert parts[-1].first + parts[-1].frames == ceil(samples / HOP)
    for window in parts:
        assert window.start == window.first * HOP
        assert 0 < window.stop - window.start <= grid.window
    for before, after in pairwise(parts):
        assert before.first < after.first <= before.first + before.frames
        assert before.first + before.frames - after.first >= grid.fade
    if grid.fade and len(parts) > 1:
        assert parts[-1].stop - parts[-1].start > grid.window - HOP, "the last window is full"


@given(grids(), st.integers(1, 200_000))
def test_windows_that_agree_are_joined_to_what_they_agree_on(grid: Grid, samples: int) -> None:
    parts = windows(grid, samples)
    ramp = np.arange(ceil(samples / HOP), dtype=np.float32)[:, np.newaxis] * np.array([1, -2], dtype=np.float32)
    joined = JoinedFrames(grid, parts, 2)
    for window in parts:
        joined.add(window, ramp[window.first : window.first + window.frames])
    np.testing.assert_allclose(joined.frames, ramp, rtol=1e-6, atol=1e-4)
    assert joined.frames.flags.c_contiguous


def test_windows_that_differ_pass_into_each_other_and_are_themselves_elsewhere() -> None:
    grid = grid_of(window_frames=20, overlap=10, fade=6)
    parts = windows(grid, 30 * HOP)
    joined = JoinedFrames(grid, parts, 1)
    for value, window in enumerate(parts):
        joined.add(window, np.full((window.frames, 1), value, dtype=np.float32))
    column = joined.frames[:, 0]
    (join,) = joins(parts)
    assert join == 15
    assert not column[: join - 3].any()
    assert (column[join + 3 :] == 1).all()
    np.testing.assert_allclose(np.diff(column[join - 3 : join + 3]), 1 / 6, rtol=1e-5)


def test_windows_without_a_fade_follow_each_other() -> None:
    grid = grid_of(window_frames=20, overlap=10, fade=0)
    parts = windows(grid, 33 * HOP)
    joined = JoinedFrames(grid, parts, 1)
    for value, window in enumerate(parts):
        joined.add(window, np.full((window.frames, 1), value, dtype=np.float32))
    assert np.flatnonzero(np.diff(joined.frames[:, 0])).tolist() == [join - 1 for join in joins(parts)]
    assert parts[-1].stop - parts[-1].start == 13 * HOP, "the last window may be short"


def test_times_and_names() -> None:
    np.testing.assert_allclose(frame_times(grid_of(20, 10, 0), 3, 16_000), [0.01, 0.03, 0.05])
    assert layer_names(2) == ("embedding", "layer 1", "layer 2")
