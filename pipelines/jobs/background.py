"""Long jobs as steps in a thread of their own, so that whoever listens can stop at once although one step cannot be interrupted.

A decoder's window or a diffusion step runs to its end whatever happens; the listener must not wait for it. The thread looks at
`should_stop` after each step and then closes the job, which gives its models back.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.errors import JobStopped

HEARTBEAT_SECONDS = 0.1
"""How often the listener gets a turn, to look at its clock or to be cancelled, while no step has ended."""

Step = TypeVar("Step")


@dataclass(frozen=True)
class _Ended:
    error: BaseException | None


class _Runner(Generic[Step]):
    def __init__(self, job: Callable[[Callable[[], bool]], Generator[Step, None, None]], should_stop: Callable[[], bool]) -> None:
        self._job = job
        self._should_stop = should_stop
        self._abandoned = threading.Event()
        self.outbox: queue.SimpleQueue[Step | _Ended] = queue.SimpleQueue()

    def stopped(self) -> bool:
        return self._abandoned.is_set() or self._should_stop()

    def abandon(self) -> None:
        self._abandoned.set()

    def run(self) -> None:
        try:
            with closing(self._job(self.stopped)) as steps:
                for step in steps:
                    self.outbox.put(step)
                    if self.stopped():
                        break
        except BaseException as error:
            self.outbox.put(_Ended(error))
        else:
            self.outbox.put(_Ended(None))


class Preparation:
    """Slow work that is done once in a process, in a thread of its own, from the moment when somebody may need it."""

    def __init__(self, work: Callable[[], object]) -> None:
        """`work`: whoever needs what it prepares waits for it there, and there meets its error, too."""
        self._thread = threading.Thread(target=work, name="preparation", daemon=True)
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Start the work, unless it was started before."""
        with self._lock:
            if self._thread.ident is None:
                self._thread.start()

    @property
    def is_under_way(self) -> bool:
        """Whether it was started and has not ended."""
        return self._thread.is_alive()


def in_background(
    job: Callable[[Callable[[], bool]], Generator[Step, None, None]], should_stop: Callable[[], bool]
) -> Iterator[Step | None]:
    """The steps of `job(stopped)` as they end, with None at every heartbeat between them.

    Ends as soon as `should_stop()` says so, the job itself raises `JobStopped` for that reason, or the caller closes this
    generator; any other error of the job is raised here.
    """
    runner = _Runner(job, should_stop)
    threading.Thread(target=runner.run, name="job", daemon=True).start()
    try:
        while not runner.stopped():
            try:
                step = runner.outbox.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                yield None
                continue
            if isinstance(step, _Ended):
                if step.error is not None and not isinstance(step.error, JobStopped):
                    raise step.error
                return
            yield step
    finally:
        runner.abandon()
