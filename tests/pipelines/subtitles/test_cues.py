"""Cues: what may never happen whatever the model said, and what their words tell."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InvalidOption
from pipelines.speech.transcript import Segment
from pipelines.subtitles.cue_options import MIN_CUE_MS, CueOptions, line_limits
from pipelines.subtitles.cues import Cue, make_cues
from pipelines.subtitles.unbreakable_units import plain_text
from tests.pipelines.subtitles.cue_inputs import (
    HOSTILE_WORDS,
    PLAIN_WORDS,
    PROPERTIES,
    assert_well_timed,
    cue_options,
    letters,
    spoken,
    spoken_segments,
)


@PROPERTIES
@given(
    spoken_segments(PLAIN_WORDS + HOSTILE_WORDS, disorder=True), st.sampled_from([0.001, 0.0307, 1.0, 30.0, 61.2347]), cue_options
)
def test_cues_rise_and_stay_within_the_clip(segments: tuple[Segment, ...], duration: float, options: CueOptions) -> None:
    assert_well_timed(make_cues(segments, duration, options), duration)


@PROPERTIES
@given(spoken_segments(PLAIN_WORDS + HOSTILE_WORDS, disorder=True), cue_options)
def test_no_text_is_lost_or_moved(segments: tuple[Segment, ...], options: CueOptions) -> None:
    cues = make_cues(segments, 60.0, options)
    assert "".join(letters(cue.text) for cue in cues) == "".join(letters(segment.text) for segment in segments)
    for segment in segments:
        pieces = [word for cue in make_cues([segment], 60.0, options) for word in cue.words]
        assert "".join(" " * word.spaced + word.text for word in pieces) == plain_text(segment.text)


@PROPERTIES
@given(spoken_segments(PLAIN_WORDS, disorder=False), cue_options)
def test_limits_are_kept_unless_one_word_breaks_them(segments: tuple[Segment, ...], options: CueOptions) -> None:
    end = max((segment.end for segment in segments), default=0.0)
    for cue in make_cues(segments, end + 60.0, options):
        assert len(cue.lines) <= options.max_lines
        assert len(cue.text.split()) <= (options.max_words or math.inf)
        assert cue.end_ms - cue.start_ms <= options.max_seconds * 1000
        assert all(len(line) <= line_limits(options, "").characters_a_line or " " not in line for line in cue.line_texts)
        assert all(line == line.strip() and line for line in cue.line_texts)


@PROPERTIES
@given(spoken_segments(PLAIN_WORDS, disorder=False), cue_options)
def test_a_cue_shows_for_three_tenths_of_a_second_or_until_the_next(segments: tuple[Segment, ...], options: CueOptions) -> None:
    cues = make_cues(segments, 200.0, options)
    for cue, after in pairwise([*cues, Cue(200_000, 0, ())]):
        assert cue.end_ms - cue.start_ms >= min(MIN_CUE_MS, after.start_ms - cue.start_ms)


@PROPERTIES
@given(spoken_segments(PLAIN_WORDS, disorder=False), cue_options)
def test_cues_keep_to_the_speech(segments: tuple[Segment, ...], options: CueOptions) -> None:
    """A cue begins with its first word, and ends with its last one or as much later as it may."""
    segments = tuple(segment for segment in segments if segment.words)
    words = iter([word for segment in segments for word in segment.words])
    cues = make_cues(segments, 200.0, options)
    for cue, after in pairwise([*cues, Cue(200_000 + round(options.min_gap_seconds * 1000), 0, ())]):
        source = [next(words) for _ in cue.words]
        latest = min(
            after.start_ms - round(options.min_gap_seconds * 1000), cue.start_ms + math.floor(options.max_seconds * 1000)
        )
        assert cue.start_ms == round(source[0].start * 1000)
        assert cue.end_ms >= min(round(source[-1].end * 1000), latest)
        assert cue.end_ms <= max(latest, min(cue.start_ms + MIN_CUE_MS, after.start_ms))
        assert source[-1].end - source[0].start <= options.max_seconds + 0.001 or " " not in cue.text
        held_seconds = cue.end_ms / 1000 - source[-1].end
        if cue.end_ms - cue.start_ms > MIN_CUE_MS:
            assert held_seconds <= options.max_hold_seconds + options.close_gaps_below_seconds + 0.001


def test_word_times_are_the_models_or_marked_as_reckoned() -> None:
    (cue,) = make_cues([spoken("one two")], 60.0)
    assert [(word.start_ms, word.measured) for word in cue.words] == [(0, True), (300, True)]
    (cue,) = make_cues([Segment(1.0, 1.7, "one two")], 60.0)
    assert [(word.start_ms, word.measured) for word in cue.words] == [(1000, False), (1400, False)]


def test_an_edited_text_counts_and_its_times_are_reckoned() -> None:
    edited = replace(spoken("one two"), text="one two three")
    (cue,) = make_cues([edited], 60.0)
    assert cue.text == "one two three"
    assert not any(word.measured for word in cue.words)
    for words in ("one too", "one two"):
        (cue,) = make_cues([replace(spoken(words), text="one twa")], 60.0)
        assert cue.text == "one twa"


def test_no_speech_no_cues() -> None:
    assert make_cues([], 0.0) == ()
    assert make_cues([Segment(0, 1, " \n\u00a0")], 10.0) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_characters_a_line": 4}, {"max_lines": 0}, {"max_words": 0}, {"max_seconds": 0.0, "min_seconds": 0.0},
        {"min_seconds": 8.0}, {"max_characters_a_second": 0.0}, {"max_characters_a_second": math.nan}, {"min_gap_seconds": -1.0},
    ],
)  # fmt: skip
def test_impossible_limits_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidOption):
        make_cues([], 10.0, CueOptions(**wrong))  # type: ignore[arg-type]


def test_an_hour_takes_seconds() -> None:
    hour = [Segment(10.0 * i, 10.0 * i + 10, "今日は天気がいいから、散歩に行きましょう。" * 3) for i in range(360)]
    began = time.process_time()
    make_cues(hour, 3600.0)
    assert time.process_time() - began < 20
