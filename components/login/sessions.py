"""Sessions of people who signed in; they end with the process, and an open page then asks to sign in again."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

SESSION_SECONDS = 7 * 24 * 3600.0
MAX_SESSIONS = 10_000
"""Sessions that are kept; the oldest goes first."""


class Sessions:
    """Names of accounts by a random token."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, name: str) -> str:
        """Return the token of a new session of the account `name`."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[token] = name, self._clock() + SESSION_SECONDS
            if len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
        return token

    def find(self, token: str) -> str | None:
        """Return the name of the account whose session this is."""
        with self._lock:
            name, end = self._sessions.get(token, (None, 0.0))
            if name and end <= self._clock():
                del self._sessions[token]
                return None
            return name

    def end(self, token: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(token, None)
