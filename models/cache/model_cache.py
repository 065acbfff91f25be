"""The one cache that lends every model to every tab.

    with cache.lease(spec_a, spec_b, working_bytes=2**30) as (a, b):
        ...

A lease is exclusive per model, takes all of its models at once and gives them back however the block ends. `LeaseBook` decides
who goes; this module adds the threads, the measuring, the loading and the moving. Two locks: the bookkeeping lock, held for
microseconds, never while loading; and the construction lock, which lets one model at a time be built or moved, because
`from_pretrained` races between threads.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from models.cache.lease_book import Entry, LeaseBook, Ticket
from models.cache.memory import MemoryProbe, is_out_of_memory, let_go_of_locals
from models.cache.residents import Resident
from models.cache.status import CacheStatus, ResidentStatus
from models.errors import JobStopped, ModelError, ModelLoadFailed, OutOfMemory, WaitedTooLong
from models.specs.model_spec import (
    Device,
    FetchedModel,
    ModelIdentity,
    ModelSpec,
)
from models.stopping import never_stop

STOP_POLL_SECONDS = 0.05
"""How often a waiting thread looks whether its job was stopped."""

log = logging.getLogger(__name__)


class ModelFiles(Protocol):
    """Brings the files of a model to this disk; see `model_files`."""

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        """The model's files, downloaded or assembled if need be."""
        ...


class ModelBuilder(Protocol):
    """Builds a model from its files; see `model_loaders`."""

    def build(self, model: FetchedModel, device: Device) -> Resident:
        """The model on `device`."""
        ...


@dataclass(frozen=True)
class CacheLimits:
    """Bounds of the cache."""

    headroom_bytes: int = 512 * 2**20
    """Memory on the device that is never given to a model."""
    max_waiting: int = 32
    lease_timeout_seconds: float = 300.0
    """How long a request waits for its turn."""
    idle_timeout_seconds: float = 1800.0
    """How long an unused model stays."""
    eager: bool = False
    """ZeroGPU: models are placed by `preload` when the process starts, and none ever moves or leaves."""


class _RoomWasTaken(Exception):
    """The memory that was counted on is not there although others still hold some: wait in line again."""


