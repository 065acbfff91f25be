"""Types of rhythm: tempo, beats, metre, and their alternatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.jobs.result import Result

Relation = Literal["half", "double", "third", "triple", "other"]


@dataclass(frozen=True)
class MetreCandidate(Result):
    """A metre that was considered and not chosen."""

    beats_per_bar: int
    beat_unit: int
    confidence: float
    """0 to 1."""

    @property
    def metre(self) -> str:
        """Time signature, e.g. '3/4'."""
        return time_signature(self.beats_per_bar, self.beat_unit)


def time_signature(beats_per_bar: int, beat_unit: int) -> str:
    """Return '3/4' for three quarters a bar, '6/8' for two beats of three eighths."""
    return f"{beats_per_bar}/4" if beat_unit == 4 else f"{3 * beats_per_bar}/8"


@dataclass(frozen=True)
class TempoCandidate(Result):
    """A tempo that was considered and not chosen."""

    bpm: float
    """Beats per minute."""
    confidence: float
    """0 to 1; those of the chosen tempo and of all candidates sum to no more than 1."""
    relation: Relation
    """To the chosen tempo: 'half' is half as fast."""


@dataclass(frozen=True)
class Tempo(Result):
    """Beats per minute; the beat is the notated one, in 6/8 and 12/8 the dotted quarter."""

    bpm: float
    """Beats per minute: the median over the clip."""
    confidence: float
    """0 to 1: low where two tempi are equally likely, or where the beats are weak."""
    alternatives: tuple[TempoCandidate, ...]
    """Half and double first, then the other candidates, best first."""
    reason: str
    """One sentence for people: why this one and not its half or double."""


@dataclass(frozen=True)
class Beats(Result):
    """All beats, and the position of each in its bar."""

    times: tuple[float, ...]
    """Seconds, ascending."""
    positions: tuple[int, ...]
    """Position of each beat in its bar: 1 is the downbeat, then 2, up to `beats_per_bar`."""
    beats_per_bar: int
    """Beats that a person counts or conducts: 2 in 6/8, where each beat is a dotted quarter."""
    beat_unit: int
    """4: the beat is a quarter; 8: it is three eighths, as in 6/8."""
    confidence: float
    """0 to 1, of the beat times and the metre together."""
    alternatives: tuple[MetreCandidate, ...] = ()
    """Other metres, best first."""

    @property
    def metre(self) -> str:
        """Time signature, e.g. '4/4' or '6/8'."""
        return time_signature(self.beats_per_bar, self.beat_unit)

    @property
    def downbeats(self) -> tuple[float, ...]:
        """Start of each bar in seconds."""
        return tuple(time for time, position in zip(self.times, self.positions, strict=True) if position == 1)
