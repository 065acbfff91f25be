"""Simultaneous calls for the same key share one run, its result and its error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any


class SingleFlight:
    """Runs a function once per key at a time; calls that come meanwhile wait for that run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, Future[Any]] = {}

    def run(self, key: Hashable, function: Callable[[], Any]) -> Any:
        """Return the result of `function`, run by the first caller; its exception is raised in all of them."""
        with self._lock:
            flight = self._flights.get(key)
            first = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if first:
            self._fly(key, flight, function)
        return flight.result()

    def _fly(self, key: Hashable, flight: Future[Any], function: Callable[[], Any]) -> None:
        try:
            flight.set_result(function())
        except BaseException as error:
            flight.set_exception(error)
        finally:
            with self._lock:
                del self._flights[key]
