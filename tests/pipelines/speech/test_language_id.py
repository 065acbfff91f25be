"""Labelling of chunks with languages, without a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipelines.speech import language_id
from pipelines.speech.language_id import ChunkLanguages, LanguageRun, assign_languages, split_by_language
from pipelines.speech.transcript import Segment, Transcription, language_shares, with_text
from pipelines.speech.voice_activity import SAMPLE_RATE, SpeechRegion
from pipelines.speech.windows import Chunk, SpeechWindow

SURE, LIKELY = 0.9, 0.6


def guess(code: str, probability: float = SURE, alone: str = "", alone_probability: float = 0.0) -> ChunkLanguages:
    """A chunk in a language within its window, and, where that is given, in another one by itself."""
    by_itself = {alone: alone_probability} if alone else {code: probability}
    return ChunkLanguages({code: probability, "cy": 0.01}, {**by_itself, "nn": 0.01})


def test_every_stretch_has_its_own_language() -> None:
    codes = ["en", "en", "de", "de", "fr", "en"]
    assert assign_languages([guess(code) for code in codes], "en") == codes


def test_a_short_chunk_counts_if_it_is_sure() -> None:
    assert assign_languages([guess("fi"), guess("fi"), guess("en", 0.8), guess("fi")], "fi") == ["fi", "fi", "en", "fi"]


def test_an_unclear_chunk_goes_with_its_neighbour_and_not_with_the_first_guess() -> None:
    unclear = guess("ar", 0.4, alone="zh", alone_probability=0.2)
    assert assign_languages([guess("en"), guess("de"), unclear, guess("de")], "en") == ["en", "de", "de", "de"]


def test_a_single_odd_look_brings_no_third_language() -> None:
    within_its_window = guess("ru", 0.7, alone="en", alone_probability=0.9)
    by_itself = guess("en", 0.9, alone="th", alone_probability=0.6)
    assert set(assign_languages([guess("en"), within_its_window, by_itself, guess("de")], "en")) == {"en", "de"}


def test_the_text_decides_where_the_looks_at_the_sound_do_not() -> None:
    unsure = replace(guess("en", 0.5, alone="de", alone_probability=0.35), written={"en": -1.1, "de": -0.5})
    assert assign_languages([guess("en"), unsure, guess("en")], "en") == ["en", "de", "en"]
    as_likely = replace(unsure, written={"en": -0.8, "de": -0.8})
    assert assign_languages([guess("en"), as_likely, guess("en")], "en") == ["en", "en", "en"]


def test_a_wrong_first_guess_about_a_clip_does_not_stay() -> None:
    assert assign_languages([guess("en"), guess("en"), guess("de"), guess("de")], "yi") == ["en", "en", "de", "de"]


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[int, str]]:
    """The language of the chunk that begins at each sample."""
    spoken: dict[int, str] = {}

    def encode(whisper: Any, window: SpeechWindow, waveform: Any) -> str:
        return spoken[window.chunks[0].start]

    def probabilities(whisper: Any, states: Any, allowed: Any = ()) -> dict[str, float]:
        return {states: 0.85, "cy": 0.01} if isinstance(states, str) else {"en": 0.3, "de": 0.3, "fr": 0.3}

    monkeypatch.setattr(language_id, "encode_padded_window", encode)
    monkeypatch.setattr(language_id, "_language_probabilities", probabilities)
    monkeypatch.setattr(language_id, "_text_scores", lambda whisper, states, languages: {})
    monkeypatch.setattr(language_id, "PIECE_SAMPLES", 60 * SAMPLE_RATE)
    yield spoken


def test_short_pieces_after_another_language_are_in_their_own_language(stubbed: dict[int, str]) -> None:
    lengths = [("de", 8.0), ("de", 4.0), ("fr", 1.2), ("en", 1.6), ("en", 0.6), ("en", 2.1)]
    chunks, start = list[Chunk](), 0
    for code, seconds in lengths:
        end = start + int(seconds * SAMPLE_RATE)
        chunks.append(Chunk(start, end, SpeechRegion(start, end)))
        stubbed[start] = code
        start = end
    states = np.zeros((1500, 8), np.float32)
    runs = split_by_language(None, np.zeros(start, np.float32), SpeechWindow(tuple(chunks)), states, "de")
    assert [run.language for run in runs] == ["de", "fr", "en"]
    assert runs[2].window.chunks[0].start == chunks[3].start


def test_a_run_knows_how_sure_each_of_its_lines_is() -> None:
    first, second = (Chunk(a, b, SpeechRegion(a, b)) for a, b in ((0, SAMPLE_RATE), (SAMPLE_RATE, 3 * SAMPLE_RATE)))
    run = LanguageRun("en", (first, second), (0.9, 0.3))
    assert run.probability_between(0.0, 1.0) == pytest.approx(0.9)
    assert run.probability_between(1.0, 3.0) == pytest.approx(0.3)
    assert run.probability_between(0.0, 2.0) == pytest.approx(0.6)


def line(start: float, end: float, code: str, probability: float = 0.9, is_guess: bool = False) -> Segment:
    return Segment(start, end, "x", speech_language=code, language_probability=probability, is_guess=is_guess)


def test_the_languages_of_a_transcript_have_shares_and_the_largest_is_the_main_one() -> None:
    lines = (line(0, 3, "en"), line(4, 10, "de", 0.8), line(11, 12, "cs", 0.23, is_guess=True))
    shares = language_shares(lines)
    assert [(each.code, each.share) for each in shares] == [("de", 0.6), ("en", 0.3), ("cs", 0.1)]
    assert [each.is_guess for each in shares] == [False, False, True]
    now = Transcription(
        duration=12.0,
        model="w",
        model_reason="",
        licence="",
        dtype="int8",
        device="cpu",
        language="yi",
        language_probability=0.29,
    )
    assert now.with_segments(lines).language == "de"
    assert now.with_segments(lines).language_probability == pytest.approx(0.8)
    assert now.with_segments(()).languages == ()


def test_a_corrected_line_is_no_guess() -> None:
    assert not with_text(line(0, 1, "cs", 0.23, is_guess=True), "Dobrý den").is_guess
