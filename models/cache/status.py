"""A snapshot of the model cache."""

from __future__ import annotations

from dataclasses import dataclass

MAIN_MEMORY = "main memory"
"""Place of a model that is not on a GPU."""
PLACED = "ready for every call"
"""State of a model that lies on ZeroGPU's GPU as long as the app runs."""


@dataclass(frozen=True)
class ResidentStatus:
    """One line of the status panel."""

    title: str
    revision: str
    dtype: str
    place: str
    size_bytes: int
    state: str
    """'in use', 'loading', 'leaving' or 'idle'; `PLACED` on ZeroGPU."""
    idle_seconds: float = 0.0


@dataclass(frozen=True)
class CacheStatus:
    """Residents, memory and counts of the cache at one moment."""

    device: str
    total_bytes: int
    free_bytes: int
    reserved_bytes: int
    residents: tuple[ResidentStatus, ...]
    waiting: int
    loads: int
    evictions: int
