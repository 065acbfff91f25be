"""Bringing models to the device: making room, loading, parking in main memory, and dropping."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol

from models.cache.eviction import eviction_order
from models.cache.lease_book import Entry, LeaseBook, Ticket
from models.cache.memory import MemoryProbe
from models.cache.residents import Resident
from models.errors import JobStopped, ModelError, ModelLoadFailed, OutOfMemory
from models.out_of_memory import is_out_of_memory, let_go_of_locals
from models.specs.model_spec import Device, FetchedModel, ModelIdentity

log = logging.getLogger(__name__)


class ModelBuilder(Protocol):
    """Builds a model from its files; see `models.loading.loaders`."""

    def build(self, model: FetchedModel, device: Device) -> Resident:
        """Return the model on `device`."""
        ...


class Bookkeeping(Protocol):
    """The book of leases with its lock; see `models.cache.lease_queue`."""

    @property
    def book(self) -> LeaseBook:
        """Who holds what; read and written under `changed`."""
        ...

    @property
    def changed(self) -> threading.Condition:
        """Lock of the book; waiting requests are notified through it."""
        ...

    def admit(self) -> None:
        """Grant the leases that have become possible; called under `changed`."""
        ...


class RoomWasTaken(Exception):
    """The memory that was counted on is not there although others still hold some: wait in line again."""


@dataclass(frozen=True)
class DeviceMemory:
    """The device's memory and main memory behind it, with what is never given to a model."""

    device: MemoryProbe
    host: MemoryProbe | None
    """None where the device's memory is the main memory: a CPU's, and that of Apple's GPUs."""
    headroom_bytes: int
    unlimited: bool = False
    """Models are placed once and never leave, so their memory is not counted."""

    def free_bytes(self) -> int:
        """Return the bytes that models may take on the device."""
        return sys.maxsize if self.unlimited else self.device.free_bytes() - self.headroom_bytes

    def free_host_bytes(self) -> int:
        """Return the bytes of main memory behind the device that models may take; 0 where there is none."""
        return self.host.free_bytes() - self.headroom_bytes if self.host else 0

    def collect(self) -> None:
        """Free what has no reference left, and hand it back to the device and the system."""
        gc.collect()
        for probe in filter(None, (self.device, self.host)):
            probe.give_back()

    def out_of_memory(self, needed_bytes: int) -> OutOfMemory:
        """Return the error that names what was needed and what is free."""
        return OutOfMemory(needed_bytes, self.device.free_bytes(), self.device.device)


NATIVE_LOADERS = frozenset({"faster_whisper", "onnx"})
"""Loaders that read files by native code, and import nothing once their library is there."""


