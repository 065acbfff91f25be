"""Which models leave a memory, and in which order: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol, TypeVar

Place = Literal["device", "host"]


class Evictable(Protocol):
    """The facts about a model on which the choice depends."""

    size_bytes: int
    place: Place
    idle_since: float
    """Time of the last use."""

    @property
    def is_idle(self) -> bool:
        """Whether it is neither in use nor on its way out."""
        ...


EvictableT = TypeVar("EvictableT", bound=Evictable)


def eviction_order(entries: Iterable[EvictableT], place: Place) -> list[EvictableT]:
    """Return the entries in a memory that may be evicted, in the order in which they are to leave: least recently used first."""
    idle = [entry for entry in entries if entry.is_idle and entry.place == place]
    return sorted(idle, key=lambda entry: entry.idle_since)


def choose_victims(entries: Iterable[EvictableT], missing_bytes: int) -> list[EvictableT] | None:
    """Return the first entries in eviction order that hold `missing_bytes` of the device together; None if all hold too few.

    Models that run on the CPU beside a GPU hold none of it, and stay.
    """
    victims: list[EvictableT] = []
    for entry in eviction_order(entries, "device"):
        if missing_bytes <= 0:
            break
        if entry.size_bytes > 0:
            victims.append(entry)
            missing_bytes -= entry.size_bytes
    return victims if missing_bytes <= 0 else None
