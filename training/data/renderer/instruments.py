"""Families and names of the General MIDI programs, counted from 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Family = Literal["piano", "organ", "guitar", "strings", "brass", "woodwind", "voice", "synth", "mallets"]
FAMILIES: tuple[Family, ...] = get_args(Family)
DRUMS: Literal["drums"] = "drums"
"""What plays alone in a clip without pitched instruments."""

MAIN_PROGRAMS: Mapping[Family, tuple[int, ...]] = {
    "piano": (0, 0, 1, 2, 3, 4, 5),
    "organ": (16, 17, 18, 19, 20),
    "guitar": (24, 25, 26, 27, 28, 29, 30),
    "strings": (40, 40, 41, 42, 45, 48, 49),
    "brass": (56, 56, 57, 58, 60, 61),
    "woodwind": (64, 65, 66, 67, 68, 69, 70, 71, 73, 73, 74, 75),
    "voice": (52, 53),
    "synth": (80, 81, 86, 87, 90, 95),
    "mallets": (8, 9, 10, 11, 12, 13, 14),
}
"""Programs from which the main instrument of a clip is drawn; a common one stands twice."""
OTHER_FAMILIES = (
    ("piano", range(8)), ("mallets", range(8, 16)), ("organ", range(16, 21)), ("accordion", (21, 23)), ("harmonica", (22,)),
    ("guitar", range(24, 32)), ("bass", range(32, 40)), ("strings", (*range(40, 46), *range(48, 52), 110)), ("harp", (46,)),
    ("voice", (52, 53, 54)), ("brass", range(56, 64)), ("woodwind", (*range(64, 80), 109, 111)), ("synth", range(80, 104)),
)  # fmt: skip
"""Families of the programs that pieces use, the accompanying ones too."""
INSTRUMENTS: Mapping[int, str] = {
    0: "piano", 1: "piano", 2: "piano", 3: "honky-tonk piano", 4: "electric piano", 5: "electric piano", 6: "harpsichord",
    7: "clavinet", 8: "celesta", 9: "glockenspiel", 10: "music box", 11: "vibraphone", 12: "marimba", 13: "xylophone",
    14: "tubular bells", 15: "dulcimer", 16: "organ", 17: "organ", 18: "rock organ", 19: "church organ", 20: "reed organ",
    21: "accordion", 22: "harmonica", 23: "accordion", 24: "classical guitar", 25: "acoustic guitar", 26: "jazz guitar",
    27: "electric guitar", 28: "muted electric guitar", 29: "overdriven guitar", 30: "distorted guitar", 40: "violin",
    41: "viola", 42: "cello", 43: "double bass", 45: "pizzicato strings", 46: "harp", 48: "string section", 49: "string section",
    52: "choir", 53: "choir", 56: "trumpet", 57: "trombone", 58: "tuba", 60: "French horn", 61: "brass section",
    64: "soprano saxophone", 65: "alto saxophone", 66: "tenor saxophone", 67: "baritone saxophone", 68: "oboe",
    69: "English horn", 70: "bassoon", 71: "clarinet", 73: "flute", 74: "recorder", 75: "pan flute", 80: "synthesizer",
    81: "synthesizer", 86: "synthesizer", 87: "synthesizer", 90: "synthesizer", 95: "synthesizer",
}  # fmt: skip
"""Names of the programs that can be a main instrument, and of some more."""
OCTAVES: Mapping[int, int] = {
    9: 1, 10: 1, 26: -1, 27: -1, 42: -1, 52: -1, 53: -1, 57: -1, 58: -2, 60: -1, 61: -1, 66: -1, 67: -2, 70: -2,
}  # fmt: skip
"""Octaves by which a tune around C5 is moved into the range in which an instrument plays."""
POLYPHONIC_FAMILIES: tuple[Family, ...] = ("piano", "organ", "guitar", "strings", "voice", "synth", "mallets")
"""Families that can have the chords alone."""


def family_of(program: int) -> str:
    """Return the family of a program: one of `FAMILIES`, or 'bass', 'accordion', 'harmonica', 'harp'.

    Raises:
        ValueError: the pieces do not use such a program.
    """
    for family, programs in OTHER_FAMILIES:
        if program in programs:
            return family
    raise ValueError(f"General MIDI program {program} is in none of the families")
