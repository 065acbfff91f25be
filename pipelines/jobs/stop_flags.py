"""One Stop per person: a flag for each browser session, raised by its Stop button, by another clip, or when its page closes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(eq=False)
class SessionJob:
    """One job."""

    subject: str
    order: int = 0
    """The page's own count, where what it asked for may arrive in another order."""
    stop: threading.Event = field(default_factory=threading.Event)
    left: bool = False
    """The person has turned to another subject, or has asked anew: nobody wants to see any more of it."""
    ended: bool = False
    over: bool = False
    """The page was told that it has ended."""
    follows: bool = False
    """It was begun before the page was told so of the job before it."""

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.stop.is_set()

    def leave(self) -> None:
        """Stop, and show nothing more."""
        self.left = True
        self.stop.set()


class StopFlags:
    """Flags by session. A job takes its session's flag when it is asked for, so a Stop in the queue counts too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, SessionJob] = {}

    def begin(self, session: str, subject: str = "", order: int = 0) -> SessionJob:
        """A new job of this session is asked for: it gets a fresh flag, and nobody wants to see more of the one before.

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
        """The job that was asked for last."""
        with self._lock:
            return self._jobs.setdefault(session, SessionJob(""))

    @contextmanager
    def job(self, session: str) -> Iterator[SessionJob]:
        """The block is the session's current job."""
        job = self.current(session)
        try:
            yield job
        finally:
            job.ended = True

    def stop(self, session: str) -> None:
        """End the session's current job."""
        with self._lock:
            job = self._jobs.get(session)
        if job is not None:
            job.stop.set()

    def stop_unless(self, session: str, subject: str) -> bool:
        """Whether a job on `subject` was begun and has not ended; a job on anything else is ended."""
        with self._lock:
            job = self._jobs.get(session)
        if job is None or job.ended:
            return False
        if job.subject != subject:
            job.leave()
        return job.subject == subject

    def is_over(self, session: str) -> bool:
        """Whether the page may show that nothing runs, now that a job ended: it may have been the one before the current one."""
        with self._lock:
            job = self._jobs.get(session)
            if job is None:
                return True
            job.over = job.ended or not job.follows
            job.follows = False
            return job.over

    def forget(self, session: str) -> None:
        """The page was closed: end its jobs, also those of its parts ('session/part'), and forget the session."""
        with self._lock:
            names = [name for name in self._jobs if name == session or name.startswith(f"{session}/")]
            jobs = [self._jobs.pop(name) for name in names]
        for job in jobs:
            job.stop.set()