class ModelPlacement:
    """Builds, moves and drops models, one at a time: `construction_lock` is held meanwhile.

    `from_pretrained` races between threads, and a model that moves changes what another one measures. `import_lock` is held while
    something is built that may import parts of its library; it is taken first, so that no other model waits for imports.
    """

    def __init__(self, queue: Bookkeeping, memory: DeviceMemory, builder: ModelBuilder, clock: Callable[[], float]) -> None:
        self.construction_lock = threading.Lock()
        self.import_lock = threading.Lock()
        self.loads = 0
        self.evictions = 0
        self._queue = queue
        self._memory = memory
        self._builder = builder
        self._clock = clock

    def bring_to_device(self, ticket: Ticket, should_stop: Callable[[], bool]) -> None:
        """Load what the granted ticket lacks, and evict what stands in the way of it and of its work.

        Raises:
            JobStopped: `should_stop()` said so before anything was loaded.
            RoomWasTaken: the memory is not there, and nothing idle is left to evict.
            ModelError: a model could not be loaded; every waiter gets the same error.
        """
        if not ticket.to_load and not ticket.victims:
            return
        loaders = {model.spec.loader for identity, model, _ in ticket.models if identity in ticket.to_load}
        with self.import_lock if loaders - NATIVE_LOADERS else nullcontext(), self.construction_lock:
            if should_stop():
                raise JobStopped
            for identity, model, _ in ticket.models:
                if identity in ticket.to_load:
                    self._make_room(ticket)
                    self._load(ticket, identity, model)
            self._make_room(ticket)  # for the work: a model may have turned out larger than expected

    def drop(self, *entries: Entry) -> None:
        """Forget entries that are on their way out, and free their memory. The construction lock is held."""
        for entry in entries:
            entry.resident = None
        try:
            self._memory.collect()
        finally:
            with self._queue.changed:
                for entry in entries:
                    self._queue.book.dropped(entry)
                self._queue.admit()

    def _make_room(self, ticket: Ticket) -> None:
        """Evict what the grant named, measuring again after each, then whatever else is idle if the estimate was too low."""
        while not self._has_room(ticket):
            with self._queue.changed:
                victim = ticket.victims.pop(0) if ticket.victims else self._next_victim(ticket)
            if victim is None:
                raise RoomWasTaken
            self._evict(victim)
        with self._queue.changed:
            for victim in ticket.victims:
                victim.leaving = False
            ticket.victims = []
            self._queue.admit()

    def _has_room(self, ticket: Ticket) -> bool:
        free = self._memory.free_bytes()
        with self._queue.changed:
            promised_to_others = self._queue.book.reserved_bytes() - ticket.reserved_bytes
            return free - promised_to_others >= ticket.reserved_bytes

    def _next_victim(self, ticket: Ticket) -> Entry | None:
        victim = next(iter(eviction_order(self._queue.book.entries_besides(ticket), "device")), None)
        if victim is not None:
            victim.leaving = True
        return victim

    def _evict(self, entry: Entry) -> None:
        """Move from the device to main memory if the model can wait there, else drop it."""
        self.evictions += 1
        parked = False
        try:
            parked = self._park(entry)
        except Exception as error:
            log.warning("%s could not be moved to main memory and is dropped.", entry.model.spec.title, exc_info=error)
            let_go_of_locals(error)
        finally:
            if not parked:
                self.drop(entry)
        if parked:
            with self._queue.changed:
                self._queue.book.parked(entry)
                self._queue.admit()

    def _evict_all_idle(self, ticket: Ticket) -> None:
        while True:
            with self._queue.changed:
                victim = self._next_victim(ticket)
            if victim is None:
                return
            self._evict(victim)

    def _park(self, entry: Entry) -> bool:
        resident = entry.resident
        if resident is None or not resident.can_park or not self._make_host_room(entry.size_bytes):
            return False
        resident.park()
        self._memory.device.give_back()
        return True

    def _make_host_room(self, size_bytes: int) -> bool:
        """Return whether main memory can take `size_bytes`, after dropping parked models, least recently used first."""
        if self._memory.host is None:
            return False
        while self._memory.free_host_bytes() < size_bytes:
            with self._queue.changed:
                oldest = next(iter(eviction_order(self._queue.book.entries.values(), "host")), None)
                if oldest is None:
                    return False
                oldest.leaving = True
            self.drop(oldest)
        return True

    def _check_host_room(self, size_bytes: int) -> None:
        """Make room in main memory for what loading takes there; raise OutOfMemory if there is too little."""
        host = self._memory.host
        if host is not None and size_bytes > 0 and not self._make_host_room(size_bytes):
            raise OutOfMemory(size_bytes, host.free_bytes(), host.device)

    def _load(self, ticket: Ticket, identity: ModelIdentity, model: FetchedModel) -> None:
        """Build or restore one model; out of memory evicts everything else that is idle and tries once more."""
        try:
            try:
                resident, taken = self._build_or_restore(identity, model)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                let_go_of_locals(error)
                self._memory.collect()
                if not self._memory.unlimited:
                    self._evict_all_idle(ticket)
                resident, taken = self._build_or_restore(identity, model)
        except Exception as error:
            self._load_failed(ticket, identity, model, error)
        with self._queue.changed:
            self._queue.book.loaded(ticket, identity, resident, taken if taken > 0 else ticket.to_load[identity])
            self.loads += 1
            self._queue.admit()

    def _build_or_restore(self, identity: ModelIdentity, model: FetchedModel) -> tuple[Resident, int]:
        """Return the model on the device, and the bytes that it took there."""
        probe = self._memory.device
        used_before = probe.used_bytes()
        resident = self._queue.book.entries[identity].resident
        place = model.spec.place(probe.device)
        if resident is None:
            self._check_host_room(model.spec.host_bytes(probe.device))
            resident = self._builder.build(model, place)
        else:
            try:
                resident.restore()
            except BaseException:
                self._queue.book.entries[identity].resident = None  # half moved: the next try builds it anew
                raise
        # A process takes pages again that it had freed, without growing.
        least = model.spec.memory_bytes("cpu") if probe.device == "cpu" else 0
        taken = resident.weight_bytes() or max(probe.used_bytes() - used_before, least)
        return resident, taken if place == probe.device else 0

    def _load_failed(self, ticket: Ticket, identity: ModelIdentity, model: FetchedModel, error: Exception) -> None:
        log.warning("%s could not be loaded.", model.spec.title, exc_info=error)
        let_go_of_locals(error)
        self._memory.collect()
        raised: ModelError
        if isinstance(error, ModelError):
            raised = error
        elif is_out_of_memory(error):
            raised = self._memory.out_of_memory(ticket.reserved_bytes)
        else:
            raised = ModelLoadFailed(model.spec.title, f"{type(error).__name__}: {error}")
        with self._queue.changed:
            self._queue.book.load_failed(ticket, identity, raised, self._clock())
            self._queue.admit()
        raise raised from error
