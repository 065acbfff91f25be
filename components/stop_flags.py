"""One Stop per person: a flag for each browser session, raised by its Stop button, by another clip, or when its page closes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(eq=False)
class _Job:
    subject: str
    stop: threading.Event = field(default_factory=threading.Event)
    ended: bool = False


class StopFlags:
    """Flags by session. A job takes its session's flag when it is asked for, so a Stop in the queue counts too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def begin(self, session: str, subject: str = "") -> None:
        """A new job of this session is asked for: lower the flag, by giving the job a fresh one.

        `subject` says what it works on, e.g. a clip's content hash.
        """
        with self._lock:
            self._jobs[session] = _Job(subject)

    @contextmanager
    def job(self, session: str) -> Iterator[Callable[[], bool]]:
        """The block is the session's current job; the value is what it looks at to know whether to stop."""
        with self._lock:
            job = self._jobs.setdefault(session, _Job(""))
        try:
            yield job.stop.is_set
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
            job.stop.set()
        return job.subject == subject

    def forget(self, session: str) -> None:
        """The page was closed: end its jobs, also those of its parts ('session/part'), and forget the session."""
        with self._lock:
            names = [name for name in self._jobs if name == session or name.startswith(f"{session}/")]
            jobs = [self._jobs.pop(name) for name in names]
        for job in jobs:
            job.stop.set()
