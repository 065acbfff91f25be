"""Work of a library that reports by calling back, as a generator of what it reports."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar

Step = TypeVar("Step")


class _NobodyListens(Exception):
    """Leaves the library from within its callback."""


@dataclass(frozen=True)
class _Ended:
    error: BaseException | None


class _Worker(Generic[Step]):
    def __init__(self, work: Callable[[Callable[[Step], None]], None], should_stop: Callable[[], bool]) -> None:
        self._work = work
        self._should_stop = should_stop
        self._closed = threading.Event()
        self.outbox: queue.SimpleQueue[Step | _Ended] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="callbacks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let the work end at its next callback, and wait for it."""
        self._closed.set()
        self._thread.join()

    def _report(self, step: Step) -> None:
        if self._closed.is_set() or self._should_stop():
            raise _NobodyListens
        self.outbox.put(step)

    def _run(self) -> None:
        try:
            self._work(self._report)
        except _NobodyListens:
            self.outbox.put(_Ended(None))
        except BaseException as error:
            self.outbox.put(_Ended(error))
        else:
            self.outbox.put(_Ended(None))


def reported_steps(
    work: Callable[[Callable[[Step], None]], None], should_stop: Callable[[], bool]
) -> Generator[Step, None, None]:
    """What `work(report)` reports, as it does; an error of the work is raised here.

    `report` leaves the work by an exception once `should_stop()` says so or this generator is closed, which waits for that.
    """
    worker = _Worker(work, should_stop)
    try:
        while True:
            step = worker.outbox.get()
            if isinstance(step, _Ended):
                if step.error is not None:
                    raise step.error
                return
            yield step
    finally:
        worker.close()
