"""Jobs in threads of their own, whose latest values a page shows, and another one after it if the page is loaded again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import gradio as gr

from components.page.calls.callers import caller_name
from components.page.user_errors import errors_as_sentences
from models.stopping import never_stop
from models.waiting import PLACE
from pipelines.jobs.admission import Admission, too_slow
from pipelines.jobs.background import Ended, Worker
from pipelines.jobs.stop_flags import SessionJob, StopFlags
from pipelines.jobs.turns import Turns
from pipelines.telemetry.requests import counted_request

POLL_SECONDS = 0.05
"""How often a page that shows a job looks for what is new: a thread for each would be more than the server has."""
MAX_ENDED = 500
"""Ended jobs about no clip that are kept for their pages, a table of text each."""
SKIPPED = gr.skip()

CURRENT_JOB: ContextVar[SessionJob | None] = ContextVar("current_job", default=None)
"""The job in whose thread the code runs."""

Step = TypeVar("Step")

JobKey = tuple[str, str, str]
"""(person, content hash of the clip, name)."""


class LiveJob:
    """The work of one job in a thread of its own, with the latest value of each output."""

    def __init__(
        self,
        name: str,
        task: str,
        job: SessionJob,
        outputs: Sequence[gr.components.Component],
    ) -> None:
        """Name the work, the task that it counts for, and its outputs."""
        self.name = name
        self._task = task
        self.job = job
        self.outputs = tuple(outputs)
        self.had_turn = False
        self._values: list[Any] = [SKIPPED] * len(self.outputs)
        self._changes = [0] * len(self.outputs)
        self._change = 0
        self._end: Ended | None = None
        self._lock = threading.Lock()

    def start(self, work: Callable[[], Iterator[Any]], flags: StopFlags, turns: Turns, ended: Callable[[], None]) -> None:
        """Run `work`, which yields a value for each output, or the value of the only one, at its turn; call `ended` last."""

        def run(report: Callable[[Any], None], _: Callable[[], bool]) -> None:
            CURRENT_JOB.set(self.job)  # the thread has a context of its own
            PLACE.set(self.job.place)
            with flags.run(self.job), counted_request(self._task, "page", self.job):
                try:
                    with errors_as_sentences(), self._admitted(flags.admission), turns.turn(self.job) as self.had_turn:
                        for update in work():
                            report(update if len(self.outputs) > 1 else (update,))
                finally:
                    ended()

        self.job.runner = self
        Worker(run, never_stop, self._receive)

    @contextmanager
    def _admitted(self, admission: Admission) -> Iterator[None]:
        """Count the job during the block, and stop it when it has taken as long as it may; raise JobRefused for a limit."""
        person = next(iter(self.job.sessions), "").partition("/")[0]
        seconds = admission.limits.call_seconds
        if seconds:
            self.job.ends = time.monotonic() + seconds
        admission.count_call(caller_name(admission.account()))
        with admission.job(person):
            yield
        if self.job.is_late:
            raise too_slow(seconds)

    @property
    def written(self) -> dict[gr.components.Component, Any]:
        """The latest value of each output that has one."""
        with self._lock:
            pairs = zip(self.outputs, self._values, strict=True)
            return {output: value for output, value in pairs if not is_skipped(value)}

    async def updates(self, session: str) -> AsyncIterator[Any]:
        """Yield what changed since the last time, as `work` does, while the job is shown in `session`; raise the work's error."""
        seen = 0
        while True:
            with self._lock:
                before, seen, end = seen, self._change, self._end
                update = tuple(
                    value if change > before else SKIPPED for value, change in zip(self._values, self._changes, strict=True)
                )
            if session not in self.job.sessions:
                return
            if seen > before:
                yield update if len(update) > 1 else update[0]
            if end is not None:
                if end.error is not None:
                    raise end.error
                return
            await asyncio.sleep(POLL_SECONDS)

    def _receive(self, step: Sequence[Any] | Ended) -> None:
        with self._lock:
            if isinstance(step, Ended):
                self._end = step
            else:
                self._change += 1
                for index, value in enumerate(step):
                    if not is_skipped(value):
                        self._values[index], self._changes[index] = value, self._change


def is_skipped(value: object) -> bool:
    """Return whether a value of an update leaves its output as it is."""
    return isinstance(value, dict) and value == SKIPPED


def reported(snapshots: Iterator[Step], position: Callable[[Step], float]) -> Iterator[Step]:
    """Yield snapshots of the work of the job in whose thread the code runs, and note its progress, 0 to 1."""
    job = CURRENT_JOB.get()
    for now in snapshots:
        if job is not None:
            job.position = position(now)
        yield now


class LiveJobs:
    """The jobs that run now, by person, clip and name; and each person's last ones that were about no clip."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[JobKey, LiveJob] = {}
        self._ended: dict[JobKey, LiveJob] = {}

    def put(self, key: JobKey, live: LiveJob) -> None:
        """Add a job, in the place of an earlier one that is still ending."""
        with self._lock:
            self._jobs[key] = live

    def end(self, key: JobKey, live: LiveJob) -> None:
        """Note that a job has ended; what it has written is kept here if there is no clip beside which it is kept."""
        with self._lock:
            if self._jobs.get(key) is live:
                del self._jobs[key]
            if not live.job.subject:
                self._ended.pop(key, None)
                self._ended[key] = live
                if len(self._ended) > MAX_ENDED:
                    del self._ended[next(iter(self._ended))]

    def find_ended(self, key: JobKey) -> LiveJob | None:
        """Return the last job about no clip that ended under this key."""
        with self._lock:
            return self._ended.get(key)

    def find(self, key: JobKey) -> LiveJob | None:
        """Return the job under this key, which runs or, stopped, is about to end."""
        with self._lock:
            return self._jobs.get(key)
