"""A line in which jobs wait for their turn: who comes first goes first, and a few work at once.

A job waits here in its own thread, not in the queue of the web framework, which loses what waits when a page is loaded again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from models.errors import QueueFull
from models.waiting import report_place

STOP_POLL_SECONDS = 0.25
"""How often a job that waits looks whether it should stop."""


class Turns:
    """A line of jobs."""

    def __init__(self, limit: int, max_waiting: int, on_wait: Callable[[float], None] = lambda seconds: None) -> None:
        """Let `limit` jobs work at once, and `max_waiting` more wait; call `on_wait` with the seconds of each wait."""
        self._limit = limit
        self._max_waiting = max_waiting
        self._on_wait = on_wait
        self._line: list[object] = []  # those that work, then those that wait
        self._changed = threading.Condition()

    @property
    def is_full(self) -> bool:
        """Whether the next job will wait."""
        return len(self._line) >= self._limit

    @property
    def waiting(self) -> int:
        """Number of jobs that wait."""
        return max(0, len(self._line) - self._limit)

    @contextmanager
    def turn(self, should_stop: Callable[[], bool]) -> Iterator[bool]:
        """Run the block when it is this job's turn; its place is reported until then.

        A job that should stop waits no longer: the block runs with False, to say that it was stopped.

        Raises:
            QueueFull: as many as allowed are waiting already.
        """
        ticket = object()
        with self._changed:
            if len(self._line) >= self._limit + self._max_waiting:
                raise QueueFull(self._max_waiting)
            self._line.append(ticket)
        try:
            yield self._wait(ticket, should_stop)
        finally:
            with self._changed:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _wait(self, ticket: object, should_stop: Callable[[], bool]) -> bool:
        """Return whether the turn came before the stop."""
        began = time.monotonic()
        try:
            with self._changed:
                while (ahead := self._line.index(ticket) - self._limit + 1) > 0:
                    if should_stop():
                        return False
                    report_place(ahead)
                    self._changed.wait(STOP_POLL_SECONDS)
                return True
        finally:
            report_place(0)
            self._on_wait(time.monotonic() - began)


@dataclass(frozen=True)
class CallLines:
    """The lines of the calls of the API."""

    models: Turns
    """Line of the calls that borrow a model for themselves."""
    speech: Turns
    """Line of the calls that decode speech."""
    short: Turns
    """Line of the calls that run no model: they open clips and bundles, and look into the library."""


@dataclass(frozen=True)
class JobLines:
    """The lines of the jobs of pages, and of the calls: neither waits for the other."""

    models: Turns
    """Line of the jobs that borrow a model for themselves."""
    speech: Turns
    """Line of the jobs that decode speech: people share the model."""
    chains: Turns
    """Line of the jobs that begin others, one after the other, which stand in the lines above."""
    calls: CallLines
