"""Chord progressions with an unambiguous key, and the voicing of chords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.music.harmony.notation import SHARPS, Mode
from training.music.pieces.styles import Harmonies

Quality = Literal["maj", "min", "7", "maj7", "min7", "dim"]

INTERVALS: dict[Quality, tuple[int, ...]] = {
    "maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10), "dim": (0, 3, 6),
}  # fmt: skip
"""Semitones above the root."""
SCALES: dict[Mode, tuple[int, ...]] = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 11)}


@dataclass(frozen=True)
class Harmony:
    """A chord."""

    root: int
    """Pitch class, 0 is C."""
    quality: Quality

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The pitch classes from the root upwards, 0 to 11."""
        return tuple((self.root + interval) % 12 for interval in INTERVALS[self.quality])

    @property
    def label(self) -> str:
        """The chord in Harte's syntax, e.g. 'C#:min7'."""
        return f"{SHARPS[self.root]}:{self.quality}"


NUMERALS: dict[str, tuple[int, Quality]] = {
    "I": (0, "maj"), "i": (0, "min"), "I7": (0, "7"), "I^": (0, "maj7"), "i-7": (0, "min7"),
    "ii": (2, "min"), "II7": (2, "7"), "ii-7": (2, "min7"), "iio": (2, "dim"),
    "bIII": (3, "maj"), "iii": (4, "min"), "iii-7": (4, "min7"), "III7": (4, "7"),
    "IV": (5, "maj"), "iv": (5, "min"), "IV7": (5, "7"), "IV^": (5, "maj7"), "iv-7": (5, "min7"),
    "V": (7, "maj"), "V7": (7, "7"), "bVI": (8, "maj"), "vi": (9, "min"), "vi-7": (9, "min7"), "VI7": (9, "7"),
    "bVII": (10, "maj"), "bVII7": (10, "7"), "bVI^": (8, "maj7"),
}  # fmt: skip

PROGRESSIONS: dict[tuple[Harmonies, Mode], tuple[str, ...]] = {
    ("pop", "major"): (
        "I V vi IV", "I vi IV V", "I IV V IV", "I IV I V", "I iii IV V", "I V IV I", "I IV ii V", "I vi ii V7",
        "I bVII IV I", "I iii vi IV I IV V I", "I V vi iii IV I IV V", "I IV iv I", "I V ii IV I V IV V", "IV V I I ii V I I",
    ),
    ("pop", "minor"): (
        "i bVI bVII i", "i iv V i", "i bVII bVI V", "i iv bVII i", "i bVI iv V", "i V i iv i iv V7 i", "i bIII bVI V",
        "i iv i V7",
    ),
    ("folk", "major"): (
        "I I IV V", "I IV V7 I", "I V7 I I", "I I V7 V7 V7 V7 I I", "I IV I V7 I IV V7 I", "I ii V7 I", "I I IV I I I V7 I",
        "IV I V7 I",
    ),
    ("folk", "minor"): ("i i V7 i", "i iv V7 i", "i bVII i V7", "i bVII bVI V7", "i i iv i V7 V7 i i"),
    ("blues", "major"): (
        "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7", "I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 I7", "I7 I7 IV7 IV7 I7 I7 V7 I7",
    ),
    ("blues", "minor"): ("i i i i iv iv i i bVI V7 i i", "i-7 iv-7 i-7 i-7 iv-7 iv-7 i-7 i-7 bVI V7 i-7 V7"),
    ("jazz", "major"): (
        "I^ vi-7 ii-7 V7", "ii-7 V7 I^ I^", "I^ VI7 ii-7 V7", "I^ II7 ii-7 V7", "I^ I^ ii-7 V7 iii-7 VI7 ii-7 V7",
        "I^ I7 IV^ iv I^ VI7 ii-7 V7",
    ),
    ("jazz", "minor"): ("i-7 iv-7 V7 i-7", "i-7 bVI V7 i-7", "i-7 i-7 iv-7 i-7 bVI V7 i-7 V7"),
    ("classical", "major"): (
        "I IV V I", "I vi ii V", "I V7 I V7 vi ii V7 I", "I ii V7 I", "I IV I V7 I ii V7 I", "I V vi iii IV I V7 I",
        "I II7 V V7 I IV V7 I",
    ),
    ("classical", "minor"): ("i iv V i", "i V7 i V7 i iv V7 i", "i bVI iv V7", "i iv bVII bIII bVI iio V7 i", "i iio V7 i"),
}  # fmt: skip


