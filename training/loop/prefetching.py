"""Batches that are read while the steps before are computed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from training.loop.batches import Shard

Batch = TypeVar("Batch")


class Prefetcher(Generic[Batch]):
    """Calls `load` in threads for the steps that follow the one that is asked for.

    Args:
        load: returns the batch of a step's shard, and depends on these alone.
        steps: how many steps ahead batches are read; their memory is needed.
    """

    def __init__(self, load: Callable[[int, Shard], Batch], steps: int) -> None:
        self._load, self._steps = load, steps
        self._threads = ThreadPoolExecutor(max(1, steps), thread_name_prefix="batches")
        self._coming: dict[tuple[int, Shard], Future[Batch]] = {}

    def __call__(self, step: int, shard: Shard) -> Batch:
        """Return the batch of a step's shard."""
        for ahead in range(step, step + self._steps + 1):
            if (ahead, shard) not in self._coming:
                self._coming[ahead, shard] = self._threads.submit(self._load, ahead, shard)
        return self._coming.pop((step, shard)).result()
