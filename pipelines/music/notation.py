"""How musicians write pitch classes, in ASCII."""

from __future__ import annotations

from typing import Literal

Mode = Literal["major", "minor"]
MODES: tuple[Mode, ...] = ("major", "minor")

SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
FLAT_MAJOR_KEYS = frozenset({5, 10, 3, 8, 1})
"""Tonics of the major keys that are written with flats; F sharp major has six sharps."""
RELATIVE_MAJOR = 3
"""Semitones from the tonic of a minor key up to that of the major key with the same signature."""


def pitch_class(name: str) -> int:
    """0 to 11 for a name of either spelling."""
    return SHARPS.index(name) if name in SHARPS else FLATS.index(name)


def tonic_name(tonic: int, mode: Mode) -> str:
    """Of the pitch class `tonic` (0 is C) as the name of a key: 'Bb' major, but 'G#' minor."""
    return _names(tonic, mode)[tonic % 12]


def spelling(tonic: str, mode: Mode) -> tuple[str, ...]:
    """The twelve names, from C up, that belong into this key."""
    return _names(pitch_class(tonic), mode)


def _names(tonic: int, mode: Mode) -> tuple[str, ...]:
    major = (tonic + RELATIVE_MAJOR * (mode == "minor")) % 12
    return FLATS if major in FLAT_MAJOR_KEYS else SHARPS
