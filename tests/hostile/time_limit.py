"""A time limit for code that may never return, in the main thread."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Overdue(BaseException):
    """The time is over; no `except Exception` on the way holds it up."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise Overdue where the block takes longer than `seconds`, and again after as many, should it be held up.

    A timer that runs already, such as that of a test, goes on afterwards.
    """

    def overdue(number: int, frame: FrameType | None) -> None:
        raise Overdue

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, overdue)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1e-3), interval)
