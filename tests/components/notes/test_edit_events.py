"""What the page may ask for when a person edits notes."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest

from components.notes.edit_events import edited_notes
from components.notes.roll import note_rows
from models.errors import InvalidOption
from pipelines.music.rhythm.types import Beats
from pipelines.notes.notes import Note, NoteOptions, NotePart, NoteTranscription
from pipelines.notes.versions import NoteVersion, NoteVersions, new_note_version

BENT = Note(0.5, 1.0, 60, 80, "Piano", bend=(0.0, 0.3))
LATE = Note(1.07, 1.5, 64, 70, "Piano")
BEATS = Beats(times=(0.0, 0.5, 1.0, 1.5), positions=(1, 2, 3, 4), beats_per_bar=4, beat_unit=4, confidence=0.9)
NOW = NoteTranscription(duration=2.0, notes=(BENT, LATE), parts=(NotePart("Piano", 0),), beats=BEATS, state="done")
BEFORE = new_note_version(NOW, NoteOptions())
ROWS = [row[:5] for row in note_rows(NOW)]


def after(**wish: Any) -> tuple[NoteVersion, NoteVersions]:
    versions = edited_notes(NoteVersions(), BEFORE, gr.EventData(None, wish))
    assert versions.shown
    return versions.shown, versions


def test_a_moved_note_keeps_its_curve_and_can_be_moved_back() -> None:
    moved, versions = after(kind="notes", pairs=[[ROWS[0], [0.25, 0.75, 62, 80, 0]]])
    assert moved.items == (Note(0.25, 0.75, 62, 80, "Piano", bend=(0.0, 0.3)), LATE)
    undone = edited_notes(versions, moved, gr.EventData(None, {"kind": "undo"})).shown
    assert undone and undone.items == NOW.notes


def test_notes_are_added_and_deleted_in_one_edit() -> None:
    changed, _ = after(kind="notes", pairs=[[ROWS[1], None], [None, [1.2, 1.4, 67, 90, 0]]])
    assert changed.items == (BENT, Note(1.2, 1.4, 67, 90, "Piano"))
    assert len(changed.done) == 1


def test_chosen_notes_are_quantised_halfway() -> None:
    changed, _ = after(kind="quantise", grid=2, strength=0.5, chosen=[ROWS[1]])
    assert changed.items == (BENT, Note(1.035, 1.465, 64, 70, "Piano"))


@pytest.mark.parametrize(
    "pairs",
    [
        [[None, [1.0, 0.5, 60, 80, 0]]],
        [[None, [0.0, 9.0, 60, 80, 0]]],
        [[None, [0.0, 1.0, 128, 80, 0]]],
        [[None, [0.0, 1.0, 60, 0, 0]]],
        [[None, [0.0, 1.0, 60, 80, 1]]],
        [[None, [float("nan"), 1.0, 60, 80, 0]]],
        [[None, ["0", 1.0, 60, 80, 0]]],
        [[[0.0, 1.0, 60, 80, 0], None]],
        [[ROWS[0], None], [ROWS[0], None]],
        [[None]],
        "all",
    ],
)
def test_what_is_no_edit_of_these_notes_is_refused(pairs: Any) -> None:
    with pytest.raises(InvalidOption):
        after(kind="notes", pairs=pairs)


@pytest.mark.parametrize("wish", [{"grid": 5}, {"strength": 2}, {"strength": "much"}, {"chosen": 3}])
def test_a_grid_that_is_none_is_refused(wish: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        after(**{"kind": "quantise", "grid": 2, "strength": 1, "chosen": ROWS} | wish)
