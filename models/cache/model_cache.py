"""The one cache that lends every model to every tab.

    with cache.lease(spec_a, spec_b, working_bytes=2**30) as (a, b):
        ...

A lease is exclusive per model, takes all of its models at once and gives them back however the block ends. `LeaseBook` decides
which request goes, `LeaseQueue` lets threads wait for that, and `ModelPlacement` brings the models to the device.

    with cache.share(spec, working_bytes=2**28) as shared:
        result = shared.run(call, item)

Several may share a model. What they compute stands in line at the model's `Batcher`, and is joined into batches.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol
from weakref import WeakValueDictionary

from models.batching.batcher import Batcher, SharedModel
from models.cache.lease_book import Entry, LeaseBook, Ticket
from models.cache.lease_queue import LeaseQueue
from models.cache.memory import MemoryProbe
from models.cache.placement import DeviceMemory, ModelBuilder, ModelPlacement, RoomWasTaken
from models.cache.status import MAIN_MEMORY, CacheStatus, ResidentStatus
from models.errors import OutOfMemory
from models.out_of_memory import is_out_of_memory, let_go_of_locals
from models.specs.model_spec import FetchedModel, ModelIdentity, ModelSpec
from models.stopping import never_stop

log = logging.getLogger(__name__)


class ModelFetcher(Protocol):
    """Brings the files of a model to this disk; see `models.files.model_files`."""

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        """Return the model's files, downloaded or assembled if need be."""
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


