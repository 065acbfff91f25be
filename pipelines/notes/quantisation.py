"""Onsets drawn to the grid of the beats, and velocities scaled: what is changed without transcribing anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.errors import InvalidOption
from pipelines.music.rhythm.types import Beats
from pipelines.notes.notes import MAX_VELOCITY, Note, without_overlaps
from pipelines.notes.tempo_map import tempo_map

GRIDS = (1, 2, 3, 4, 6, 8)
"""Divisions of a beat that notes can be drawn to: 4 gives sixteenths of a quarter, 3 its triplets."""


def quantised(notes: Sequence[Note], beats: Beats | None, division: int, strength: float = 1.0) -> tuple[Note, ...]:
    """Return the notes with their onsets drawn to the grid; durations stay, but no note reaches into the next of its pitch.

    Args:
        notes: the notes.
        beats: of the clip; without them nothing is drawn anywhere.
        division: parts of a beat, one of `GRIDS`.
        strength: 0 leaves the notes where they are, 1 puts them on the grid.

    Raises:
        InvalidOption: `division` or `strength` is out of range.
    """
    if division not in GRIDS:
        raise InvalidOption("grid", division, ", ".join(map(str, GRIDS)))
    if not 0 <= strength <= 1:
        raise InvalidOption("strength", strength, "0 to 1")
    if beats is None or not notes:
        return tuple(notes)
    times = tempo_map(beats, max(note.offset for note in notes))
    onsets = np.asarray([note.onset for note in notes])
    step = times.quarters_per_beat / division
    on_grid = times.seconds(np.round(times.quarters(onsets) / step) * step)
    moved = np.maximum(0.0, onsets + strength * (on_grid - onsets))
    drawn = [
        replace(note, onset=round(onset, 4), offset=round(onset + note.duration, 4))
        for note, onset in zip(notes, moved.tolist(), strict=True)
    ]
    return without_overlaps(drawn)


def scaled_velocities(notes: Sequence[Note], factor: float) -> tuple[Note, ...]:
    """Return the notes with their velocities multiplied by `factor` and kept within 1 to 127."""
    return tuple(replace(note, velocity=min(MAX_VELOCITY, max(1, round(note.velocity * factor)))) for note in notes)
