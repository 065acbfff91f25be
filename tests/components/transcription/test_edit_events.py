"""What the page may ask for when a person edits a transcript."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from components.transcription.edit_events import edited_versions
from models.errors import InvalidOption
from pipelines.speech.edits.versions import TranscriptVersions, new_version
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions

LINES = tuple(
    Segment(at, at + 1.0, "Yes.", speaker=name) for at, name in ((0.0, "Speaker 1"), (2.0, "Speaker 2"), (4.0, "Speaker 1"))
)
NOW = Transcription(
    duration=6.0, segments=LINES, model="Whisper", model_reason="", licence="MIT", dtype="int8", device="cpu", state="done"
)
BEFORE = new_version(NOW, TranscriptionOptions(speakers="auto"))


def speakers_after(**wish: Any) -> list[str]:
    event = gr.EventData(None, {"kind": "speaker", "index": 2, "start": 4.0, **wish})
    shown = edited_versions(TranscriptVersions(), BEFORE, event, 6.0).shown
    assert shown
    assert shown.undo().items == LINES
    assert shown.transcription == replace(NOW, segments=shown.items)
    return [line.speaker for line in shown.items]


def test_a_speaker_is_named_in_all_lines_or_in_one() -> None:
    assert speakers_after(name=" Anna ", everywhere=True) == ["Anna", "Speaker 2", "Anna"]
    assert speakers_after(name="Anna", everywhere=False) == ["Speaker 1", "Speaker 2", "Anna"]


@pytest.mark.parametrize("name", ["", "  ", 7, None, "x" * 20_000])
def test_a_name_that_is_none_is_refused(name: object) -> None:
    with pytest.raises(InvalidOption):
        speakers_after(name=name, everywhere=True)
