"""A Stop flag for each browser session, set by its Stop button, by another clip, or when its page closes; and one for all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(eq=False)
class SessionJob:
    """A job, callable as its `should_stop`."""

    subject: str
    order: int = 0
    """The page's own count of its requests, which may arrive in another order."""
    stop: threading.Event = field(default_factory=threading.Event)
    left: bool = False
    """Whether a later job or another subject replaced it, so that its results are no longer shown."""
    ended: bool = False
    over: bool = False
    """Whether the page shows that it has ended."""
    follows: bool = False
    """Whether it was begun while the page still showed the job before it as running."""

    def __call__(self) -> bool:
        """Return whether to stop."""
        return self.stop.is_set()

    def leave(self) -> None:
        """Stop the job, and mark that its results are no longer shown."""
        self.left = True
        self.stop.set()


class StopFlags:
    """Flags by session. A job gets its flag when it is requested, so that a Stop counts while it is in the queue."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, SessionJob] = {}
        self._closed = threading.Event()
        self._idle = threading.Condition()
        self._running = 0

    @property
    def running(self) -> int:
        """Number of jobs that are running, those of the API included."""
        return self._running

    def is_closed(self) -> bool:
        """Return whether every job is to stop, because the app ends."""
        return self._closed.is_set()

    def close(self) -> None:
        """Stop all jobs, and those that begin later at once."""
        self._closed.set()
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop.set()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a job as running during the block."""
        with self._idle:
            self._running += 1
        try:
            yield
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Return as soon as no job runs, or False after `timeout_seconds`."""
        with self._idle:
            return self._idle.wait_for(lambda: self._running == 0, timeout_seconds)

    def begin(self, session: str, subject: str = "", order: int = 0) -> SessionJob:
        """Register a new job of this session, with a flag of its own; the job before it is left.

        `subject` says what it works on, e.g. a clip's content hash.
        """
        with self._lock:
            job = self._new_job(subject, order)
            before = self._jobs.get(session)
            if before is not None and order < before.order:
                job.leave()
                return job
            if before is not None:
                job.follows = not before.over
                before.leave()
            self._jobs[session] = job
        return job

    def current(self, session: str) -> SessionJob:
        """Return the job that was registered last."""
        with self._lock:
            return self._jobs.setdefault(session, self._new_job(""))

    @contextmanager
    def job(self, session: str) -> Iterator[SessionJob]:
        """Yield the session's current job, which runs during the block and is marked as ended after it."""
        job = self.current(session)
        with self.counted():
            try:
                yield job
            finally:
                job.ended = True

    def stop(self, session: str) -> None:
        """Stop the session's current job."""
        with self._lock:
            job = self._jobs.get(session)
        if job is not None:
            job.stop.set()

    def stop_unless(self, session: str, subject: str) -> bool:
        """Return whether a job on `subject` was begun and has not ended; leave a job on any other subject."""
        with self._lock:
            job = self._jobs.get(session)
        if job is None or job.ended:
            return False
        if job.subject != subject:
            job.leave()
        return job.subject == subject

    def is_over(self, session: str) -> bool:
        """Return whether the page may show that no job runs after one ended: it may have been the one before the current one."""
        with self._lock:
            job = self._jobs.get(session)
            if job is None:
                return True
            job.over = job.ended or not job.follows
            job.follows = False
            return job.over

    def forget(self, session: str) -> None:
        """Stop the jobs of a page that was closed, also those of its parts ('session/part'), and forget the session."""
        with self._lock:
            names = [name for name in self._jobs if name == session or name.startswith(f"{session}/")]
            jobs = [self._jobs.pop(name) for name in names]
        for job in jobs:
            job.stop.set()

    def _new_job(self, subject: str, order: int = 0) -> SessionJob:
        job = SessionJob(subject, order)
        if self.is_closed():
            job.stop.set()
        return job