FOLLOWERS: dict[Mode, dict[str, tuple[str, ...]]] = {
    "major": {
        "I": ("ii", "iii", "IV", "V", "vi", "IV", "V7"),
        "ii": ("V", "V7", "IV"),
        "iii": ("vi", "IV"),
        "IV": ("I", "V", "ii", "V7"),
        "V": ("I", "vi", "IV"),
        "V7": ("I", "vi"),
        "vi": ("IV", "ii", "V", "iii"),
    },
    "minor": {
        "i": ("iv", "V", "bVI", "bVII", "bIII", "iv"),
        "iv": ("V7", "i", "bVII", "V"),
        "V": ("i", "bVI"),
        "V7": ("i", "bVI"),
        "bVI": ("bVII", "iv", "V", "bIII"),
        "bVII": ("i", "bIII", "bVI"),
        "bIII": ("bVI", "iv", "bVII"),
    },
}
"""Degrees that may follow each degree."""
WITH_SEVENTHS = {
    "I": "I^", "ii": "ii-7", "iii": "iii-7", "IV": "IV^", "V": "V7", "vi": "vi-7",
    "i": "i-7", "iv": "iv-7", "bVI": "bVI^", "bVII": "bVII7",
}  # fmt: skip
WANDERING_PROB = 0.5
"""Probability that a progression is drawn chord by chord."""


def progression(
    harmonies: Harmonies, tonic: int, mode: Mode, rng: np.random.Generator, wandering_prob: float = WANDERING_PROB
) -> list[Harmony]:
    """Draw one of the style's progressions, or a wandering one, in the key of `tonic` (pitch class)."""
    if harmonies != "blues" and rng.random() < wandering_prob:
        numerals = wandering(mode, rng)
        numerals = [WITH_SEVENTHS.get(name, name) for name in numerals] if harmonies == "jazz" else numerals
    else:
        numerals = str(rng.choice(PROGRESSIONS[harmonies, mode])).split()
    return [Harmony((tonic + NUMERALS[name][0]) % 12, NUMERALS[name][1]) for name in numerals]


def wandering(mode: Mode, rng: np.random.Generator) -> list[str]:
    """Draw four or eight chords from the tonic to a dominant, which leads back to it, with the tonic in the middle of eight."""
    home, followers = ("i", FOLLOWERS["minor"]) if mode == "minor" else ("I", FOLLOWERS["major"])
    chords: list[str] = []
    for _ in range(int(rng.choice([1, 2]))):
        chords.append(home)
        while len(chords) % 4 != 3:
            chords.append(str(rng.choice(followers[chords[-1]])))
        chords.append(str(rng.choice(["V", "V7", home])) if chords[-1] not in ("V", "V7") else home)
    return chords


def cadence(tonic: int, mode: Mode, harmonies: Harmonies) -> list[Harmony]:
    """Return the chords of the last two bars: dominant and tonic."""
    home: Quality = "min" if mode == "minor" else "7" if harmonies == "blues" else "maj"
    return [Harmony((tonic + 7) % 12, "7"), Harmony(tonic, home)]


def voicing(harmony: Harmony, around: int) -> list[int]:
    """Return the MIDI pitches of the chord in close position, the lowest nearest to `around`; at least four of them."""
    lowest = [around + (pitch_class - around + 5) % 12 - 5 for pitch_class in harmony.pitch_classes]
    pitches = sorted(lowest)
    while len(pitches) < 4:
        pitches.append(pitches[len(pitches) - len(harmony.pitch_classes)] + 12)
    return pitches
