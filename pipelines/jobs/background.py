"""Work in a thread of its own, as a generator of its steps, so that the caller can stop at once.

A decoder's window or a diffusion step runs to its end whatever happens; `in_background` does not wait for it. A library that
calls back with each step becomes a generator by `reported_steps`, which waits, so that the library's models are free afterwards.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.errors import JobStopped

HEARTBEAT_SECONDS = 0.1
"""How often the caller gets control, to read its clock or to be cancelled, while no step has ended."""

Step = TypeVar("Step")


@dataclass(frozen=True)
class Ended:
    """The last message of a worker."""

    error: BaseException | None


class Worker(Generic[Step]):
    """A thread that runs `work(report, stopped)`, and sends what it reports and its end."""

    def __init__(
        self,
        work: Callable[[Callable[[Step], None], Callable[[], bool]], None],
        should_stop: Callable[[], bool],
        send: Callable[[Step | Ended], None],
        name: str = "job",
    ) -> None:
        """Start the thread `name`, in the caller's context; it calls `send` with each step, and last with `Ended`."""
        self._work = work
        self._should_stop = should_stop
        self._send = send
        self._closed = threading.Event()
        self._thread = threading.Thread(target=contextvars.copy_context().run, args=(self._run,), name=name, daemon=True)
        self._thread.start()

    def stopped(self) -> bool:
        """Return whether no more steps are wanted."""
        return self._closed.is_set() or self._should_stop()

    def close(self) -> None:
        """End the work at its next report."""
        self._closed.set()

    def join(self) -> None:
        """Wait until the work has ended."""
        self._thread.join()

    def _report(self, step: Step) -> None:
        if self.stopped():
            raise JobStopped
        self._send(step)

    def _run(self) -> None:
        try:
            self._work(self._report, self.stopped)
        except BaseException as error:
            self._send(Ended(error))
        else:
            self._send(Ended(None))


def received(outbox: queue.SimpleQueue[Step | Ended], heartbeat: float | None = None) -> Iterator[Step | None]:
    """Yield each step as it is sent, and None whenever `heartbeat` seconds pass without one; raise the work's error."""
    while True:
        try:
            step = outbox.get(timeout=heartbeat)
        except queue.Empty:
            yield None
            continue
        if not isinstance(step, Ended):
            yield step
        elif step.error is None or isinstance(step.error, JobStopped):
            return
        else:
            raise step.error


def in_background(
    job: Callable[[Callable[[], bool]], Generator[Step, None, None]], should_stop: Callable[[], bool]
) -> Iterator[Step | None]:
    """Yield the steps of `job(stopped)` as they end, with None at every heartbeat between them.

    Ends as soon as `should_stop()` says so, the job itself raises `JobStopped`, or the caller closes this generator; the job is
    closed after the step that it is in, which gives its models back. Any other error of the job is raised here.
    """

    def work(report: Callable[[Step], None], stopped: Callable[[], bool]) -> None:
        with closing(job(stopped)) as steps:
            for step in steps:
                report(step)

    outbox: queue.SimpleQueue[Step | Ended] = queue.SimpleQueue()
    worker = Worker(work, should_stop, outbox.put)
    try:
        for step in received(outbox, HEARTBEAT_SECONDS):
            yield step
            if worker.stopped():
                return
    finally:
        worker.close()


def reported_steps(
    work: Callable[[Callable[[Step | None], None]], None], should_stop: Callable[[], bool]
) -> Generator[Step, None, None]:
    """Yield what `work(report)` reports, as it does, but no None; an error of the work is raised here.

    `report` raises JobStopped, which leaves the work, once `should_stop()` says so or this generator is closed; closing waits
    for that.
    """
    outbox: queue.SimpleQueue[Step | Ended | None] = queue.SimpleQueue()
    worker = Worker[Step | None](lambda report, stopped: work(report), should_stop, outbox.put)
    try:
        yield from (step for step in received(outbox) if step is not None)
    finally:
        worker.close()
        worker.join()


class Preparation:
    """Slow work that is done once in a process, in a thread of its own, before its result is needed."""

    def __init__(self, work: Callable[[], object]) -> None:
        """Keep `work`, which is called once; whatever needs its result waits there, and gets its error there too."""
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
