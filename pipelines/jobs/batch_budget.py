"""A batch that is halved when memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from models.out_of_memory import is_out_of_memory, let_go_of_locals

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


def no_room() -> None:
    """Do nothing: there is nothing that could be evicted."""


@dataclass
class BatchBudget:
    """How many items are computed in one call, fewer once memory has run out; used by the threads of one job."""

    size: int
    make_room: Callable[[], object] = no_room
    """Evicts what is idle."""

    def once_more(self, work: Callable[[], Result]) -> Result:
        """Return `work()`; when memory runs out, make room and call it again."""
        try:
            return work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            let_go_of_locals(error)
        log.warning("Memory ran out: once more with everything idle evicted.")
        self.make_room()
        return work()

    def in_parts(self, compute: Callable[[list[Item]], list[Result]], items: list[Item]) -> list[Result]:
        """Return `compute(items)`; when memory runs out, make room and compute the halves, and later calls have as few."""
        if len(items) == 1:
            return self.once_more(lambda: compute(items))
        try:
            return compute(items)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            let_go_of_locals(error)
        half = len(items) // 2
        log.warning("Memory ran out with %d at once: once more with %d.", len(items), half)
        self.size = min(self.size, half)
        self.make_room()
        return [*self.in_parts(compute, items[:half]), *self.in_parts(compute, items[half:])]
