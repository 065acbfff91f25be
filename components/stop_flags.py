"""One Stop per person: a flag for each browser session, raised by its Stop button or when its page closes."""

from __future__ import annotations

import threading
from collections.abc import Callable


class StopFlags:
    """Flags by session. A job takes its session's flag when it is asked for, so a Stop in the queue counts too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flags: dict[str, threading.Event] = {}

    def begin(self, session: str) -> None:
        """A new job of this session is asked for: lower the flag, by giving the job a fresh one."""
        with self._lock:
            self._flags[session] = threading.Event()

    def should_stop(self, session: str) -> Callable[[], bool]:
        """What the session's current job looks at."""
        with self._lock:
            return self._flags.setdefault(session, threading.Event()).is_set

    def stop(self, session: str) -> None:
        """End the session's current job."""
        with self._lock:
            flag = self._flags.get(session)
        if flag is not None:
            flag.set()

    def forget(self, session: str) -> None:
        """The page was closed: end its job and forget the session."""
        self.stop(session)
        with self._lock:
            self._flags.pop(session, None)
