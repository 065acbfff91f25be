"""What the model cache tells about itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResidentStatus:
    """One line of the status panel."""

    title: str
    revision: str
    dtype: str
    place: str
    size_bytes: int
    state: str
    """'in use', 'loading', 'leaving' or 'idle'."""
    idle_seconds: float


@dataclass(frozen=True)
class CacheStatus:
    """What the status panel shows."""

    device: str
    total_bytes: int
    free_bytes: int
    reserved_bytes: int
    residents: tuple[ResidentStatus, ...]
    waiting: int
    loads: int
    evictions: int
