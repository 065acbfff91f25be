"""Reads the notes of pieces: tables of the Digital and Cognitive Musicology Lab, music21's corpus, MIDI files."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

DRUM_CHANNEL = 9


@dataclass(frozen=True)
class ScoreNote:
    """A note of a score."""

    onset: float
    """Quarter notes from the start."""
    duration: float
    """Quarter notes."""
    pitch: int
    """MIDI pitch."""
    part: int


def table_notes(path: Path) -> list[ScoreNote]:
    """Return the notes of a piano piece without repeats and grace notes; tied notes are one."""
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["quarterbeats"] and not row.get("gracenote")]
    held: dict[int, ScoreNote] = {}
    found = []
    for row in sorted(rows, key=lambda row: Fraction(row["quarterbeats"])):
        onset, pitch = float(Fraction(row["quarterbeats"])), int(row["midi"])
        note = ScoreNote(onset, float(row["duration_qb"]), pitch, 0)
        if row["tied"] in ("0", "-1") and pitch in held:
            first = held.pop(pitch)
            note = ScoreNote(first.onset, onset + note.duration - first.onset, pitch, 0)
        if row["tied"] in ("0", "1"):
            held[pitch] = note
        else:
            found.append(note)
    return found


def corpus_notes(name: str, parts: int) -> list[ScoreNote]:
    """Return the notes of the first parts of a piece of music21's corpus, without grace notes; tied notes are one."""
    from music21 import corpus

    score: Any = corpus.parse(name)
    found = []
    for number, part in enumerate(score.parts[:parts]):
        for element in part.stripTies().flatten().notes:
            duration = float(element.quarterLength)
            if duration > 0:
                found += [ScoreNote(float(element.offset), duration, int(pitch.midi), number) for pitch in element.pitches]
    return found
