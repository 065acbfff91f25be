"""A piece of music for measuring accuracy, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from models.arrays import FloatArray

T = TypeVar("T")
Spans = tuple[tuple[float, float, str], ...]
"""(start, end, label) with times in seconds, ascending."""


@dataclass(frozen=True)
class Annotation:
    """What is known of a track; a measure is taken where its field is filled in."""

    bpm: float | None = None
    """Beats per minute as notated, or any metrical level of it if `is_octave_known` is false."""
    is_octave_known: bool = True
    """Whether `bpm` is the notated tempo rather than one of its octaves."""
    beats: tuple[tuple[float, ...], ...] = ()
    """Times of the beats in seconds; several grids where it is not written down which metrical level is the beat."""
    downbeats: tuple[float, ...] = ()
    """Start of each bar in seconds."""
    metre: str = ""
    """Time signature, e.g. '3/4'."""
    key: str = ""
    """Tonic and mode, e.g. 'F# minor' or 'Bb major'."""
    chords: Spans = ()
    """Labels in Harte's syntax, e.g. 'A:min', 'N'."""
    sections: Spans = ()
    """Labels that are equal where sections are."""
    instruments: tuple[str, ...] | None = None
    """All instruments that play, by the names of the music tags; None where they are not known."""
    has_other_instruments: bool = False
    """Whether instruments may play that are not among `instruments`."""
    is_sung: bool | None = None
    """Whether there are vocals; None where that is not known."""


@dataclass(frozen=True)
class Track:
    """Sound with its annotation."""

    name: str
    sound: FloatArray
    """[frames, channels], -1 to 1."""
    sample_rate: int
    annotation: Annotation


def from_json(kind: type[T], fields: dict[str, Any]) -> T:
    """Return an object of a dataclass from its fields as JSON has them, lists as tuples again."""
    return kind(**{name: _tuples(value) for name, value in fields.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
