"""The line below a transcript."""

from __future__ import annotations

from typing import Any

from components.transcription.summary import transcription_summary
from pipelines.speech.languages import LanguageProbability
from pipelines.speech.transcript import Segment, ShortenedField, Transcription


def transcription(**fields: Any) -> Transcription:
    """A finished one."""
    known: dict[str, Any] = {"model": "Whisper", "model_reason": "", "licence": "MIT", "dtype": "int8", "device": "cpu"}
    return Transcription(**{**known, "duration": 10.0, "state": "done", **fields})


def test_shortened_fields_are_named() -> None:
    shortened = (ShortenedField("initial_prompt", "x" * 351, 809), ShortenedField("hotwords", "x" * 12, 400))
    summary = transcription_summary(transcription(shortened=shortened))
    assert "The initial prompt is too long: only the last 351 of 809 characters were used." in summary
    assert "The hotwords are too long: only the first 12 of 400 characters were used." in summary
    assert "too long" not in transcription_summary(transcription())


def line(start: float, end: float, code: str, probability: float) -> Segment:
    return Segment(
        start, end, "x", language=code, speech_language=code, language_probability=probability, is_guess=probability < 0.5
    )


def test_all_languages_are_named_with_their_share() -> None:
    now = transcription(language="de", language_probability=0.9).with_segments((line(0, 6, "de", 0.9), line(6, 10, "en", 0.8)))
    assert "German 60 %, English 40 %" in transcription_summary(now)
    now = now.with_segments((*now.segments, line(10, 11, "cs", 0.23)))
    assert "Czech 9 % (a guess)" in transcription_summary(now)


def test_a_language_of_low_probability_is_called_a_guess() -> None:
    others = (LanguageProbability("en", 0.2),)
    now = transcription(language="cs", language_probability=0.23, alternatives=others).with_segments((line(0, 6, "cs", 0.23),))
    assert "Czech (a guess, 23 % sure; or English 20 %)" in transcription_summary(now)
