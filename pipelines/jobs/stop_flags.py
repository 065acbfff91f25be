"""A Stop flag for each browser session, set by its Stop button, by another clip, or after its page closed; and one for all."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from models.waiting import Place
from pipelines.jobs.admission import Admission

GRACE_SECONDS = 60.0
"""How long a running job goes on that no page shows: a page that is loaded again within this time shows it further."""


@dataclass(eq=False)
class SessionJob:
    """A job, callable as its `should_stop`."""

    subject: str
    order: int = 0
    """The page's own count of its requests, which may arrive in another order."""
    stop: threading.Event = field(default_factory=threading.Event)
    sessions: set[str] = field(default_factory=set)
    """Sessions whose pages show it: the one that began it, or one that found it running."""
    adopted: bool = False
    """Whether the last of these sessions found it running, and has not begun to show it."""
    runner: object = None
    """What runs its work."""
    place: Place = field(default_factory=Place)
    """Its place in line for a model."""
    position: float = 0.0
    """Progress of its work, 0 to 1, as far as the work says."""
    running: bool = False
    ended: bool = False
    leaving: threading.Timer | None = None
    """Ends it after a while in which no page shows it."""

    ends: float = math.inf
    """Time of the monotonic clock after which it stops."""
    is_late: bool = False
    """Whether it was stopped because of that."""

    def __call__(self) -> bool:
        """Return whether to stop."""
        if time.monotonic() > self.ends and not self.stop.is_set():
            self.is_late = True
            self.stop.set()
        return self.stop.is_set()

    @property
    def left(self) -> bool:
        """Whether its results are shown nowhere, as a later job or another subject replaced it, or its page was closed."""
        return not self.sessions

    def leave(self, session: str) -> None:
        """Note that its results are no longer shown in `session`; stop the job if they are shown nowhere."""
        self.sessions.discard(session)
        if not self.sessions:
            self.stop.set()


class StopFlags:
    """Flags by session. A job gets its flag when it is requested, so that a Stop counts while it is in the queue."""

    def __init__(self, grace_seconds: float = GRACE_SECONDS, admission: Admission | None = None) -> None:
        """Make flags; a running job whose page was closed stops after `grace_seconds`. `admission` lets jobs begin."""
        self.admission = admission or Admission()
        self._grace_seconds = grace_seconds
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
            job = self._new_job(session, subject, order)
            before = self._jobs.get(session)
            if before is not None and order < before.order:
                job.leave(session)
                return job
            if before is not None:
                before.leave(session)
            self._jobs[session] = job
        return job

    def adopt(self, session: str, job: SessionJob) -> None:
        """Register a running job that another session began: this one shows it too, and can stop it."""
        with self._lock:
            job.sessions.add(session)
            job.adopted = True
            if job.leaving:
                job.leaving.cancel()
            self._jobs[session] = job

    def find(self, session: str) -> SessionJob | None:
        """Return the job that was registered last; None if there was none."""
        with self._lock:
            return self._jobs.get(session)

    def waiting(self, session: str) -> SessionJob | None:
        """Return the job that was registered last if its work has not begun."""
        with self._lock:
            job = self._jobs.get(session)
        return job if job is not None and job.runner is None else None

    def adopted(self, session: str) -> SessionJob | None:
        """Return the job that the session adopted and has not begun to show: it begins now."""
        with self._lock:
            job = self._jobs.get(session)
            if job is None or not job.adopted:
                return None
            job.adopted = False
            return job

    def begin_unless_adopted(self, session: str, subject: str = "") -> SessionJob:
        """Return the running job that the session adopted and has not begun to show, or begin one as `begin` does."""
        with self._lock:
            job = self._jobs.get(session)
            if job is not None and job.adopted and job.subject == subject:
                return job
        return self.begin(session, subject)

    def current(self, session: str) -> SessionJob:
        """Return the job that was registered last."""
        with self._lock:
            return self._jobs.setdefault(session, self._new_job(session, ""))

    @contextmanager
    def run(self, job: SessionJob) -> Iterator[SessionJob]:
        """Yield a job, which runs during the block and is marked as ended after it."""
        job.running = True
        with self.counted():
            try:
                yield job
            finally:
                job.running, job.ended = False, True

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
            job.leave(session)
        return job.subject == subject

    def is_busy(self, session: str) -> bool:
        """Return whether a job that the session shows runs or waits."""
        with self._lock:
            job = self._jobs.get(session)
        return job is not None and not job.ended and session in job.sessions

    def end_waiting(self, session: str) -> None:
        """End the job that was registered last if its work has not begun, since nothing will begin it."""
        job = self.waiting(session)
        if job is not None:
            job.stop.set()
            job.ended = True

    def forget(self, session: str) -> None:
        """Forget the session of a page that was closed, with its parts ('session/part').

        Its jobs stop, those that run after a while: the page may have been loaded again, and show them further.
        """
        with self._lock:
            names = [name for name in self._jobs if name == session or name.startswith(f"{session}/")]
            jobs = {name: self._jobs.pop(name) for name in names}
        for name, job in jobs.items():
            job.sessions.discard(name)
            if not job.running:
                job.leave(name)
            elif job.left:
                job.leaving = threading.Timer(self._grace_seconds, job.leave, (name,))
                job.leaving.daemon = True
                job.leaving.start()

    def _new_job(self, session: str, subject: str, order: int = 0) -> SessionJob:
        job = SessionJob(subject, order, sessions={session})
        if self.is_closed():
            job.stop.set()
        return job
