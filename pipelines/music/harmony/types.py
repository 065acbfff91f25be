"""Types of harmony: chords, keys, and their alternatives."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.jobs.result import Result
from pipelines.music.harmony.notation import Mode, spelling

NO_CHORD_NAME = "N"


@dataclass(frozen=True)
class ChordCandidate(Result):
    """A chord that was considered and not chosen."""

    name: str
    confidence: float
    """0 to 1."""


@dataclass(frozen=True)
class Chord(Result):
    """One chord from `start` to `end`; the chords of a clip follow each other without gaps."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    name: str
    """In Harte's syntax, as mir_eval reads it: 'C:maj', 'A:min', 'G:7', 'Bb:maj', or 'N' for no chord."""
    confidence: float
    """0 to 1."""
    alternatives: tuple[ChordCandidate, ...] = ()
    """Other chords for the same time, best first."""


@dataclass(frozen=True)
class KeyCandidate(Result):
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
class Key(Result):
    """The key of most of the clip."""

    tonic: str
    """As musicians spell it in this key, in ASCII: 'F#' or 'Bb'."""
    mode: Mode
    confidence: float
    """0 to 1; the confidences of all 24 keys add up to 1."""
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


@dataclass(frozen=True)
class KeySpan(Result):
    """A stretch of the clip in one key; the spans follow each other without gaps."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    key: KeyCandidate
    """The key, with its mean probability over the span."""
