"""What the endpoint of notes answers."""

from __future__ import annotations

from dataclasses import fields

from components.notes.api import NoteArguments, notes_document
from pipelines.notes.notes import NoteOptions
from tests.components.notes.test_edit_events import NOW


def test_the_answer_is_a_summary_and_has_the_notes_on_request() -> None:
    summary = notes_document(NOW, details=False)
    assert summary["count"] == 2
    assert summary["parts"] == [{"name": "Piano", "program": 0, "is_drums": False, "count": 2}]
    assert summary["bars"] == 1
    assert "details" not in summary
    assert notes_document(NOW, details=True)["details"]["notes"][0]["pitch"] == 60


def test_the_arguments_are_the_options_of_the_pipeline() -> None:
    assert NoteArguments().options() == NoteOptions()
    assert {field.name for field in fields(NoteOptions)} <= {field.name for field in fields(NoteArguments)}
