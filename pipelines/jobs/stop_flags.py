"""A Stop flag for each browser session, set by its Stop button, by another clip, or when its page closes."""

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

    def begin(self, session: str, subject: str = "", order: int = 0) -> SessionJob:
        """Register a new job of this session, with a flag of its own; the job before it is left.

        `subject` says what it works on, e.g. a clip's content hash.
        """
        job = SessionJob(subject, order)
        with self._lock:
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
            return self._jobs.setdefault(session, SessionJob(""))

    @contextmanager
    def job(self, session: str) -> Iterator[SessionJob]:
        """Yield the session's current job, and mark it as ended after the block."""
        job = self.current(session)
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
