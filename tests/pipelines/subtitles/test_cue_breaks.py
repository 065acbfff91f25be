"""Where cues and lines break."""

from __future__ import annotations

import pytest

from pipelines.speech.transcript import Segment, Word
from tests.pipelines.subtitles.cue_inputs import (
    shown,
    spoken,
)


def test_a_text_that_fits_is_one_line() -> None:
    assert shown([spoken("We are glad to welcome his gospel.")]) == [("We are glad to welcome his gospel.",)]


def test_a_cue_ends_with_its_sentence() -> None:
    text = "Mister Quilter is the apostle of the middle classes. We are glad to welcome his gospel with joy."
    assert [" ".join(lines) for lines in shown([spoken(text)])] == [text[:52], text[53:]]


def test_without_a_sentence_end_a_cue_ends_with_its_clause() -> None:
    text = "similes drawn from eating, from all of its many results, occur most readily to the tired mind of the man"
    assert [" ".join(lines) for lines in shown([spoken(text)], max_seconds=8)] == [text[:56], text[57:]]


def test_short_sentences_share_a_cue() -> None:
    assert shown([spoken("Yes. I know. Really?")]) == [("Yes. I know. Really?",)]


def test_long_sentences_do_not_share_a_cue() -> None:
    assert len(shown([spoken("We are glad to welcome his gospel."), spoken("It is read by the class.", start=2.8)])) == 2


@pytest.mark.parametrize(
    "segments",
    [
        [spoken("aaaa bbbb cccc dddd eeee ffff"), spoken("gggg hhhh iiii jjjj kkkk llll mmmm nnnn oooo pppp", start=2.4)],
        [
            spoken(
                "aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk llll mmmm nnnn oooo pppp", pause_after="ffff", pause=0.6
            )
        ],
    ],
)
def test_a_pause_or_a_segment_ends_a_clause(segments: list[Segment]) -> None:
    assert shown(segments, max_seconds=6)[0] == ("aaaa bbbb cccc dddd eeee ffff",)


def test_a_title_or_a_small_letter_ends_no_sentence() -> None:
    text = "This long story is all about Mr. Quilter and his many friends, cf. the good old painter."
    assert [" ".join(lines) for lines in shown([spoken(text)], max_seconds=9)] == [text[:62], text[63:]]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj", ("aaaa bbbb cccc dddd eeee", "ffff gggg hhhh iiii jjjj")),
        ("With Christmas and roast beef, looming before us", ("With Christmas and roast beef,", "looming before us")),
        ("So, aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii", ("So, aaaa bbbb cccc dddd", "eeee ffff gggg hhhh iiii")),
        ("zzzzz zzzzz zzzz zzzz the yyyyy yyyy yyyyy yyyyy", ("zzzzz zzzzz zzzz zzzz", "the yyyyy yyyy yyyyy yyyyy")),
        ("Everything happened behind the mountains there", ("Everything happened", "behind the mountains there")),
    ],
)
def test_lines_are_even_and_end_where_the_sense_does(text: str, lines: tuple[str, ...]) -> None:
    assert shown([spoken(text)]) == [lines]


def test_a_word_is_never_divided() -> None:
    words = (Word(0, 1, "well", 0.9), Word(1, 2, "-known", 0.9), Word(2, 3, "1", 0.9), Word(3, 4, ",000", 0.9))
    assert shown([Segment(0, 4, "well-known 1,000", words)], max_words=1) == [("well-known",), ("1,000",)]
    long = "x" * 100_000
    assert shown([spoken(f"see {long} there")], 20_000.0) == [("see",), (long,), ("there",)]


def test_words_a_cue() -> None:
    assert shown([spoken("one two three four")], max_words=1) == [("one",), ("two",), ("three",), ("four",)]
    assert sorted(len(cue[0].split()) for cue in shown([spoken("alpha bravo charlie delta echo")], max_words=2)) == [1, 2, 2]


def test_silence_parts_cues() -> None:
    text = "one two three"
    assert shown([spoken(text, pause_after="two", pause=1.6)]) == [("one two",), ("three",)]
    assert shown([spoken(text, pause_after="two", pause=1.4)]) == [(text,)]


def test_segments_share_a_cue_only_if_they_may() -> None:
    segments = [spoken("one two"), spoken("three", start=0.7)]
    assert shown(segments) == [("one two three",)]
    assert shown(segments, merge_segments=False) == [("one two",), ("three",)]
