"""Pieces of the tokenizer become words that have a length and spell their line."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.speech.sentences import split_at_pauses
from pipelines.speech.transcript import (
    Segment,
    Transcription,
    Word,
    held_between,
    in_sequence,
    line_of_words,
    shifted,
    whole_words,
    with_lengths,
    with_text,
)


def spoken(*texts: str) -> list[Word]:
    return [Word(i / 2, i / 2 + 0.4, text, 0.5) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("language", "pieces", "words"),
    [
        (
            "fr",
            [" Dis", "-moi,", " est-ce", " que", " l", "'avion", " vole", " ?"],
            ["Dis-moi,", "est-ce", "que", "l'avion", "vole ?"],
        ),
        ("fr", [" «", " Aujourd", "'hui", " !", " »"], ["« Aujourd'hui ! »"]),
        ("it", [" L", "'acqua", " dell", "'isola."], ["L'acqua", "dell'isola."]),
        ("en", [" Well", "-known", " rock", " &", " roll", " -", " yes."], ["Well-known", "rock", "&", "roll -", "yes."]),
        ("en", [" It", " is", " 1", ",000", " C", ".A", ".L."], ["It", "is", "1,000", "C.A.L."]),
    ],
)
def test_pieces_of_one_word_are_one_word(language: str, pieces: list[str], words: list[str]) -> None:
    line = line_of_words(whole_words(spoken(*pieces)), language)
    assert [word.text for word in line.words] == words
    assert line.text == "".join(pieces).strip()


@pytest.mark.parametrize(
    ("language", "pieces"),
    [
        ("ja", ["今日", "は", "、", "いい", " 天気", "です", "ね", "。"]),
        ("zh", [" 风", "从", "海", "上", "来", "，", "OK", " 2", "号"]),
        ("th", ["น้ำ", "ใจ", " ไม", "ต", "รี", " ดี", " "]),
    ],
)
def test_words_without_spaces_between_them_spell_the_line(language: str, pieces: list[str]) -> None:
    line = line_of_words(whole_words(spoken(*pieces)), language)
    assert "".join(word.text for word in line.words) == line.text == "".join(pieces).strip()
    corrected = with_text(line, line.text + "。 終")
    assert "".join(word.text for word in corrected.words) == corrected.text


def test_a_joined_word_lasts_from_its_first_piece_to_its_last() -> None:
    (word,) = whole_words([Word(1.0, 1.1, " l", 0.2), Word(1.2, 1.8, "'avion", 0.8)])
    assert (word.start, word.end) == (1.0, 1.8)
    assert word.probability == pytest.approx((2 * 0.2 + 6 * 0.8) / 8)


def test_a_pause_inside_a_word_divides_no_line() -> None:
    pieces = [Word(24.95, 25.33, " C", 0.5), Word(34.70, 34.70, ".A", 0.5), Word(34.70, 34.88, ".L.", 0.5)]
    (sentence,) = split_at_pauses(whole_words(pieces))
    assert line_of_words(sentence, "en").text == "C.A.L."


def test_a_word_without_length_shares_the_time_of_its_neighbour() -> None:
    title, name = with_lengths([Word(40.72, 40.72, "Mr.", 0.9), Word(40.72, 41.42, "John", 0.9)])
    assert (title.start, title.end) == pytest.approx((40.72, 41.02))
    assert (name.start, name.end) == pytest.approx((41.02, 41.42))
    first, last = with_lengths([Word(1.0, 2.0, "abc", 0.9), Word(2.0, 2.0, "d", 0.9)])
    assert (first.end, last.start, last.end) == pytest.approx((1.75, 1.75, 2.0))


def test_a_word_without_length_before_a_silence_takes_some_of_it() -> None:
    word, after = with_lengths([Word(1.0, 1.0, "Mr.", 0.9), Word(3.0, 4.0, "John", 0.9)])
    assert (word.start, word.end) == pytest.approx((1.0, 1.2))
    assert after == Word(3.0, 4.0, "John", 0.9)


moments = st.integers(0, 40).map(lambda count: count / 2)


@given(st.lists(st.tuples(moments, st.sampled_from([0.0, 0.5])), max_size=8))
def test_every_word_has_a_length_and_words_stay_in_order(times: list[tuple[float, float]]) -> None:
    bounds = sorted(start for start, _ in times)
    words = [
        Word(start, min(start + length, after), "word", 0.5)
        for (_, length), (start, after) in zip(times, pairwise([*bounds, 99.0]), strict=True)
    ]
    timed = with_lengths(words)
    assert [word.text for word in timed] == [word.text for word in words]
    assert all(word.start < word.end for word in timed)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(timed))


def test_inserted_and_cut_words_have_a_length() -> None:
    line = Segment(1.0, 2.0, "one two", (Word(1.0, 1.5, "one", 0.9), Word(1.5, 2.0, "two", 0.9)))
    cut = held_between(shifted(line, 0.6), line.start, line.end)
    inserted = with_text(line, "one and two or three")
    for changed in (cut, inserted):
        assert changed.start < changed.end
        assert all(word.start < word.end for word in changed.words)
    assert [word.text for word in inserted.words] == ["one", "and", "two", "or", "three"]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (("今日は晴れ。", "散歩に行く。"), "今日は晴れ。散歩に行く。"),
        (("我们走吧", "OK"), "我们走吧OK"),
        (("ดีครับ", "ไปกัน"), "ดีครับ ไปกัน"),
        (("안녕하세요.", "네."), "안녕하세요. 네."),
        (("One.", "Two."), "One. Two."),
    ],
)
def test_the_whole_text_has_no_space_at_ideographic_seams(lines: tuple[str, ...], text: str) -> None:
    segments = tuple(Segment(float(i), i + 1.0, line) for i, line in enumerate(lines))
    assert Transcription(duration=9.0, segments=segments).text == text


def spoken_line(text: str, *times: float) -> Segment:
    """A line with a word from each time to the next."""
    words = [Word(start, end, word, 0.9) for word, (start, end) in zip(text.split(), pairwise(times), strict=True)]
    return Segment(words[0].start, words[-1].end, text, tuple(words))


def test_lines_that_overlap_are_separated() -> None:
    first, second = in_sequence([spoken_line("thank you all", 11.5, 11.7, 11.9, 12.1), spoken_line("good bye", 11.9, 12.0, 12.4)])
    assert first.end == second.start == pytest.approx(12.0)
    words = [*first.words, *second.words]
    assert all(word.start < word.end for word in words)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(words))


def test_a_line_that_only_repeats_the_one_it_overlaps_is_left_out() -> None:
    line, repeated = spoken_line("thank you", 11.5, 11.8, 12.1), spoken_line("thank you", 11.9, 12.0, 12.1)
    assert in_sequence([line, repeated]) == [line]
    said_again = spoken_line("thank you", 12.1, 12.4, 12.8)
    assert in_sequence([line, said_again]) == [line, said_again]