class ModelCache:
    """Admission, leases and eviction over one device, with the host's memory behind it when the device is a GPU."""

    def __init__(
        self,
        files: ModelFetcher,
        builder: ModelBuilder,
        device_probe: MemoryProbe,
        host_probe: MemoryProbe | None = None,
        limits: CacheLimits = CacheLimits(),
        clock: Callable[[], float] = time.monotonic,
        on_wait: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """Build an empty cache; it calls `on_wait` with the seconds that each request waited for its models, loading aside."""
        self._files = files
        self._device = device_probe.device
        self._limits = limits
        self._clock = clock
        self._on_wait = on_wait
        self._memory = DeviceMemory(device_probe, host_probe, limits.headroom_bytes, unlimited=limits.eager)
        self._queue = LeaseQueue(LeaseBook(self._device, limits.max_waiting), self._memory.free_bytes, clock)
        self._placement = ModelPlacement(self._queue, self._memory, builder, clock)
        self._batchers: WeakValueDictionary[ModelIdentity, Batcher] = WeakValueDictionary()

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
        ticket = self._ticket(tuple(self._files.fetch(spec) for spec in specs), working_bytes)
        with self._granted(ticket, None, timeout_seconds, should_stop) as entries:
            models = _models_of(entries)
            try:
                yield models
            finally:
                del models

    @contextmanager
    def share(
        self,
        spec: ModelSpec,
        crowded: ModelSpec | None = None,
        working_bytes: int = 0,
        timeout_seconds: float | None = None,
        should_stop: Callable[[], bool] = never_stop,
    ) -> Iterator[SharedModel]:
        """Lend the model to this job and to all others that share it; who wants it alone waits for those who came before.

        Args:
            spec: the model.
            crowded: the form of the same weights to lend if others are using or waiting for one of the two.
            working_bytes: memory for this job's part of a batch.
            timeout_seconds: how long to wait; by default the limit.
            should_stop: called while this job waits for the model, and while its items wait in the model's line.

        Raises:
            ModelError, JobStopped: as in `lease`.
        """
        model = self._files.fetch(spec)
        ticket = self._ticket((model,), working_bytes, shares=True)
        for_crowd = self._ticket((replace(model, spec=crowded),), working_bytes, shares=True) if crowded else None
        with ExitStack() as loans:
            (entry,) = loans.enter_context(self._granted(ticket, for_crowd, timeout_seconds, should_stop))

            def join_crowd() -> Any:
                assert for_crowd is not None
                return _models_of(loans.enter_context(self._granted(for_crowd, None, 0.0, should_stop)))[0]

            workers = (crowded or spec).workers
            width = workers // entry.model.spec.workers
            batcher = self._batcher(entry, workers)
            shared = SharedModel(_models_of([entry])[0], batcher, should_stop, width, join_crowd if width > 1 else None)
            try:
                yield shared
            finally:
                shared.leave()
                del shared

    def preload(self, *specs: ModelSpec) -> None:
        """Load models before the first request, one after the other, and leave them idle."""
        for spec in specs:
            with self.lease(spec):
                pass

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Keep models whose libraries import parts of themselves from being built: two threads must not do that at once.

        Models in memory are lent as ever, and those of CTranslate2 and onnxruntime are built.
        """
        with self._placement.import_lock:
            yield

    def run(
        self,
        function: Callable[..., Any],
        *specs: ModelSpec,
        working_bytes: int = 0,
        should_stop: Callable[[], bool] = never_stop,
    ) -> Any:
        """Return `function(*models)` under a lease; out of memory evicts every idle model and tries once more.

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
        """Drop every model that has been idle for `idle_seconds` (default: the limit) and return their number."""
        if self._limits.eager:
            return 0
        limit = self._limits.idle_timeout_seconds if idle_seconds is None else idle_seconds
        book = self._queue.book
        with self._placement.construction_lock:
            with self._queue.changed:
                self._queue.settle()
                now = self._clock()
                idle = [entry for entry in book.entries.values() if entry.is_idle]
                stale = [entry for entry in idle if now - entry.idle_since >= limit]
                for entry in stale:
                    entry.leaving = True
            self._placement.drop(*stale)
        return len(stale)

    def clear(self) -> int:
        """Free every model that is not in use and return their number."""
        return self.evict_idle(0.0)

    def give_back(self) -> None:
        """Return memory that is freed but kept by allocators to its owner."""
        self._memory.collect()

    def attainable_bytes(self) -> int:
        """Return the bytes that models could have on the device if every resident made room."""
        with self._queue.changed:
            held = sum(e.size_bytes for e in self._queue.book.entries.values() if e.resident and e.place == "device")
        return self._memory.free_bytes() + held

    def attainable_host_bytes(self) -> int:
        """Return the bytes of main memory that loading could have if every model that can leave it did.

        Without a memory of its own behind it, the device's memory is the main memory: so it is on a Mac.
        """
        if self._memory.host is None:
            return self.attainable_bytes()
        with self._queue.changed:
            parked = sum(e.size_bytes for e in self._queue.book.entries.values() if e.resident and e.place == "host")
        return self._memory.free_host_bytes() + parked

    def status(self) -> CacheStatus:
        """Return a snapshot for the status panel."""
        book, probe = self._queue.book, self._memory.device
        total, free = probe.total_bytes(), probe.free_bytes()
        with self._queue.changed:
            self._queue.settle()
            residents = tuple(self._resident_status(i, e) for i, e in book.entries.items())
            reserved, waiting = book.reserved_bytes(), len(book.waiting)
        loads, evictions = self._placement.loads, self._placement.evictions
        return CacheStatus(self._device, total, free, reserved, residents, waiting, loads, evictions)

    def _resident_status(self, identity: ModelIdentity, entry: Entry) -> ResidentStatus:
        spec = entry.model.spec
        place = "GPU" if entry.place == "device" and spec.place(self._device) != "cpu" else MAIN_MEMORY
        state = "leaving" if entry.leaving else "idle" if entry.is_idle else "in use" if entry.resident else "loading"
        idle_seconds = self._clock() - entry.idle_since if state == "idle" else 0.0
        return ResidentStatus(spec.title, entry.model.revision, identity.dtype, place, entry.size_bytes, state, idle_seconds)

    def _ticket(self, models: tuple[FetchedModel, ...], working_bytes: int, shares: bool = False) -> Ticket:
        expected = tuple((m.identity(self._device), m, m.spec.memory_bytes(self._device)) for m in models)
        return Ticket(expected, working_bytes, shares)

    @contextmanager
    def _granted(
        self, ticket: Ticket, crowded: Ticket | None, timeout_seconds: float | None, should_stop: Callable[[], bool]
    ) -> Iterator[list[Entry]]:
        """Yield the entries of the ticket, or of `crowded`, once they are on the device."""
        timeout = self._limits.lease_timeout_seconds if timeout_seconds is None else timeout_seconds
        try:
            ticket = self._queue.enter(ticket, crowded)
            entries = self._acquire(ticket, timeout, should_stop)
        except BaseException:
            for asked in filter(None, (ticket, crowded)):
                self._queue.leave(asked)
            raise
        try:
            yield entries
        except Exception as error:
            if is_out_of_memory(error) and not isinstance(error, OutOfMemory):
                let_go_of_locals(error)
                self.evict_idle(0.0)
                raise self._memory.out_of_memory(ticket.working_bytes) from error
            raise
        finally:
            self._queue.end(ticket)

    def _acquire(self, ticket: Ticket, timeout_seconds: float, should_stop: Callable[[], bool]) -> list[Entry]:
        deadline = self._clock() + timeout_seconds
        while True:
            began = self._clock()
            try:
                self._queue.await_grant(ticket, deadline, timeout_seconds, should_stop)
            finally:
                self._on_wait(self._clock() - began)
            try:
                self._placement.bring_to_device(ticket, should_stop)
            except RoomWasTaken:
                self._queue.return_to_front(ticket)
                continue
            with self._queue.changed:
                return [self._queue.book.entries[identity] for identity, _, _ in ticket.models]

    def _batcher(self, entry: Entry, workers: int) -> Batcher:
        """Return the line of those who share the weights now, in whatever form."""
        weights = entry.model.identity(self._device)._replace(workers=0)
        with self._queue.changed:
            return self._batchers.setdefault(weights, Batcher(workers))


def _models_of(entries: list[Entry]) -> tuple[Any, ...]:
    return tuple(entry.resident.model for entry in entries if entry.resident)
