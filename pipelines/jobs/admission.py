"""What a job needs to begin: few enough of the same person, few enough calls a minute, and memory and disk that are left."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from models.errors import AudioscopeError, as_size

RATE_SECONDS = 60.0
MAX_CALLERS = 10_000
"""Callers whose calls are counted; beyond, those of the last minute alone are kept."""


@dataclass(frozen=True)
class JobLimits:
    """Bounds of jobs; 0 is no bound."""

    per_person: int = 0
    """Jobs of one page, or calls of one account or address, that run or wait at once."""
    calls_per_minute: int = 0
    """Calls of the API, jobs of pages and clips that pages open, of one account or address."""
    call_seconds: float = 0.0
    """Time that a call or a job may take, waiting included."""
    min_free_memory_bytes: int = 0
    min_free_disk_bytes: int = 0


class JobRefused(AudioscopeError):
    """A limit of the server keeps a job from beginning, or ends it."""


@dataclass
class Admission:
    """Lets jobs begin within limits; the memory and the disk are measured by the functions given."""

    limits: JobLimits = JobLimits()
    free_memory: Callable[[], int] = lambda: 0
    free_disk: Callable[[], int] = lambda: 0
    account: Callable[[], str | None] = lambda: None
    """Returns the name of the account whose call is being served."""
    clock: Callable[[], float] = time.monotonic
    _running: Counter[str] = field(default_factory=Counter)
    _calls: dict[str, deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def job(self, person: str) -> Iterator[None]:
        """Count a job of `person` ('' for no one person) during the block.

        Raises:
            JobRefused: the sentence names the limit.
        """
        self._check_room()
        limit = self.limits.per_person
        with self._lock:
            if person and limit and self._running[person] >= limit:
                raise JobRefused(f"You have {limit} jobs here already, the most that one person may have: wait until one ends.")
            self._running[person] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[person] -= 1
                if not self._running[person]:
                    del self._running[person]

    def count_call(self, caller: str) -> None:
        """Count a call of `caller` ('' for none); raise JobRefused if there were too many in the last minute."""
        limit = self.limits.calls_per_minute
        if not caller or not limit:
            return
        now = self.clock()
        with self._lock:
            if len(self._calls) > MAX_CALLERS:
                self._calls = {one: times for one, times in self._calls.items() if times and times[-1] > now - RATE_SECONDS}
            times = self._calls.setdefault(caller, deque())
            while times and times[0] <= now - RATE_SECONDS:
                times.popleft()
            if len(times) >= limit:
                wait = times[0] + RATE_SECONDS - now
                raise JobRefused(f"More than {limit} calls came from you in a minute: try again in {wait:.0f} s.")
            times.append(now)

    def disk_warning(self) -> str:
        """Return a sentence while less than twice the least disk is left; '' otherwise."""
        least = self.limits.min_free_disk_bytes
        free = self.free_disk() if least else 0
        return f"The disk is nearly full: {as_size(free)} left." if least and free < 2 * least else ""

    def check_disk(self) -> None:
        """Raise JobRefused where too little disk is left."""
        least = self.limits.min_free_disk_bytes
        if least and (free := self.free_disk()) < least:
            raise JobRefused(
                f"The disk of the server is full ({as_size(free)} left, {as_size(least)} are kept free): "
                "try again later, or tell whoever runs it."
            )

    def _check_room(self) -> None:
        self.check_disk()
        least = self.limits.min_free_memory_bytes
        if least and (free := self.free_memory()) < least:
            raise JobRefused(
                f"The server has too little memory ({as_size(free)} free, {as_size(least)} are kept free): try again in a minute."
            )


def too_slow(seconds: float) -> JobRefused:
    """Return the error of a call or a job that takes longer than it may."""
    return JobRefused(f"This took longer than the limit of {seconds:.0f} s and was ended: try a shorter recording.")
