"""A clock by which the age of files is judged, which a jump of the system's clock does not make old."""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_DRIFT_SECONDS = 60.0
"""What the system's clock may gain between two questions, as by small corrections, before that is a jump."""


class AgeClock:
    """Seconds since the epoch. A jump forward counts only when what was written before it has had its time."""

    def __init__(
        self,
        settling_seconds: float,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow a jump forward `settling_seconds` after it was seen, and one backward at once."""
        self._settling_seconds = settling_seconds
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()
        self._jumped_at: float | None = None

    def now(self) -> float:
        """Return the time, at most that of the system's clock."""
        since_start = self._monotonic()
        offset = self._wall() - since_start
        if offset > self._offset + MAX_DRIFT_SECONDS and self._jumped_at is None:
            self._jumped_at = since_start
        if self._jumped_at is None or offset <= self._offset or since_start - self._jumped_at >= self._settling_seconds:
            self._offset, self._jumped_at = offset, None
        return since_start + self._offset
