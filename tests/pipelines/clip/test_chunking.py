from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipelines.clip.chunking import MIN_PIECE_SECONDS, cut_into_pieces

WINDOW = 30.0
DURATIONS = st.floats(0.05, 2000.0, allow_nan=False)
BOUNDARIES = st.lists(st.floats(0.01, 2500.0, allow_nan=False), max_size=40).map(
    lambda times: tuple(pairwise([0.0, *sorted(times)]))
)


@given(DURATIONS, BOUNDARIES)
def test_pieces_cover_the_clip_fit_the_window_and_are_never_short(
    duration: float, sections: tuple[tuple[float, float], ...]
) -> None:
    pieces = cut_into_pieces(duration, sections, WINDOW)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == duration
    assert all(one[1] == other[0] for one, other in pairwise(pieces))
    for start, end in pieces:
        assert end - start <= WINDOW + 1e-9
        assert end - start >= min(duration, MIN_PIECE_SECONDS) - 1e-9


@given(DURATIONS, BOUNDARIES)
def test_each_cut_is_a_boundary_if_there_is_one_within_reach(duration: float, sections: tuple[tuple[float, float], ...]) -> None:
    pieces = cut_into_pieces(duration, sections, WINDOW)
    boundaries = {end for _, end in sections if end <= duration - MIN_PIECE_SECONDS}
    for start, end in pieces[:-1]:
        within_reach = {b for b in boundaries if start + MIN_PIECE_SECONDS <= b <= start + WINDOW}
        assert not within_reach or end == max(within_reach)


@given(st.floats(WINDOW + 0.001, 2000.0))
def test_without_sections_all_pieces_are_equally_long(duration: float) -> None:
    lengths = [end - start for start, end in cut_into_pieces(duration, (), WINDOW)]
    assert max(lengths) - min(lengths) < 1e-6


def test_a_short_rest_is_merged_by_cutting_earlier() -> None:
    assert cut_into_pieces(31.0, (), WINDOW) == ((0.0, 15.5), (15.5, 31.0))
    assert cut_into_pieces(62.0, ((0.0, 28.0), (28.0, 56.0), (56.0, 62.0)), WINDOW) == ((0.0, 28.0), (28.0, 45.0), (45.0, 62.0))


def test_short_sections_share_a_piece() -> None:
    sections = ((0.0, 9.0), (9.0, 20.0), (20.0, 41.0), (41.0, 60.0))
    assert cut_into_pieces(60.0, sections, WINDOW) == ((0.0, 20.0), (20.0, 41.0), (41.0, 60.0))


def test_a_clip_that_fits_is_one_piece_whatever_its_sections() -> None:
    assert cut_into_pieces(30.0, ((0.0, 12.0), (12.0, 30.0)), WINDOW) == ((0.0, 30.0),)
    assert cut_into_pieces(0.4, (), WINDOW) == ((0.0, 0.4),)
