"""The words of the section Notes, in one place for a translation."""

from __future__ import annotations

from dataclasses import dataclass

from components.page.edits import EditLabels

TITLE = "Notes"
TRANSCRIBE = "Transcribe notes"
STOP = "Stop"
EMPTY = "The notes appear here. Choose a clip above, then press Transcribe notes."
READY = "Press Transcribe notes for a piano roll to edit, a score, and MIDI."
LOADING = "Getting the model ready …"
RUNNING = "The notes appear when the whole clip is read."
ALL_DELETED = "All notes are deleted. Undo brings them back."
STOPPED = "Stopped before there were notes."

ADVANCED = "Advanced"
MODE = "Mode"
MODES = [("All notes", "polyphonic"), ("Melody", "melody"), ("Piano with pedal", "piano")]
ONSET_THRESHOLD = "Onset threshold"
FRAME_THRESHOLD = "Frame threshold"
MIN_SECONDS = "Shortest note (ms)"
LOWEST, HIGHEST = "Lowest pitch", "Highest pitch"
PITCH_BENDS = "Pitch bends"
DRUMS = "Drums"
DRUMS_HINT = "Kick, snare and hat; no toms or cymbals."

NOTE_COUNT = "{count} notes"
ONE_NOTE = "1 note"
PART_COUNT = "{part}: {count}"
DRUMS_COUNT = "{part}: {count} (kick, snare and hat; no toms or cymbals)"
LICENCES = "Licences"

FORMATS = (
    ("midi", "MIDI"),
    ("musicxml", "MusicXML"),
    ("pdf", "PDF"),
    ("svg", "SVG"),
    ("csv", "CSV"),
    ("json", "JSON"),
    ("wav", "WAV"),
)
"""Files for download: format of `export_notes`, and its name."""
GRIDS = ((1, "Beats"), (2, "1/2 beat"), (3, "1/3 beat"), (4, "1/4 beat"), (6, "1/6 beat"), (8, "1/8 beat"))
"""Divisions of a beat, and the name of their length."""
USUAL_GRID = 4


@dataclass(frozen=True)
class NotesLabels(EditLabels):
    """Texts that the script of the piano roll shows; braces hold what it puts in."""

    ask: str = "Transcribe the notes again? Those on the page have your edits. They stay: choose them under Version."
    yes: str = "Transcribe again"
    tools: str = "Tools of the notes"
    roll: str = "Piano roll: {count} notes, {low} to {high}"
    empty_roll: str = "Piano roll: {count} notes"
    hint: str = (
        "Period and comma: next and previous note. Arrows: move it; with Alt, its length and velocity. "
        "Delete removes it, N adds a note at the playhead, Enter plays it."
    )
    note: str = "{pitch} · {time} · {seconds} s · velocity {velocity}"
    chosen: str = "{count} notes selected"
    draw: str = "Draw"
    draw_title: str = "Draw notes (D)"
    delete: str = "Delete"
    quantise: str = "Quantise"
    grid: str = "Grid"
    strength: str = "Strength"
    apply: str = "Apply"
    velocity: str = "Velocity"
    velocity_factor: str = "Softer or louder"
    velocities: str = "Velocities"
    pedal: str = "Pedal"
    listen: str = "Listen: clip or notes"
    clip: str = "Clip"
    notes: str = "Notes"
    writing: str = "Writing {format} …"
    downloads: str = "Download the notes"
    score: str = "Score"
    print: str = "Print"
    page: str = "Score, page {page} of {pages}"