class ModelCache:
    """Admission, leases and eviction over one device, with the host's memory behind it when the device is a GPU."""

    def __init__(
        self,
        files: ModelFiles,
        builder: ModelBuilder,
        device_probe: MemoryProbe,
        host_probe: MemoryProbe | None = None,
        limits: CacheLimits = CacheLimits(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._builder = builder
        self._device_probe = device_probe
        self._host_probe = host_probe
        self._limits = limits
        self._clock = clock
        self._book = LeaseBook(device_probe.device, limits.max_waiting)
        self._changed = threading.Condition(threading.Lock())
        self._ended: deque[Ticket] = deque()
        self._construction_lock = threading.Lock()
        self._loads = 0
        self._evictions = 0

    @contextmanager
    def lease(
        self,
        *specs: ModelSpec,
        working_bytes: int = 0,
        timeout_seconds: float | None = None,
        should_stop: Callable[[], bool] = never_stop,
    ) -> Iterator[tuple[Any, ...]]:
        """Lend the models of `specs`, in that order, exclusively, with `working_bytes` of memory kept free for the work.

        Raises:
            QueueFull, WaitedTooLong, JobStopped: it never was this request's turn.
            ModelUnavailable, DamagedWeights, ModelLoadFailed: a model could not be had; every waiter gets the same error.
            OutOfMemory: what was needed and what was free, from loading or from the work itself.
        """
        device = self._device_probe.device
        models = tuple(self._files.fetch(spec) for spec in specs)
        ticket = Ticket(tuple((m.identity(device), m, m.spec.memory_bytes(device)) for m in models), working_bytes)
        timeout = self._limits.lease_timeout_seconds if timeout_seconds is None else timeout_seconds
        residents = self._acquire(ticket, timeout, should_stop)
        try:
            yield residents
        except Exception as error:
            if is_out_of_memory(error) and not isinstance(error, OutOfMemory):
                let_go_of_locals(error)
                self.evict_idle(0.0)
                raise self._out_of_memory(working_bytes) from error
            raise
        finally:
            del residents
            self._release(ticket)

    def preload(self, *specs: ModelSpec) -> None:
        """Load models before anybody asks, one after the other, and leave them idle."""
        for spec in specs:
            with self.lease(spec):
                pass

    def run(
        self,
        function: Callable[..., Any],
        *specs: ModelSpec,
        working_bytes: int = 0,
        should_stop: Callable[[], bool] = never_stop,
    ) -> Any:
        """`function(*models)` under a lease; out of memory evicts every idle model and tries once more.

        Raises:
            OutOfMemory: it happened again.
        """
        try:
            with self.lease(*specs, working_bytes=working_bytes, should_stop=should_stop) as models:
                return function(*models)
        except OutOfMemory as error:
            log.warning("%s One more try with everything idle evicted.", error)
        with self.lease(*specs, working_bytes=working_bytes, should_stop=should_stop) as models:
            return function(*models)

    def evict_idle(self, idle_seconds: float | None = None) -> int:
        """Drop every model that nobody used for `idle_seconds` (default: the limit); returns how many went."""
        if self._limits.eager:
            return 0
        limit = self._limits.idle_timeout_seconds if idle_seconds is None else idle_seconds
        with self._construction_lock:
            with self._changed:
                self._settle()
                now = self._clock()
                idle = [*self._book.idle_entries("device"), *self._book.idle_entries("host")]
                stale = [entry for entry in idle if now - entry.idle_since >= limit]
                for entry in stale:
                    entry.leaving = True
            self._drop(*stale)
        return len(stale)

    def clear(self) -> int:
        """Free everything that is not in use; returns how many models went."""
        return self.evict_idle(0.0)

    def attainable_bytes(self) -> int:
        """What models could have on the device if every resident made room: free memory and all that residents hold."""
        with self._changed:
            held = sum(e.size_bytes for e in self._book.entries.values() if e.resident and e.place == "device")
        return self._free_bytes() + held

    def status(self) -> CacheStatus:
        """A snapshot for the status panel."""
        total, free = self._device_probe.total_bytes(), self._device_probe.free_bytes()
        with self._changed:
            self._settle()
            residents = tuple(self._resident_status(i, e) for i, e in self._book.entries.items())
            reserved, waiting = self._book.reserved_bytes(), len(self._book.waiting)
        device = self._device_probe.device
        return CacheStatus(device, total, free, reserved, residents, waiting, self._loads, self._evictions)

    def _resident_status(self, identity: ModelIdentity, entry: Entry) -> ResidentStatus:
        place = "main memory" if entry.place == "host" or self._device_probe.device == "cpu" else "GPU"
        state = "leaving" if entry.leaving else "idle" if entry.is_idle else "in use" if entry.resident else "loading"
        idle_seconds = self._clock() - entry.idle_since if state == "idle" else 0.0
        spec = entry.model.spec
        return ResidentStatus(spec.title, entry.model.revision, identity.dtype, place, entry.size_bytes, state, idle_seconds)

    def _acquire(self, ticket: Ticket, timeout_seconds: float, should_stop: Callable[[], bool]) -> tuple[Any, ...]:
        deadline = self._clock() + timeout_seconds
        try:
            with self._changed:
                self._book.enter(ticket)
                self._admit()
            while True:
                self._await_grant(ticket, deadline, timeout_seconds, should_stop)
                try:
                    self._bring_to_device(ticket, should_stop)
                except _RoomWasTaken:
                    with self._changed:
                        self._book.return_to_queue(ticket, self._clock())
                        self._admit()
                    continue
                with self._changed:
                    entries = [self._book.entries[identity] for identity, _, _ in ticket.models]
                    return tuple(entry.resident.model for entry in entries if entry.resident)
        except BaseException:
            with self._changed:
                self._book.withdraw(ticket)
                self._ended.append(ticket)
                self._admit()
            raise

    def _await_grant(self, ticket: Ticket, deadline: float, timeout_seconds: float, should_stop: Callable[[], bool]) -> None:
        while not ticket.granted:
            if ticket.error:
                raise ticket.error
            if should_stop():
                raise JobStopped
            if self._clock() >= deadline:
                raise WaitedTooLong(timeout_seconds)
            with self._changed:
                if not ticket.granted and not ticket.error:
                    self._changed.wait(STOP_POLL_SECONDS)
                self._settle()

    def _release(self, ticket: Ticket) -> None:
        """End a granted ticket.

        The garbage collector may close an abandoned generator, and so call this, while this very thread is keeping the books.
        Then the lock stays out of reach, and whoever keeps the books next ends the ticket.
        """
        self._ended.append(ticket)
        if self._changed.acquire(timeout=STOP_POLL_SECONDS):
            try:
                self._settle()
            finally:
                self._changed.release()

    def _settle(self) -> None:
        """End the tickets whose leases are over."""
        if self._ended:
            self._admit()

    def _admit(self) -> None:
        while self._ended:
            ticket = self._ended.popleft()
            if ticket.granted:
                self._book.release(ticket, self._clock())
        self._book.admit(self._free_bytes)
        self._changed.notify_all()

    def _free_bytes(self) -> int:
        if self._limits.eager:
            return sys.maxsize
        return self._device_probe.free_bytes() - self._limits.headroom_bytes

    def _bring_to_device(self, ticket: Ticket, should_stop: Callable[[], bool]) -> None:
        if not ticket.to_load and not ticket.victims:
            return
        with self._construction_lock:
            if should_stop():
                raise JobStopped
            for identity, model, _ in ticket.models:
                if identity in ticket.to_load:
                    self._make_room(ticket)
                    self._load(ticket, identity, model)
            self._make_room(ticket)  # for the work: a model may have turned out larger than expected

    def _make_room(self, ticket: Ticket) -> None:
        """Evict what the grant named, measuring again after each, then whatever else is idle if the estimate was too low."""
        while not self._has_room(ticket):
            with self._changed:
                victim = ticket.victims.pop(0) if ticket.victims else self._next_victim(ticket)
            if victim is None:
                raise _RoomWasTaken
            self._evict(victim)
        with self._changed:
            for victim in ticket.victims:
                victim.leaving = False
            ticket.victims = []
            self._admit()

    def _has_room(self, ticket: Ticket) -> bool:
        free = self._free_bytes()
        with self._changed:
            promised_to_others = self._book.reserved_bytes() - ticket.reserved_bytes
            return free - promised_to_others >= ticket.reserved_bytes

    def _next_victim(self, ticket: Ticket) -> Entry | None:
        idle = self._book.idle_entries("device", ticket.identities)
        victim = min(idle, key=lambda entry: entry.idle_since, default=None)
        if victim is not None:
            victim.leaving = True
        return victim

    def _evict(self, entry: Entry) -> None:
        """Device -> host if it can wait there, else gone. The construction lock is held."""
        self._evictions += 1
        parked = False
        try:
            parked = self._park(entry)
        except Exception as error:
            log.warning("%s could not be moved to main memory and is dropped.", entry.model.spec.title, exc_info=error)
            let_go_of_locals(error)
        finally:
            if not parked:
                self._drop(entry)
        if parked:
            with self._changed:
                self._book.parked(entry)
                self._admit()

    def _park(self, entry: Entry) -> bool:
        resident = entry.resident
        if resident is None or not resident.can_park or not self._make_host_room(entry.size_bytes):
            return False
        resident.park()
        self._device_probe.give_back()
        return True

    def _make_host_room(self, size_bytes: int) -> bool:
        """Whether main memory can take `size_bytes`, after dropping parked models, least recently used first."""
        if self._host_probe is None:
            return False
        while self._host_probe.free_bytes() - self._limits.headroom_bytes < size_bytes:
            with self._changed:
                parked = self._book.idle_entries("host")
                oldest = min(parked, key=lambda entry: entry.idle_since, default=None)
                if oldest is None:
                    return False
                oldest.leaving = True
            self._drop(oldest)
        return True

    def _drop(self, *entries: Entry) -> None:
        """Forget entries that are on their way out, and their memory with them. The construction lock is held."""
        for entry in entries:
            entry.resident = None
        try:
            self._collect()
        finally:
            with self._changed:
                for entry in entries:
                    self._book.dropped(entry)
                self._admit()

    def _collect(self) -> None:
        """Free what nobody refers to any more, and hand it back to the device and the system."""
        gc.collect()
        for probe in filter(None, (self._device_probe, self._host_probe)):
            probe.give_back()

    def _load(self, ticket: Ticket, identity: ModelIdentity, model: FetchedModel) -> None:
        """Build or restore one model; out of memory evicts everything else that is idle and tries once more."""
        try:
            try:
                resident, taken = self._build_or_restore(identity, model)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                let_go_of_locals(error)
                self._collect()
                if not self._limits.eager:
                    self._evict_all_idle(ticket)
                resident, taken = self._build_or_restore(identity, model)
        except Exception as error:
            self._load_failed(ticket, identity, model, error)
        with self._changed:
            self._book.loaded(ticket, identity, resident, taken if taken > 0 else ticket.to_load[identity])
            self._loads += 1
            self._admit()

    def _build_or_restore(self, identity: ModelIdentity, model: FetchedModel) -> tuple[Resident, int]:
        """The model on the device, and the bytes that it took there."""
        used_before = self._device_probe.used_bytes()
        resident = self._book.entries[identity].resident
        if resident is None:
            resident = self._builder.build(model, self._device_probe.device)
        else:
            try:
                resident.restore()
            except BaseException:
                self._book.entries[identity].resident = None  # half moved: the next try builds it anew
                raise
        return resident, resident.weight_bytes() or self._device_probe.used_bytes() - used_before

    def _evict_all_idle(self, ticket: Ticket) -> None:
        while True:
            with self._changed:
                victim = self._next_victim(ticket)
            if victim is None:
                return
            self._evict(victim)

    def _load_failed(self, ticket: Ticket, identity: ModelIdentity, model: FetchedModel, error: Exception) -> None:
        log.warning("%s could not be loaded.", model.spec.title, exc_info=error)
        let_go_of_locals(error)
        self._collect()
        told: ModelError
        if is_out_of_memory(error):
            told = self._out_of_memory(ticket.reserved_bytes)
        elif isinstance(error, ModelError):
            told = error
        else:
            told = ModelLoadFailed(model.spec.title, f"{type(error).__name__}: {error}")
        with self._changed:
            self._book.load_failed(ticket, identity, told, self._clock())
            self._admit()
        raise told from error

    def _out_of_memory(self, needed_bytes: int) -> OutOfMemory:
        return OutOfMemory(needed_bytes, self._device_probe.free_bytes(), self._device_probe.device)
