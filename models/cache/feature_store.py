"""Arrays that tabs share: decoded features, encoder states, hidden layers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

from models.arrays import AnyArray
from models.single_flight import SingleFlight

ArrayT = TypeVar("ArrayT", bound=AnyArray)


class FeatureKey(NamedTuple):
    """Clip, model and kind of an array."""

    clip_hash: str
    model: str
    revision: str
    layer: str
    """Layer or kind of feature, with every option that changes the values."""


class FeatureStore:
    """LRU store of arrays up to a number of bytes; simultaneous requests for one array share its computation."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._flights = SingleFlight()
        self._arrays: OrderedDict[FeatureKey, AnyArray] = OrderedDict()
        self._used_bytes = 0

    @property
    def used_bytes(self) -> int:
        """Bytes of all arrays in the store."""
        return self._used_bytes

    def get_or_compute(self, key: FeatureKey, compute: Callable[[], ArrayT]) -> ArrayT:
        """Return the array of `key`, read-only; `compute` runs only if it is not in the store."""
        found = self.find(key)
        if found is None:
            found = self._flights.run(key, lambda: self._compute_if_absent(key, compute))
        return cast(ArrayT, found)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._arrays.clear()
            self._used_bytes = 0

    def forget(self, clip_hash: str) -> None:
        """Drop the arrays of one clip."""
        with self._lock:
            for key in [key for key in self._arrays if key.clip_hash == clip_hash]:
                self._used_bytes -= self._arrays.pop(key).nbytes

    def find(self, key: FeatureKey) -> AnyArray | None:
        """Return the array of `key`, read-only; None if it is not in the store."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
            return self._arrays.get(key)

    def _compute_if_absent(self, key: FeatureKey, compute: Callable[[], AnyArray]) -> AnyArray:
        found = self.find(key)  # an earlier flight may have landed between the look-up and this one
        if found is not None:
            return found
        array = compute()
        array.setflags(write=False)
        if array.nbytes > self._max_bytes:
            return array  # keeping it would cost everything else its place
        with self._lock:
            self._arrays[key] = array
            self._used_bytes += array.nbytes
            while self._used_bytes > self._max_bytes:
                _, evicted = self._arrays.popitem(last=False)
                self._used_bytes -= evicted.nbytes
        return array
