"""Types of sections."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.jobs.result import Result


@dataclass(frozen=True)
class Section(Result):
    """One section from `start` to `end`; the sections of a clip follow each other without gaps."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    label: str
    """'A' for the first kind of section, 'B' for the next; equal labels sound alike."""
    confidence: float | None
    """0 to 1: probability that a section begins within 3 s of `start`; for the first one, the same of its end. None for the only
    section of a clip, of which it was not measured."""
