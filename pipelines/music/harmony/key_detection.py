"""The key of a clip: its tonic and mode, from the mean key logits of the harmony network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray
from pipelines.music.harmony.notation import MODES, Mode, spelling, tonic_name

MIN_CHORD_PROB = 0.25
"""Mean probability of a chord below which there is no tonal centre: 0.03 for drums, 0.41 for a bass line with drums."""
TEMPERATURE = 2.0
"""Divisor of the logits: two parts of a real recording agree on their key less often than the network's probabilities imply."""
MIN_KEY_PROB = 0.12
"""Probability of the best of 24 keys below which there is none."""
MIN_ALTERNATIVE_PROB = 0.02
MAX_ALTERNATIVES = 3


@dataclass(frozen=True)
class KeyCandidate:
    """A key that was considered and not chosen."""

    tonic: str
    mode: Mode
    confidence: float
    """0 to 1."""

    @property
    def name(self) -> str:
        """Tonic and mode, e.g. 'F# minor'."""
        return f"{self.tonic} {self.mode}"


@dataclass(frozen=True)
class Key:
    """The key of most of the clip."""

    tonic: str
    """As musicians spell it in this key, in ASCII: 'F#' or 'Bb'."""
    mode: Mode
    confidence: float
    """0 to 1."""
    alternatives: tuple[KeyCandidate, ...]
    """Other keys, best first."""

    @property
    def name(self) -> str:
        """Tonic and mode, e.g. 'F# minor'."""
        return f"{self.tonic} {self.mode}"

    @property
    def spelling(self) -> tuple[str, ...]:
        """Names of the twelve pitch classes, from C up, in this key."""
        return spelling(self.tonic, self.mode)


def find_key(logits: FloatArray, chord_prob: float) -> Key | None:
    """Return the key of a clip, or None without a tonal centre.

    Args:
        logits: [24], mean over the clip: C major, C minor, C sharp major and so on.
        chord_prob: mean probability over the clip that there is a chord.
    """
    scaled = logits / TEMPERATURE
    probs = np.exp(scaled - np.logaddexp.reduce(scaled))
    order = np.argsort(-probs, kind="stable")
    if chord_prob < MIN_CHORD_PROB or probs[order[0]] < MIN_KEY_PROB:
        return None
    best, *others = (KeyCandidate(*_tonic_and_mode(int(i)), round(float(probs[i]), 3)) for i in order[: 1 + MAX_ALTERNATIVES])
    return Key(best.tonic, best.mode, best.confidence, tuple(key for key in others if key.confidence >= MIN_ALTERNATIVE_PROB))


def _tonic_and_mode(index: int) -> tuple[str, Mode]:
    tonic, mode = index // len(MODES), MODES[index % len(MODES)]
    return tonic_name(tonic, mode), mode
