"""Names of pitch classes, keys and chords: spelling in ASCII, and parsing of the symbols that people write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Mode = Literal["major", "minor"]
MODES: tuple[Mode, ...] = ("major", "minor")

SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
FLAT_MAJOR_KEYS = frozenset({5, 10, 3, 8, 1})
"""Tonics of the major keys that are written with flats; F sharp major has six sharps."""
RELATIVE_MAJOR = 3
"""Semitones from the tonic of a minor key up to that of the major key with the same signature."""


Quality = Literal["maj", "min", "7", "dim", "other"]
"""'other': kinds that the chord recognition does not distinguish, such as 'sus4'."""
SYMBOL = re.compile(
    r"(?P<root>[A-G])(?P<accidental>[#b♯♭]?)"
    r"(?P<suffix>maj7|maj9|maj|min7|min|m7b5|m7|m9|m6|m|M7|7sus4|sus2|sus4|sus|dim7|dim|°|aug|add9|6|7|9|11|13)?(?P<bass>/[A-G][#b♯♭]?)?"
)
SPELLED = re.compile(
    r"(?P<root>[A-Ga-g])(?P<accidental>[\s-]?(?:sharp|flat)|[#b♯♭])?[\s-]+"
    r"(?P<quality>dominant|major|minor|maj|min|diminished|augmented)\b(?P<seventh>[\s-]+(?:seventh|7th|7)\b)?"
)
ROMAN = re.compile(r"(?P<flat>[b♭]?)(?P<degree>VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(?P<suffix>maj7|7|°)?")
DEGREES = ("i", "ii", "iii", "iv", "v", "vi", "vii")
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)
PLAIN: dict[str, Quality] = {"": "maj", "maj": "maj", "m": "min", "min": "min", "7": "7", "dim": "dim", "dim7": "dim", "°": "dim"}
SPELLED_QUALITIES: dict[str, Quality] = {
    "major": "maj", "maj": "maj", "minor": "min", "min": "min", "dominant": "7", "diminished": "dim",
}  # fmt: skip
INTERVALS = {"maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10)}
"""Semitones above the root of each kind of chord, by Harte's shorthand."""
SIGNS = {"maj": "", "min": "m", "7": "7"}


def pitch_class(name: str) -> int:
    """Return the pitch class, 0 is C, of a name with sharps or flats."""
    return SHARPS.index(name) if name in SHARPS else FLATS.index(name)


def tonic_name(tonic: int, mode: Mode) -> str:
    """Return the name of the pitch class `tonic` (0 is C) as a tonic: 'Bb' in major, 'G#' in minor."""
    return _names(tonic, mode)[tonic % 12]


def spelling(tonic: str, mode: Mode) -> tuple[str, ...]:
    """Return the names of the twelve pitch classes, from C up, in this key."""
    return _names(pitch_class(tonic), mode)


def _names(tonic: int, mode: Mode) -> tuple[str, ...]:
    major = (tonic + RELATIVE_MAJOR * (mode == "minor")) % 12
    return FLATS if major in FLAT_MAJOR_KEYS else SHARPS


@dataclass(frozen=True)
class ChordSymbol:
    """A parsed chord symbol."""

    root: int
    """Pitch class, 0 is C."""
    quality: Quality
    triad: Literal["maj", "min", "none"]
    """The triad without added notes."""


def chord_of(text: str) -> ChordSymbol | None:
    """Parse `text` as a chord symbol or a chord in words; None if it is neither."""
    if symbol := SYMBOL.fullmatch(text):
        suffix = symbol["suffix"] or ""
        root = tonic_of(symbol["root"], symbol["accidental"])
        triad: Literal["maj", "min", "none"] = "min" if suffix.startswith("m") and not suffix.startswith("maj") else "maj"
        if suffix.startswith(("dim", "°", "aug", "sus", "m7b5")):
            triad = "none"
        return ChordSymbol(root, PLAIN.get(suffix, "other"), triad)
    if spelled := SPELLED.fullmatch(text):
        quality = SPELLED_QUALITIES.get(spelled["quality"].lower(), "other")
        triad = "min" if quality == "min" else "maj" if quality in ("maj", "7") else "none"
        has_seventh = bool(spelled["seventh"]) and quality != "7"
        return ChordSymbol(tonic_of(spelled["root"], spelled["accidental"]), "other" if has_seventh else quality, triad)
    return None


def tonic_of(letter: str, accidental: str | None) -> int:
    """Return the pitch class of a letter with 'sharp', 'flat', '#', '♭' or nothing."""
    sign = (accidental or "").strip(" -").lower()
    return (pitch_class(letter.upper()) + (sign in ("sharp", "#", "♯")) - (sign in ("flat", "b", "♭"))) % 12


def chords_of_degrees(roman: str, tonic: int, mode: Mode) -> tuple[ChordSymbol, ...]:
    """Return the chords of Roman numerals such as 'I–V–vi–IV' in a key."""
    scale = MAJOR_SCALE if mode == "major" else MINOR_SCALE
    chords = []
    for numeral in ROMAN.finditer(roman):
        root = (tonic + scale[DEGREES.index(numeral["degree"].lower())] - bool(numeral["flat"])) % 12
        triad: Literal["maj", "min"] = "min" if numeral["degree"].islower() else "maj"
        is_plain = not numeral["suffix"]
        quality: Quality = triad if is_plain else "7" if numeral["suffix"] == "7" and triad == "maj" else "other"
        chords.append(ChordSymbol(root, quality, triad))
    return tuple(chords)


def measured_chord(name: str) -> ChordSymbol:
    """Return the chord of a name in Harte's syntax, e.g. 'F#:min'."""
    root, _, quality = name.partition(":")
    return ChordSymbol(pitch_class(root), "min" if quality == "min" else "7" if quality == "7" else "maj",
                       "min" if quality == "min" else "maj")  # fmt: skip


def written(name: str) -> str:
    """Return the lead-sheet symbol of a name in Harte's syntax: 'F#m' for 'F#:min'."""
    root, _, quality = name.partition(":")
    return root + SIGNS[quality]


def pitch_classes(name: str) -> tuple[int, ...]:
    """Return the pitch classes, 0 is C, of a name in Harte's syntax, the root first: (6, 9, 1) for 'F#:min'."""
    root, _, quality = name.partition(":")
    return tuple((pitch_class(root) + interval) % 12 for interval in INTERVALS[quality])
