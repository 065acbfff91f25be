"""The bookkeeping of the model cache, and nothing else: which models are held, which requests wait, what has to leave.

No locks, no threads, no clock and no loading in here: the cache calls it under its one bookkeeping lock, and the tests drive it
through random schedules step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from models.cache.eviction import Place, choose_victims, eviction_order
from models.cache.residents import Resident
from models.errors import ModelError, OutOfMemory, QueueFull
from models.specs.model_spec import FetchedModel, ModelIdentity


@dataclass(eq=False)
class Entry:
    """One model that is in a memory, on its way in, or on its way out."""

    model: FetchedModel
    size_bytes: int
    """Expected until it is loaded, measured from then on."""
    resident: Resident | None = None
    place: Place = "device"
    holders: list[Ticket] = field(default_factory=list)
    """One ticket, or several that share the model."""
    leaving: bool = False
    idle_since: float = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether it is neither held nor on its way out, so that it may be lent or evicted."""
        return self.resident is not None and not self.holders and not self.leaving

    @property
    def is_shared(self) -> bool:
        """Whether it is on the device and held by tickets that let others join them."""
        on_device = self.resident is not None and self.place == "device"
        return on_device and bool(self.holders) and all(holder.shares for holder in self.holders)


@dataclass(eq=False)
class Ticket:
    """One request for one or several models, all at once."""

    models: tuple[tuple[ModelIdentity, FetchedModel, int], ...]
    """(identity, model, expected bytes) of each."""
    working_bytes: int
    shares: bool = False
    """Whether others that share may hold its models at the same time."""
    granted: bool = False
    error: BaseException | None = None
    to_load: dict[ModelIdentity, int] = field(default_factory=dict)
    """Models that are not on the device yet, with the bytes that they will take."""
    victims: list[Entry] = field(default_factory=list)
    """Idle entries that have to leave for this ticket, least recently used first."""

    @cached_property
    def identities(self) -> frozenset[ModelIdentity]:
        """The models that this ticket asks for."""
        return frozenset(identity for identity, _, _ in self.models)

    @property
    def reserved_bytes(self) -> int:
        """Device memory that is promised to this ticket and not yet taken by a loaded model."""
        return self.working_bytes + sum(self.to_load.values()) if self.granted else 0


