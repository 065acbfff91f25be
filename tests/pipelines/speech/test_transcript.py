"""Corrected lines keep the times of the words that stayed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.speech.transcript import Segment, Word, with_text

LINE = Segment(
    10.0,
    14.0,
    "There's iron they say",
    (
        Word(10.0, 10.5, "There's", 0.9),
        Word(10.5, 11.0, "iron", 0.4),
        Word(11.5, 12.0, "they", 0.9),
        Word(12.0, 14.0, "say", 0.9),
    ),
)


def times(segment: Segment) -> dict[str, tuple[float, float]]:
    return {word.text: (word.start, word.end) for word in segment.words}


def test_a_replaced_word_takes_the_place_of_the_old_one() -> None:
    changed = with_text(LINE, "There's irony they say")
    assert changed.text == "There's irony they say"
    assert times(changed)["irony"] == (10.5, 11.5)
    assert times(changed)["they"] == (11.5, 12.0)
    assert changed.words[1].probability == 1.0


def test_added_words_share_the_time_between_their_neighbours() -> None:
    changed = with_text(LINE, "There's iron in it they say")
    assert times(changed)["in"] == (11.0, 11.25)
    assert times(changed)["it"] == (11.25, 11.5)


def test_removed_words_leave_the_others_alone() -> None:
    assert times(with_text(LINE, "iron say")) == {"iron": (10.5, 11.0), "say": (12.0, 14.0)}


def test_a_line_without_words_only_changes_its_text() -> None:
    assert with_text(Segment(0, 1, "a"), "b") == Segment(0, 1, "b")


@settings(max_examples=100, derandomize=True)
@given(st.lists(st.sampled_from(["There's", "iron", "they", "say", "new", "x"]), max_size=12))
def test_words_spell_the_text_and_stay_in_order_inside_the_line(words: list[str]) -> None:
    changed = with_text(LINE, " ".join(words))
    assert [word.text for word in changed.words] == words
    bounds = [time for word in changed.words for time in (word.start, word.end)]
    assert bounds == sorted(bounds)
    assert all(LINE.start - 1e-9 <= time <= LINE.end + 1e-9 for time in bounds)
    assert changed.start == pytest.approx(LINE.start)
