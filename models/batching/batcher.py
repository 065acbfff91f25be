"""Calls of several people to one model, joined into batches.

    result = shared.run(BatchCall(key, compute, max_rows), item)

The contract, from the caller's side:

- A thread brings one item and blocks until it has that item's result, or that item's error.
- Items whose calls have equal keys may be computed in one batch. Nothing about a result may depend on the rest of its batch.
- First come, first served: whenever a worker is free, the oldest item goes next, and takes along those behind it that join its
  batch. As a thread has at most one item in line, none of them can fill the line.
- A model may be loaded in two forms, one call on all cores or a call on each core: both have one line, and a call takes as
  many workers as it has cores, so that the forms never compete for them. Whoever began alone goes over to the crowd's form.
- There are no threads in here: a batch is computed by the thread that brought its oldest item.
- A person who is alone never waits. Otherwise the last free worker waits up to `PARTNER_SECONDS` after a result for
  the next item of the same person, so that people whose items were computed together stay together.
- A batch that fails is halved until the item at fault is alone with its error. Out of memory halves the later batches too.
- A stopped job's item leaves the line. If it is being computed, the job does not wait for it, unless its own thread computes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Generic, TypeVar, cast

from models.errors import JobStopped, ModelError
from models.out_of_memory import is_out_of_memory, let_go_of_locals
from models.stopping import never_stop
from models.waiting import report_place

PARTNER_SECONDS = 0.05
"""How long after a result the next item of the same person is expected."""
STOP_POLL_SECONDS = 0.05
"""How often a waiting thread checks whether its job was stopped."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class BatchCall(Generic[Item, Result]):
    """What is computed of items; calls are equal if their keys are, and then it does not matter which of them computes."""

    key: Hashable
    compute: Callable[[Sequence[Item]], Sequence[Result]] = field(compare=False)
    """From items to their results, in the same order."""
    max_rows: int = field(default=1, compare=False)
    """Rows of one batch at most; an item that has more is a batch of its own."""


@dataclass(eq=False)
class _Request:
    """One item in line."""

    call: BatchCall[Any, Any]
    item: Any
    rows: int
    width: int
    person: object
    is_done: bool = False
    is_abandoned: bool = False
    """Whether its thread went away without the result."""
    result: Any = None
    error: Exception | None = None


