"""Edits of lines, one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.errors import InvalidOption
from pipelines.speech.edits.lines import (
    with_correction,
    with_merger,
    with_move,
    with_replacement,
    with_speaker_name,
    with_speaker_of,
    with_split,
)
from pipelines.speech.transcript import Segment, Word


def line(start: float, *words: str, side: str = "") -> Segment:
    """A line with a word each second."""
    timed = tuple(Word(start + at, start + at + 0.8, word, 0.9) for at, word in enumerate(words))
    return Segment(start, timed[-1].end, " ".join(words), timed, "en", speech_language="en", side=side)


LINES = (line(0, "The", "old", "farmer"), line(5, "sold", "the", "clock."), line(10, "He", "left."))


def test_a_corrected_line_is_marked_and_its_other_words_keep_their_times() -> None:
    first, *rest = with_correction(LINES, 0, "The young farmer")
    assert first.is_edited
    assert [word.start for word in first.words] == [0.0, 0.8, 2.0]
    assert tuple(rest) == LINES[1:]
    assert not any(each.is_edited for each in rest)


def test_a_speaker_is_renamed_in_all_lines_or_in_one() -> None:
    lines = tuple(replace(each, speaker=name) for each, name in zip(LINES, ("Speaker 1", "Speaker 2", "Speaker 1"), strict=True))
    renamed = with_speaker_name(lines, 0, "Anna", everywhere=True)
    assert [each.speaker for each in renamed] == ["Anna", "Speaker 2", "Anna"]
    assert [each.speaker for each in with_speaker_name(renamed, 2, "Ben", everywhere=False)] == ["Anna", "Speaker 2", "Ben"]
    assert not any(each.is_edited for each in renamed)


def test_a_line_takes_the_speaker_of_the_line_that_it_overlaps_the_most() -> None:
    others = (replace(line(0, "a"), speaker="Anna"), replace(line(1, "b", "c"), speaker="Ben"))
    assert with_speaker_of(line(0.5, "d", "e"), others).speaker == "Ben"
    assert with_speaker_of(line(8, "f"), others).speaker == ""


def test_an_emptied_line_is_removed() -> None:
    assert with_correction(LINES, 1, "") == (LINES[0], LINES[2])


def test_a_line_takes_in_the_next_one() -> None:
    merged, last = with_merger(LINES, 0, "The old farmer")
    assert merged.text == "The old farmer sold the clock."
    assert (merged.start, merged.end) == (0.0, LINES[1].end)
    assert [word.text for word in merged.words] == merged.text.split()
    assert last == LINES[2]


def test_a_line_takes_in_the_next_one_of_its_side() -> None:
    lines = (line(0, "Left", side="left"), line(1, "right", side="right"), line(2, "again.", side="left"))
    merged, other = with_merger(lines, 0, "Left")
    assert (merged.text, merged.side, other.text) == ("Left again.", "left", "right")


def test_the_last_line_cannot_take_in_another() -> None:
    with pytest.raises(InvalidOption):
        with_merger(LINES, 2, "He left.")


def test_a_split_gives_each_half_its_words_and_their_times() -> None:
    first, second, *_ = with_split(LINES, 0, "The", "old farmer")
    assert [word.text for word in first.words] == ["The"]
    assert [word.text for word in second.words] == ["old", "farmer"]
    assert (first.start, first.end, second.start, second.end) == (0.0, 0.8, 1.0, 2.8)


def test_a_split_within_a_word_makes_two_words() -> None:
    first, second, *_ = with_split(LINES, 0, "The old far", "mer")
    assert [word.text for word in first.words] == ["The", "old", "far"]
    assert [word.text for word in second.words] == ["mer"]
    assert first.end <= second.start < second.end


def test_a_line_without_words_is_split_by_its_letters() -> None:
    bare = (replace(LINES[0], words=()),)
    first, second = with_split(bare, 0, "The old", "farmer")
    assert first.end == second.start == pytest.approx(2.8 * 8 / 14)


def test_a_split_at_the_edge_leaves_the_line_whole() -> None:
    assert [each.text for each in with_split(LINES, 0, "", "The old farmer")] == [each.text for each in LINES]


def test_chinese_lines_are_split_and_merged_without_a_space() -> None:
    words = (Word(0, 1, "今天", 0.9), Word(1, 2, "天气", 0.9), Word(2, 3, "很好", 0.9))
    lines = (Segment(0, 3, "今天天气很好", words, "zh"),)
    halves = with_split(lines, 0, "今天", "天气很好")
    assert [each.text for each in halves] == ["今天", "天气很好"]
    assert with_merger(halves, 0, "今天")[0].text == "今天天气很好"


def test_replacing_ignores_case_and_marks_only_what_changed() -> None:
    changed = with_replacement(LINES, "THE", "a")
    assert [each.text for each in changed] == ["a old farmer", "sold a clock.", "He left."]
    assert [each.is_edited for each in changed] == [True, True, False]


def test_a_replacement_is_no_pattern() -> None:
    assert with_replacement(LINES, ".", r"\1")[2].text == r"He left\1"
    assert with_replacement(LINES, "he left.", "") == with_replacement(LINES[:2], "he left.", "")


def test_all_lines_and_words_move_and_stay_within_the_clip() -> None:
    moved = with_move(LINES, 1.5, 12.5)
    assert [each.start for each in moved] == [1.5, 6.5, 11.5]
    assert moved[2].end == 12.5
    assert moved[0].words[1].start == 2.5


@pytest.mark.parametrize("seconds", [-0.1, 2.5, 100.0])
def test_no_line_moves_out_of_the_clip(seconds: float) -> None:
    with pytest.raises(InvalidOption):
        with_move(LINES, seconds, 12.5)
