"""Where a job stands in the line for a model, for whoever shows it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Place:
    """The place of one job, written by the thread that waits."""

    jobs_ahead: int = 0
    """Jobs that go first; 0 while it does not wait."""


PLACE: ContextVar[Place | None] = ContextVar("place", default=None)
"""The place of the job in whose threads the code runs."""


def report_place(jobs_ahead: int) -> None:
    """Note that `jobs_ahead` jobs go before the one of this thread; 0 for none."""
    place = PLACE.get()
    if place is not None:
        place.jobs_ahead = jobs_ahead


def jobs_ahead() -> int:
    """Return how many jobs go before the one of this thread; 0 while it does not wait."""
    place = PLACE.get()
    return place.jobs_ahead if place is not None else 0
