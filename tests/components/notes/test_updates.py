"""The line below the piano roll."""

from __future__ import annotations

from dataclasses import replace

from components.notes.updates import notes_summary
from pipelines.notes.notes import KICK, Note, NotePart
from tests.components.notes.test_edit_events import NOW

DRUMS = NotePart("Drums", 0, is_drums=True)
LICENCE = "Apache-2.0, Apache-2.0 (converted from an export that states no terms)"


def test_licences_are_folded_away_below_the_number_of_notes() -> None:
    line, folded = notes_summary(replace(NOW, licence=LICENCE, model="Basic Pitch", state="done")).split("</p>")
    assert "2 notes · Basic Pitch ·" in line
    assert "Apache" not in line
    assert folded.startswith("<details")
    assert LICENCE in folded


def test_drums_say_which_hits_they_have() -> None:
    hit = Note(0.5, 0.6, KICK, 90, "Drums")
    assert "Drums: 1 (kick, snare and hat; no toms or cymbals)" in notes_summary(replace(NOW, notes=(hit,), parts=(DRUMS,)))
    both = replace(NOW, notes=(*NOW.notes, hit), parts=(*NOW.parts, DRUMS))
    assert "Piano: 2 · Drums: 1 (kick" in notes_summary(both)
    assert "Drums" not in notes_summary(NOW)


def test_notes_that_were_all_deleted_are_none() -> None:
    assert "0 notes" in notes_summary(replace(NOW, notes=(), state="done"))
    assert "0 notes" not in notes_summary(replace(NOW, notes=(), state="done", no_notes_reason="No pitched notes."))
