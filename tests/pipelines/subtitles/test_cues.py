"""Cues: where they break, how long they show, and what may never happen whatever the model said."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import InvalidOption
from pipelines.speech.transcript import Segment, Word
from pipelines.subtitles.cues import (
    SHORTEST_CUE_MS,
    Cue,
    CueOptions,
    cue_options_for,
    make_cues,
    plain_text,
)

PLAIN_WORDS = [
    "a",
    "I",
    "the",
    "Yes.",
    "well,",
    "1984",
    "apostle",
    "looming?",
    "\u00e9t\u00e9",
    "straightforwardly",
    "\U0001f600",
]
HOSTILE_WORDS = [
    "-->", "--", ">", "<", "<b>", "</i>", "< i>", "&amp;", "&", "{\\an8}", "[00:01.00]", "<00:01.00>", "[ti:x]", "[", "1",
    "WEBVTT", "NOTE", "00:00:01,000", "a\tb", "x\ny", "c\r\n\r\nd", "\0nul\0", "\x85", "\u2028", "\u202eevil", "\u2066", "\ufeff",
    "\u00a0", "\ud83d", "\u200d", "\u0301", '"', "\\N", "今日", "は、", "「", "。", "สวัส", "ดี", "ไ", "مرحبا", "\u200fשלום",
    "x" * 300,
]  # fmt: skip
PROPERTIES = settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])

seconds = st.floats(0, 70, allow_nan=False) | st.sampled_from([0.0, 29.98, 30.0])


@st.composite
def spoken_segments(draw: st.DrawFn, words: list[str], disorder: bool) -> tuple[Segment, ...]:
    """Segments as Whisper gives them; with `disorder`, with times that overlap, run backwards and run past the clip."""
    now, segments = 0.0, []
    for _ in range(draw(st.integers(0, 4))):
        texts = draw(st.lists(st.sampled_from(words), max_size=12))
        text = draw(st.sampled_from([" ", " ", ""])).join(texts)
        spoken = []
        for word in texts:
            start = draw(seconds) if disorder else now + draw(st.sampled_from([0.0, 0.02, 0.5, 2.0]))
            now = draw(seconds) if disorder else start + draw(st.sampled_from([0.1, 0.3, 1.0]))
            spoken.append(Word(start, now, word, 0.5))
        start, end = (spoken[0].start, spoken[-1].end) if spoken else (now, now)
        segments.append(Segment(start, end, text, tuple(spoken) if draw(st.booleans()) else ()))
    return tuple(segments)


cue_options = st.builds(
    CueOptions,
    max_characters_a_line=st.sampled_from([5, 13, 42]),
    max_lines=st.integers(1, 3),
    max_words=st.sampled_from([None, 1, 3]),
    min_seconds=st.sampled_from([0.0, 5 / 6]),
    max_seconds=st.sampled_from([1.0, 7.0]),
    max_hold_seconds=st.sampled_from([0.0, 1.5]),
    min_gap_seconds=st.sampled_from([0.0, 1 / 12]),
    close_gaps_below_seconds=st.sampled_from([0.0, 0.5]),
    merge_segments=st.booleans(),
)


def spoken(text: str, start: float = 0.0, pause_after: str = "", pause: float = 0.0) -> Segment:
    """`text` at ten characters a second, with a pause after one of its words."""
    words, now = [], start
    for word in text.split():
        words.append(Word(now, now + len(word) / 10, word, 0.9))
        now += len(word) / 10 + (pause if word == pause_after else 0)
    return Segment(start, words[-1].end, text, tuple(words))


def shown(segments: list[Segment], duration: float = 100.0, **options: object) -> list[tuple[str, ...]]:
    return [cue.line_texts for cue in make_cues(segments, duration, CueOptions(**options))]  # type: ignore[arg-type]


def letters(text: str) -> str:
    return plain_text(text).replace(" ", "")


def assert_well_timed(cues: tuple[Cue, ...], duration: float) -> None:
    assert all(0 <= cue.start_ms < cue.end_ms <= duration * 1000 for cue in cues)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(cues))
    for cue in cues:
        heard = [word.start_ms for word in cue.words]
        assert heard == sorted(heard)
        assert cue.start_ms <= heard[0] <= heard[-1] <= cue.end_ms


# Whatever comes in


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
        assert all(len(line) <= options.max_characters_a_line or " " not in line for line in cue.line_texts)
        assert all(line == line.strip() and line for line in cue.line_texts)


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
        assert cue.end_ms <= max(latest, cue.start_ms + SHORTEST_CUE_MS)
        assert source[-1].end - source[0].start <= options.max_seconds + 0.001 or " " not in cue.text
        held_seconds = cue.end_ms / 1000 - source[-1].end
        assert held_seconds <= options.max_hold_seconds + options.close_gaps_below_seconds + 0.001


# Where cues break


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


# Other scripts


def test_japanese_breaks_between_characters_but_not_before_a_closing_one() -> None:
    text = "「はい、そうしましょう」と彼は言った。東京タワーのコンピューターへ行きたい。"
    lines = [line for cue in shown([Segment(0, 9, text)], max_characters_a_line=9) for line in cue]
    assert "".join(lines) == text
    assert all(len(line) <= 9 for line in lines)
    assert not any(line[0] in "、。」ーょ" or line[-1] == "「" for line in lines)


@pytest.mark.parametrize(
    "pieces",
    [
        [
            "「は",
            "い、",
            "そ",
            "う",
            "し",
            "ま",
            "しょ",
            "う」",
            "と",
            "言っ",
            "た。",
            "第",
            "3",
            "章",
            "コ",
            "ン",
            "ピュー",
            "ター",
            "GPT4!",
        ],
        ["น้ำ", "ใจ", "ไม", "ต", "รี", "เป็", "น", "สิ่", "ง", "ที่", "ดี"],
        ["ខ្ញុំ", "ស្រ", "ឡា", "ញ់", "ភា", "សា", "ខ្មែ", "រ"],
        ["ພາ", "ສາ", "ລາ", "ວ"],
    ],
)
def test_text_without_spaces_divides_between_its_smallest_units(pieces: list[str]) -> None:
    assert shown([Segment(0, 60, "".join(pieces))], max_words=1) == [(piece,) for piece in pieces]


def test_japanese_breaks_between_the_models_words_only() -> None:
    words = ["散歩", "に", "行", "きま", "しょう", "。"]
    segment = Segment(0, 6, "".join(words), tuple(Word(i, i + 1, word, 0.9) for i, word in enumerate(words)))
    seams = {"".join(words[:i]) for i in range(1, 5)} | {"".join(words)}
    cues = shown([segment], max_characters_a_line=5, max_lines=1)
    assert len(cues) > 1
    assert all("".join(cue[0] for cue in cues[: i + 1]) in seams for i in range(len(cues)))


def test_ideographic_segments_meet_without_a_space() -> None:
    assert shown([Segment(0, 1, "今日は"), Segment(1, 2, "晴れ。")]) == [("今日は晴れ。",)]
    assert shown([Segment(0, 1, "one"), Segment(1, 2, "two")]) == [("one two",)]


def test_thai_keeps_vowels_with_their_consonants_even_where_the_model_does_not() -> None:
    text = "น้ำใจไมตรีเป็นสิ่งที่ดี"
    split_anywhere = Segment(0, 9, text, tuple(Word(i / 3, i / 3 + 0.3, letter, 0.9) for i, letter in enumerate(text)))
    for segment in (Segment(0, 9, text), split_anywhere):
        lines = [line for cue in shown([segment], max_characters_a_line=5) for line in cue]
        assert "".join(lines) == text
        assert len(lines) > 2
        assert not any(line[0] in "้ำิี่็ะา" or line[-1] in "เแโใไ" for line in lines)


def test_in_thai_a_space_ends_a_clause() -> None:
    assert shown([Segment(0, 5, "กกกกกกกก กกกกกกกกกกกก")], max_characters_a_line=14) == [("กกกกกกกก", "กกกกกกกกกกกก")]


def test_marks_above_letters_count_nothing() -> None:
    assert shown([Segment(0, 3, "e\u0301e\u0301e\u0301 aa")], max_characters_a_line=6) == [("e\u0301e\u0301e\u0301 aa",)]


def test_right_to_left_text_stays_in_its_order() -> None:
    text = "\u200fهذا نص عربي طويل، نريد أن نقسمه إلى سطور. שלום!"
    assert " ".join(line for cue in shown([spoken(text)]) for line in cue) == text


def test_limits_by_language() -> None:
    assert cue_options_for("ja").max_characters_a_line == 13
    assert cue_options_for("en").max_characters_a_second == 20
    assert cue_options_for("de") == CueOptions()


# How long cues show


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


# What the words tell


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
    for heard in ("one too", "one two"):
        (cue,) = make_cues([replace(spoken(heard), text="one twa")], 60.0)
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
