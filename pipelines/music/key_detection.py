"""The key of a clip: its tonic and mode, from what the harmony network says over the whole of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray
from pipelines.music.notation import (
    MODES,
    Mode,
    spelling,
    tonic_name,
)

MIN_HARMONY = 0.25
"""Share of the time with a chord below which there is no tonal centre."""
TEMPERATURE = 2.0
"""By which logits are divided: two parts of a real recording agree on their key less often than the network would have it."""
MIN_CONFIDENCE = 0.12
"""Probability of the best of 24 keys below which there is none."""
FAINTEST_CANDIDATE = 0.02
MAX_CANDIDATES = 3


@dataclass(frozen=True)
class KeyCandidate:
    """A key that was considered and not taken."""

    tonic: str
    mode: Mode
    confidence: float
    """0 to 1."""

    @property
    def name(self) -> str:
        """E.g. 'F# minor'."""
        return f"{self.tonic} {self.mode}"


@dataclass(frozen=True)
class Key:
    """The key in which most of the clip stands."""

    tonic: str
    """As musicians spell it in this key, in ASCII: 'F#' or 'Bb'."""
    mode: Mode
    confidence: float
    """0 to 1."""
    alternatives: tuple[KeyCandidate, ...]
    """Other keys, best first."""

    @property
    def name(self) -> str:
        """E.g. 'F# minor'."""
        return f"{self.tonic} {self.mode}"

    @property
    def spelling(self) -> tuple[str, ...]:
        """The twelve pitch classes, from C up, as they are written in this key."""
        return spelling(self.tonic, self.mode)


def find_key(logits: FloatArray, chord_coverage: float) -> Key | None:
    """The key for the mean `logits` [24] of a clip (C major, C minor, C sharp major, ...), or None without a tonal centre.

    `chord_coverage`: how much of the clip has a chord, 0 to 1.
    """
    cooled = logits / TEMPERATURE
    share = np.exp(cooled - np.logaddexp.reduce(cooled))
    order = np.argsort(-share, kind="stable")
    if chord_coverage < MIN_HARMONY or share[order[0]] < MIN_CONFIDENCE:
        return None
    best, *others = (KeyCandidate(*_tonic_and_mode(int(i)), round(float(share[i]), 3)) for i in order[: 1 + MAX_CANDIDATES])
    return Key(best.tonic, best.mode, best.confidence, tuple(key for key in others if key.confidence >= FAINTEST_CANDIDATE))


def _tonic_and_mode(index: int) -> tuple[str, Mode]:
    tonic, mode = index // len(MODES), MODES[index % len(MODES)]
    return tonic_name(tonic, mode), mode