class Batcher:
    """The line of one model, and the batches that are computed of it."""

    def __init__(self, workers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        """Build an empty line; batches of `workers` workers together run at once."""
        self._free_workers = workers
        self._clock = clock
        self._changed = threading.Condition(threading.Lock())
        self._line: list[_Request] = []
        self._crowd: set[object] = set()
        self._expected: dict[object, float] = {}
        """Until when the next item of a person is waited for."""
        self._max_rows: int | None = None
        """Rows of a batch that memory has room for; None while it never ran out."""

    def run(
        self,
        call: BatchCall[Item, Result],
        item: Item,
        rows: int,
        width: int,
        person: object,
        should_stop: Callable[[], bool],
    ) -> Result:
        """Return the result of `item`, computed by this thread or by a partner's.

        Args:
            call: what is computed.
            item: what it is computed of.
            rows: how much of a batch it fills.
            width: how many workers a batch takes that this thread computes.
            person: who brings it: people's items are waited for as `PARTNER_SECONDS` says, one's own are not.
            should_stop: called while the item waits.

        Raises:
            JobStopped: `should_stop()` said so.
            Exception: what `call.compute` raised for this item alone.
        """
        request = _Request(call, item, rows, width, person)
        with self._changed:
            self._expected.pop(person, None)
            self._line.append(request)
            self._changed.notify_all()
        try:
            batch = self._await_turn(request, should_stop)
        except BaseException:
            self._abandon(request)
            raise
        finally:
            report_place(0)
        if batch:
            self._compute(batch)
        if request.error is not None:
            raise request.error
        return cast(Result, request.result)

    def enter(self, person: object, width: int) -> None:
        """Count a person whose calls take one worker each as one of the crowd."""
        if width == 1:
            self._crowd.add(person)

    @property
    def has_crowd(self) -> bool:
        """Whether there are people whose calls take one worker each."""
        return bool(self._crowd)

    def leave(self, person: object) -> None:
        """Expect no further item of `person`. It takes no lock: the garbage collector may call it at any point of this class."""
        self._crowd.discard(person)
        self._expected.pop(person, None)

    def _await_turn(self, request: _Request, should_stop: Callable[[], bool]) -> list[_Request]:
        """Return the batch that this thread has to compute; empty once another thread has computed the request."""
        while not request.is_done:
            if should_stop():
                raise JobStopped
            with self._changed:
                if self._line and self._line[0] is request and self._free_workers >= request.width:
                    patience = self._patience(request)
                    if patience <= 0:
                        return self._take(request)
                    self._changed.wait(patience)
                elif not request.is_done:
                    report_place(self._people_ahead(request))
                    self._changed.wait(STOP_POLL_SECONDS)
        return []

    def _people_ahead(self, request: _Request) -> int:
        """Return how many people have items before `request` in the line; at least one while no worker is free for it."""
        before = self._line[: self._line.index(request)] if request in self._line else []
        people = len({other.person for other in before if other.person is not request.person})
        return max(people, int(bool(before) or self._free_workers < request.width)) if request in self._line else 0

    def _abandon(self, request: _Request) -> None:
        with self._changed:
            request.is_abandoned = True
            if request in self._line:
                self._line.remove(request)
                self._changed.notify_all()

    def _patience(self, oldest: _Request) -> float:
        """Return the seconds for which the oldest request goes on waiting for partners; at most 0 if it goes now."""
        is_full = sum(request.rows for request in self._line) >= self._room(oldest)
        if is_full or self._free_workers > oldest.width or any(request.call != oldest.call for request in self._line):
            return 0.0
        here = {request.person for request in self._line}
        latest = max((until for person, until in list(self._expected.items()) if person not in here), default=0.0)
        return latest - self._clock()

    def _room(self, request: _Request) -> int:
        return min(request.call.max_rows, self._max_rows or request.call.max_rows)

    def _take(self, oldest: _Request) -> list[_Request]:
        """Take a batch out of the line: this worker's share of the requests that may be joined, in order, as far as they fit."""
        alike = [request for request in self._line if request.call == oldest.call]
        batch, rows = list[_Request](), 0
        for request in alike[: ceil(len(alike) / (self._free_workers // oldest.width))]:
            if batch and rows + request.rows > self._room(oldest):
                break
            batch.append(request)
            rows += request.rows
        for request in batch:
            self._line.remove(request)
        self._free_workers -= oldest.width
        self._changed.notify_all()  # the next one in line may find another worker free
        return batch

    def _compute(self, batch: list[_Request]) -> None:
        try:
            self._settle(batch)
        finally:
            with self._changed:
                self._free_workers += batch[0].width
                # Some are not done if this thread was told to exit.
                self._line[:0] = [request for request in batch[1:] if not (request.is_done or request.is_abandoned)]
                self._changed.notify_all()

    def _settle(self, batch: list[_Request]) -> None:
        """Compute a batch, or its halves if that fails."""
        try:
            results = batch[0].call.compute([request.item for request in batch])
            for request, result in zip(batch, results, strict=True):
                request.result = result
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
            elif is_out_of_memory(error):
                self._max_rows = max(1, sum(request.rows for request in batch) // 2)
                let_go_of_locals(error)
        else:
            self._deliver(batch)
            return
        if len(batch) == 1:
            self._deliver(batch)
            return
        middle = len(batch) // 2
        self._settle(batch[:middle])
        self._settle(batch[middle:])

    def _deliver(self, batch: list[_Request]) -> None:
        with self._changed:
            for request in batch:
                request.is_done = True
                if not request.is_abandoned:
                    self._expected[request.person] = self._clock() + PARTNER_SECONDS
            self._changed.notify_all()


class SharedModel:
    """A model that several people have at once, as one of them has it."""

    def __init__(
        self,
        model: Any,
        batcher: Batcher,
        should_stop: Callable[[], bool] = never_stop,
        width: int = 1,
        join_crowd: Callable[[], Any] | None = None,
    ) -> None:
        """Take part in the line of `batcher`.

        Args:
            model: as it is loaded.
            batcher: where everyone's items stand in line.
            should_stop: called while an item waits.
            width: workers that a call of `model` takes.
            join_crowd: borrows the form whose calls take one worker; None if this is it. It may raise ModelError.
        """
        self.model = model
        """For what threads may do at the same time, e.g. to use its tokenizer. It changes when this person joins the crowd."""
        self._batcher = batcher
        self._should_stop = should_stop
        self._width = width
        self._join_crowd = join_crowd
        self._person = object()  # not this object: the batcher must not keep the model alive
        batcher.enter(self._person, width)

    def run(self, call: BatchCall[Item, Result], item: Item, rows: int = 1) -> Result:
        """Return the result of `item`; see `Batcher.run`."""
        if self._width > 1 and self._join_crowd is not None and self._batcher.has_crowd:
            self._go_over(self._join_crowd)
        return self._batcher.run(call, item, rows, self._width, self._person, self._should_stop)

    def _go_over(self, join_crowd: Callable[[], Any]) -> None:
        self._join_crowd = None
        try:
            self.model = join_crowd()
        except ModelError:
            return  # what is at hand does as well
        self._width = 1
        self._batcher.enter(self._person, 1)

    def alone(self, compute: Callable[[Any], Result]) -> Result:
        """Return `compute(model)`, which has its turn in line and joins no other."""
        return self.run(BatchCall[None, Result](object(), lambda items: [compute(self.model) for _ in items]), None)

    def leave(self) -> None:
        """Stop others from waiting for this person."""
        self._batcher.leave(self._person)


Lend = Callable[[SharedModel], Any]
"""Returns what has the methods of the model that is shared; see the other modules of this room."""
