"""One of something for each account."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Owned(Generic[Thing]):
    """What accounts have one each of, made when it is first asked for."""

    def __init__(self, make: Callable[[str], Thing]) -> None:
        """Keep `make`, called with the folder of an account, or '' for what all share where there are no accounts."""
        self._make = make
        self._things: dict[str, Thing] = {}
        self._lock = threading.Lock()

    def of(self, owner: str) -> Thing:
        """Return that of an account, given by its folder; see `Access.owner`."""
        with self._lock:
            if owner not in self._things:
                self._things[owner] = self._make(owner)
            return self._things[owner]
