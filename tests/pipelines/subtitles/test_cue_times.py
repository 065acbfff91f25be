"""When cues start, and how long they show."""

from __future__ import annotations

import pytest

from pipelines.speech.transcript import Segment, Word
from pipelines.subtitles.cue_options import CueOptions
from pipelines.subtitles.cues import make_cues
from tests.pipelines.subtitles.cue_inputs import (
    assert_well_timed,
    spoken,
)


def test_a_fast_cue_stays_into_the_silence() -> None:
    fast = Segment(1.0, 2.0, "x" * 17 + " " + "x" * 16, (Word(1, 1.5, "x" * 17, 0.9), Word(1.5, 2, "x" * 16, 0.9)))
    (cue,) = make_cues([fast], 60.0)
    assert (cue.start_ms, cue.end_ms) == (1000, 3000)
    (cue,) = make_cues([fast], 60.0, CueOptions(max_hold_seconds=0.25))
    assert cue.end_ms == 2250
    (cue,) = make_cues([fast], 2.6)
    assert cue.end_ms == 2600
    cue, _ = make_cues([fast, spoken("Next.", start=2.5)], 60.0, CueOptions(merge_segments=False))
    assert cue.end_ms == 2500 - 83


def test_a_short_cue_shows_for_the_least_time() -> None:
    (cue,) = make_cues([Segment(1.0, 1.1, "Ha")], 60.0)
    assert (cue.start_ms, cue.end_ms) == (1000, 1833)


def test_a_small_gap_is_closed_and_a_large_one_is_left() -> None:
    def end(next_start: float) -> int:
        segments = [spoken("welcome to everyone"), spoken("and goodbye again", start=next_start)]
        return make_cues(segments, 60.0, CueOptions(merge_segments=False))[0].end_ms

    assert end(2.1) == 2100 - 83
    assert end(2.8) == 1700


def test_a_word_drawn_over_a_silence_does_not_stay() -> None:
    (cue,) = make_cues([Segment(0, 20, "Oh", (Word(0, 20, "Oh", 0.9),))], 60.0)
    assert (cue.start_ms, cue.end_ms) == (0, 7000)


def test_words_without_time_at_the_end_of_the_clip_are_all_seen() -> None:
    words = tuple(Word(30.0, 30.0, f"word{i}", 0.1) for i in range(20))
    cues = make_cues([Segment(29, 30, " ".join(w.text for w in words), words)], 30.0, CueOptions(max_words=1))
    assert_well_timed(cues, 30.0)
    assert [cue.end_ms - cue.start_ms >= 40 for cue in cues] == [True] * 20


def test_more_cues_than_milliseconds_become_one() -> None:
    segment = Segment(0, 0.003, "one two three four five")
    (cue,) = make_cues([segment], 0.003, CueOptions(max_words=1))
    assert (cue.text, cue.start_ms, cue.end_ms) == (segment.text, 0, 3)
    with pytest.raises(ValueError, match="millisecond"):
        make_cues([segment], 0.0)


def test_fast_words_one_by_one_leave_no_gap_that_makes_them_shorter() -> None:
    words = tuple(Word(i / 8, i / 8 + 0.1, word, 0.9) for i, word in enumerate(["que", "je", "te", "dise"]))
    cues = make_cues([Segment(0, 0.5, "que je te dise", words)], 60.0, CueOptions(max_words=1, max_hold_seconds=0.0))
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [(0, 125), (125, 250), (250, 375), (375, 675)]


def test_words_with_the_same_time_share_the_time_until_the_next_word() -> None:
    words = (Word(1, 1, "one", 0.9), Word(1, 1, "two", 0.9), Word(1, 1.2, "three", 0.9), Word(1.6, 2, "four", 0.9))
    cues = make_cues([Segment(1, 2, "one two three four", words)], 60.0, CueOptions(max_words=1))
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [(1000, 1200), (1200, 1400), (1400, 1600), (1600, 2433)]


def test_a_word_at_the_very_end_of_the_clip_is_seen() -> None:
    (cue,) = make_cues([Segment(30, 30, "Bye.", (Word(30, 30, "Bye.", 0.9),))], 30.0)
    assert (cue.start_ms, cue.end_ms) == (29_700, 30_000)
