"""What the page asks for when a person edits notes: {kind, …}; the page may send anything."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import gradio as gr

from components.timeline.timeline import event_field
from models.errors import InvalidOption
from pipelines.notes.notes import MAX_VELOCITY, Note, NoteTranscription
from pipelines.notes.quantisation import quantised
from pipelines.notes.versions import NoteVersion, NoteVersions

KINDS = ("notes", "quantise", "undo", "redo", "version")
MAX_PAIRS = 50_000
"""Notes that one edit may change."""
MAX_PITCH = 127

Key = tuple[float, float, int, int, str]
"""(onset, offset, pitch, velocity, part), by which the page names a note."""


def edited_notes(known: NoteVersions, shown: NoteVersion, event: gr.EventData) -> NoteVersions:
    """Return a person's versions after an edit.

    Args:
        known: those that are stored.
        shown: the version on the page, perhaps as it was before edits that are stored.
        event: what the person asked for.

    Raises:
        InvalidOption: there is no such note, or a value is none that the edit takes.
    """
    before = known.latest(shown)
    versions = known.with_version(before)
    match event_field(event, "kind"):
        case "version":
            return versions.showing(str(event_field(event, "id")))
        case "undo":
            return versions.with_version(before.undo())
        case "redo":
            return versions.with_version(before.redo())
        case "notes":
            return versions.with_version(before.with_items(_with_pairs(before.transcription, event_field(event, "pairs"))))
        case "quantise":
            return versions.with_version(before.with_items(_with_grid(before.transcription, event)))
        case kind:
            raise InvalidOption("edit", kind, ", ".join(KINDS))


def sequence_of(event: gr.EventData) -> int | None:
    """Return the number of the page's edit, if it has one."""
    sequence = event._data.get("sequence") if isinstance(event._data, dict) else None
    return sequence if isinstance(sequence, int) else None


def _with_pairs(now: NoteTranscription, pairs: object) -> tuple[Note, ...]:
    """Return the notes after an edit, a list of [before, after], each as `note_rows` has it or None."""
    if not isinstance(pairs, list) or len(pairs) > MAX_PAIRS:
        raise InvalidOption("edit", "", f"a list of up to {MAX_PAIRS} notes")
    at: dict[Key, list[Note]] = {}
    for note in now.notes:
        at.setdefault(_key(note), []).append(note)
    made = []
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise InvalidOption("note", pair, "a pair of notes")
        before = None if pair[0] is None else _taken(at, _read(pair[0], now))
        if pair[1] is not None:
            after = _checked(_read(pair[1], now), now)
            bend = before.bend if before else ()
            made.append(replace(after, bend=bend))
    rest = Counter(note for notes in at.values() for note in notes)
    return (*rest.elements(), *made)


def _with_grid(now: NoteTranscription, event: gr.EventData) -> tuple[Note, ...]:
    """Return the notes after quantisation of some of them."""
    chosen = event_field(event, "chosen")
    if not isinstance(chosen, list) or len(chosen) > MAX_PAIRS:
        raise InvalidOption("edit", "", f"a list of up to {MAX_PAIRS} notes")
    keys = Counter(_key(_read(row, now)) for row in chosen)
    picked = tuple(note for note in now.notes if keys[_key(note)])
    grid, strength = event_field(event, "grid"), event_field(event, "strength")
    if isinstance(strength, bool) or not isinstance(strength, int | float):
        raise InvalidOption("strength", strength, "0 to 1")
    moved = quantised(picked, now.beats, int(grid) if isinstance(grid, int) else 0, float(strength))
    return (*(note for note in now.notes if not keys[_key(note)]), *moved)


def _taken(at: dict[Key, list[Note]], wanted: Note) -> Note:
    """Remove a note from those that are left; return it."""
    found = at.get(_key(wanted))
    if not found:
        raise InvalidOption("note", wanted.onset, "one of those on the page")
    return found.pop()


def _key(note: Note) -> Key:
    return note.onset, note.offset, note.pitch, note.velocity, note.part


def _read(row: Any, now: NoteTranscription) -> Note:
    match row:
        case [int() | float() as onset, int() | float() as offset, int(pitch), int(velocity), int(part)] if (
            0 <= part < len(now.parts) and math.isfinite(onset) and math.isfinite(offset)
        ):
            return Note(float(onset), float(offset), pitch, velocity, now.parts[part].name)
    raise InvalidOption("note", str(row)[:40], "onset, offset, pitch, velocity and part")


def _checked(note: Note, now: NoteTranscription) -> Note:
    """Return a note if it lies in the clip and has pitch and velocity of MIDI."""
    if not 0 <= note.onset < note.offset <= now.duration + 1:
        raise InvalidOption("note", f"{note.onset:g} to {note.offset:g} s", f"a time within {now.duration:.1f} s")
    if not (0 <= note.pitch <= MAX_PITCH and 1 <= note.velocity <= MAX_VELOCITY):
        raise InvalidOption("note", f"pitch {note.pitch}, velocity {note.velocity}", "pitch 0 to 127, velocity 1 to 127")
    return note
