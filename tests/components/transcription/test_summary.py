"""The line below a transcript."""

from __future__ import annotations

from typing import Any

from components.transcription.summary import transcription_summary
from pipelines.speech.transcript import ShortenedField, Transcription


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
