"""Main memory by owner: for the Models tab, and for whoever measures the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields

import psutil

from models.cache.allocator import freed_bytes
from models.cache.feature_store import FeatureStore
from models.cache.status import MAIN_MEMORY, CacheStatus


@dataclass(frozen=True)
class MemoryReport:
    """Resident bytes of this process, each counted once, and of its worker processes."""

    models: int
    """Models in main memory, as measured at their load, with what their libraries took on for them."""
    features: int
    """Arrays of clips that tabs share."""
    freed: int
    """Freed blocks that the allocator keeps for reuse; some of their pages may have gone back, so this is at most."""
    code: int
    """Code and data of libraries and weights that are mapped from files: the system can take it back."""
    libraries: int
    """The rest: Python, imported modules, the libraries' own working memory, and what jobs hold."""
    readers: int
    """Worker processes that read files."""

    @property
    def process(self) -> int:
        """Return the resident bytes of this process."""
        return self.total - self.readers

    @property
    def total(self) -> int:
        """Return the resident bytes of this process and its workers."""
        return sum(size for _, size in self.owners())

    def owners(self) -> Iterator[tuple[str, int]]:
        """Yield (name of a field, bytes)."""
        for field in fields(self):
            yield field.name, getattr(self, field.name)


def memory_report(status: CacheStatus, features: FeatureStore) -> MemoryReport:
    """Return the memory by owner now, e.g. `memory_report(runtime.cache.status(), runtime.features)`; it takes milliseconds."""
    process = psutil.Process()
    memory = process.memory_info()
    anonymous = memory.rss - getattr(memory, "shared", 0)  # what is mapped from files is known on Linux alone
    weights = min(anonymous, sum(resident.size_bytes for resident in status.residents if resident.place == MAIN_MEMORY))
    kept = min(anonymous - weights, features.used_bytes)
    freed = min(anonymous - weights - kept, freed_bytes())
    return MemoryReport(
        models=weights,
        features=kept,
        freed=freed,
        code=memory.rss - anonymous,
        libraries=anonymous - weights - kept - freed,
        readers=_memory_of_children(process),
    )


def _memory_of_children(process: psutil.Process) -> int:
    total = 0
    for child in process.children(recursive=True):
        with suppress(psutil.Error):  # it ended just now
            total += child.memory_info().rss
    return total
