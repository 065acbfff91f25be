"""Cues in scripts without spaces between words, with marks above letters, and from right to left."""

from __future__ import annotations

import pytest

from pipelines.speech.transcript import Segment, Word
from pipelines.subtitles.cue_options import CueOptions, LineLimits, line_limits
from pipelines.subtitles.cues import make_cues
from tests.pipelines.subtitles.cue_inputs import (
    shown,
    spoken,
)


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
            "コンピューター",
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "ドイズドメインでディレクトリーごとに別サイトとして管理運営をしているサイトがあります",
            ["ドイズドメイン", "ディレクトリー", "サイト"],
        ),
        (
            "サブディレクトリーとサブドメインのどちらがよいかコンテンツごとに考える",
            ["サブディレクトリー", "サブドメイン", "コンテンツ"],
        ),
        ("ﾃﾞｨﾚｸﾄﾘｰごとにｻｰﾊﾞｰをわけて管理しています", ["ﾃﾞｨﾚｸﾄﾘｰ", "ｻｰﾊﾞｰ"]),
        ("ヴォルフガング・アマデウス・モーツァルトの曲です", ["ヴォルフガング", "アマデウス", "モーツァルト"]),
    ],
)
@pytest.mark.parametrize("with_words", [True, False])
def test_a_run_of_katakana_that_fits_a_line_stays_whole(text: str, words: list[str], with_words: bool) -> None:
    pieces = tuple(Word(i / 5, i / 5 + 0.2, text[i], 0.9) for i in range(len(text))) if with_words else ()
    lines = [line for cue in shown([Segment(0, 10, text, pieces, language="ja")]) for line in cue]
    assert "".join(lines) == text
    assert len(lines) > 1
    assert all(any(word in line for line in lines) for word in words)


def test_a_run_of_katakana_that_is_longer_than_a_line_still_breaks() -> None:
    text = "インターナショナルコミュニケーションセンター"
    lines = [line for cue in shown([Segment(0, 10, text, language="ja")]) for line in cue]
    assert "".join(lines) == text
    assert all(len(line) <= 13 for line in lines)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["Dis", "-moi,", " est-ce", " que", " l", "'avion", " vole", " ?"], ["Dis-moi,", "est-ce", "que", "l'avion", "vole ?"]),
        (["«", " Oui", " !", " »", " dit", "-elle."], ["« Oui ! »", "dit-elle."]),
        (
            ["C'est", " 20", " €", " ou", " 10", " %", " :", " trop", " cher", " ..."],
            ["C'est", "20 €", "ou", "10 % :", "trop", "cher ..."],
        ),
        (["Well", " -", " yes."], ["Well -", "yes."]),
        (["-", " Oui.", " -", " Non."], ["- Oui.", "- Non."]),
        (["¿", "Qué", " pasa", "?"], ["¿Qué", "pasa?"]),
        (["rock", " &", " roll"], ["rock", "&", "roll"]),
    ],
)
def test_elisions_hyphens_and_punctuation_belong_to_their_word(pieces: list[str], words: list[str]) -> None:
    text = "".join(pieces)
    timed = tuple(Word(i / 2, i / 2 + 0.4, piece.strip(), 0.9) for i, piece in enumerate(pieces))
    for segment in (Segment(0, 9, text, timed), Segment(0, 9, text)):
        assert shown([segment], max_words=1) == [(word,) for word in words]


def test_lines_are_laid_out_by_the_language_they_are_written_in() -> None:
    english = "We are glad to welcome his gospel with joy and with two long lines."
    japanese = "今日は天気がいいから、散歩に行きましょう。"
    cues = make_cues([Segment(0, 4, english, language="en"), Segment(4, 12, japanese, language="ja")], 20.0)
    assert [line for cue in cues for line in cue.line_texts] == [
        "We are glad to welcome his gospel",
        "with joy and with two long lines.",
        "今日は天気がいいから、",
        "散歩に行きましょう。",
    ]


def test_what_a_person_chooses_counts_in_every_language() -> None:
    options = CueOptions(max_characters_a_line=20)
    assert line_limits(options, "ja") == LineLimits(20, 4.0)
    assert line_limits(options, "en") == LineLimits(20, 20.0)
    assert line_limits(CueOptions(), "de") == LineLimits(42, 17.0)