class LeaseBook:
    """Grants tickets first come, first served; tickets that share a model hold it together.

    A later ticket passes an earlier one only if they share no model and the earlier one does not wait for memory, so steady
    traffic on one model cannot starve another. Tickets for {A, B} and {B, A} cannot block each other, because a ticket gets all
    of its models in one step. A ticket that wants a model alone waits only for those who share it before it came.
    """

    def __init__(self, device_name: str, max_waiting: int) -> None:
        self.entries: dict[ModelIdentity, Entry] = {}
        self.waiting: list[Ticket] = []
        self.granted: list[Ticket] = []
        self._device_name = device_name
        self._max_waiting = max_waiting

    def enter(self, ticket: Ticket) -> None:
        """Put a new ticket at the end of the queue.

        Raises:
            QueueFull: as many as allowed are waiting already.
        """
        if len(self.waiting) >= self._max_waiting:
            raise QueueFull(len(self.waiting))
        self.waiting.append(ticket)

    def withdraw(self, ticket: Ticket) -> None:
        """Take a ticket that was not granted out of the queue."""
        if ticket in self.waiting:
            self.waiting.remove(ticket)

    def admit(self, free_bytes: Callable[[], int]) -> None:
        """Grant every ticket that can go now; fail those that never can.

        `free_bytes` measures the device's free memory; it is called only when a ticket needs some.
        """
        held_back: set[ModelIdentity] = set()
        for ticket in list(self.waiting):
            if ticket.identities & held_back or any(self._is_taken(identity, ticket) for identity in ticket.identities):
                held_back |= ticket.identities
                continue
            needed = self._needed_bytes(ticket)
            if needed == 0:
                self._grant(ticket, [])
                continue
            free = free_bytes() - self.reserved_bytes()
            others = self.entries_besides(ticket)
            victims = choose_victims(others, needed - free)
            if victims is not None:
                self._grant(ticket, victims)
            elif self.granted or any(entry.leaving for entry in self.entries.values()):
                return  # its memory comes free when they end; no later ticket may take it meanwhile
            elif idle := eviction_order(others, "device"):
                self._grant(ticket, idle)  # too few by their sizes; what they really free is measured as they go
            else:
                self._fail(ticket, OutOfMemory(needed, max(0, free), self._device_name))

    def is_wanted(self, identities: frozenset[ModelIdentity]) -> bool:
        """Return whether a ticket holds one of the models or waits for it."""
        return any(ticket.identities & identities for ticket in (*self.granted, *self.waiting))

    def jobs_ahead(self, ticket: Ticket) -> int:
        """Return how many tickets must go before a waiting one: those of the same models, or all if it waits for memory."""
        before = [*self.granted, *self.waiting[: self.waiting.index(ticket)]]
        rivals = [other for other in before if other.identities & ticket.identities]
        return len(rivals or before)

    def entries_besides(self, ticket: Ticket) -> list[Entry]:
        """Return the entries of all models that the ticket does not ask for."""
        return [entry for identity, entry in self.entries.items() if identity not in ticket.identities]

    def reserved_bytes(self) -> int:
        """Return the device memory promised to granted tickets and not yet taken by a loaded model."""
        return sum(ticket.reserved_bytes for ticket in self.granted)

    def loaded(self, ticket: Ticket, identity: ModelIdentity, resident: Resident, size_bytes: int) -> None:
        """Record that the model is on the device: its reservation becomes its measured size."""
        entry = self.entries[identity]
        entry.resident, entry.size_bytes, entry.place = resident, size_bytes, "device"
        del ticket.to_load[identity]

    def return_to_queue(self, ticket: Ticket, now: float) -> None:
        """Put a granted ticket that did not find its memory first in line again."""
        self.release(ticket, now)
        self.waiting.insert(0, ticket)

    def release(self, ticket: Ticket, now: float) -> None:
        """End a granted ticket: its models become idle; those that never got loaded vanish."""
        for identity in ticket.identities:
            entry = self.entries[identity]
            entry.holders.remove(ticket)
            entry.idle_since = now
            if entry.resident is None:
                del self.entries[identity]
        for victim in ticket.victims:
            victim.leaving = False
        ticket.victims, ticket.to_load, ticket.granted = [], {}, False
        self.granted.remove(ticket)

    def load_failed(self, ticket: Ticket, identity: ModelIdentity, error: ModelError, now: float) -> None:
        """End the ticket, and all that wait for the same model, with its error."""
        for other in [other for other in self.waiting if identity in other.identities]:
            self._fail(other, error)
        self.release(ticket, now)

    def parked(self, entry: Entry) -> None:
        """Record that an evicted entry has arrived in the host's memory."""
        entry.place, entry.leaving = "host", False

    def dropped(self, entry: Entry) -> None:
        """Record that an evicted entry is gone."""
        entry.resident, entry.leaving = None, False
        self.entries = {i: e for i, e in self.entries.items() if e is not entry}

    def _is_taken(self, identity: ModelIdentity, ticket: Ticket) -> bool:
        entry = self.entries.get(identity)
        return entry is not None and not entry.is_idle and not (ticket.shares and entry.is_shared)

    def _needed_bytes(self, ticket: Ticket) -> int:
        return ticket.working_bytes + sum(self._to_load(ticket).values())

    def _to_load(self, ticket: Ticket) -> dict[ModelIdentity, int]:
        missing = {}
        for identity, _, expected_bytes in ticket.models:
            entry = self.entries.get(identity)
            if entry is None:
                missing[identity] = expected_bytes
            elif entry.place == "host":
                missing[identity] = entry.size_bytes
        return missing

    def _grant(self, ticket: Ticket, victims: list[Entry]) -> None:
        ticket.to_load = self._to_load(ticket)
        ticket.victims = victims
        for victim in victims:
            victim.leaving = True
        for identity, model, expected_bytes in ticket.models:
            self.entries.setdefault(identity, Entry(model, expected_bytes)).holders.append(ticket)
        ticket.granted = True
        self.waiting.remove(ticket)
        self.granted.append(ticket)

    def _fail(self, ticket: Ticket, error: BaseException) -> None:
        ticket.error = error
        self.waiting.remove(ticket)
