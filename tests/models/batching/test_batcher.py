"""Calls of several people joined into batches: order, partners, faults, memory and Stop, with gates instead of sleeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from models.batching.batcher import PARTNER_SECONDS, BatchCall, Batcher, SharedModel
from models.errors import JobStopped
from tests.models.fakes import GUARD_SECONDS, FakeClock, Gate, StopFlag, await_event, in_thread


class Network:
    """Doubles numbers, and records its batches. The first one waits at `gate` while the test fills the line behind it."""

    def __init__(self, workers: int = 1) -> None:
        self.clock = FakeClock()
        self.batcher = Batcher(workers, self.clock)
        self.batches: list[list[int]] = []
        self.gate = Gate()
        self.gate_at: int | None = 0
        self.faults: dict[int, Exception] = {}
        self.room = 100

    def person(self, should_stop: Callable[[], bool] = lambda: False) -> SharedModel:
        return SharedModel(self, self.batcher, should_stop)

    def call(self, max_rows: int = 4, key: Hashable = "double") -> BatchCall[int, int]:
        return BatchCall(key, self.compute, max_rows)

    def compute(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        if self.gate_at in items:
            self.gate()
        for item in items:
            if item in self.faults:
                raise self.faults[item]
        if len(items) > self.room:
            raise MemoryError
        return [2 * item for item in items]

    def ask(self, item: int, person: SharedModel | None = None, rows: int = 1, **call: Any) -> Future[int]:
        """A thread whose item waits or is being computed, and which then ends or goes on."""
        flag = StopFlag()

        def visit() -> int:
            visitor = self.person(flag)
            try:
                return visitor.run(self.call(**call), item, rows)
            finally:
                visitor.leave()

        if person is None:
            future = in_thread(visit)
            await_event(flag.asked)
            return future
        return in_thread(person.run, self.call(**call), item, rows)

    def fill(self, *items: int, **call: Any) -> list[Future[int]]:
        """Visitors in line in this order behind the first batch, [0], which waits at the gate."""
        futures = [self.ask(0)]
        await_event(self.gate.reached)
        return [*futures, *(self.ask(item, **call) for item in items)]

    def open(self, futures: Sequence[Future[int]]) -> list[int]:
        self.gate.opened.set()
        return [future.result(GUARD_SECONDS) for future in futures]


def test_a_lone_person_waits_for_nobody() -> None:
    network = Network()
    network.gate_at = None
    alone = network.person()
    assert [alone.run(network.call(), item) for item in (1, 2, 3)] == [2, 4, 6]
    assert network.batches == [[1], [2], [3]]


def test_those_who_wait_at_the_same_time_are_computed_together_and_get_their_own_results() -> None:
    network = Network()
    assert network.open(network.fill(1, 2, 3)) == [0, 2, 4, 6]
    assert network.batches == [[0], [1, 2, 3]]


def test_a_batch_has_no_more_rows_than_its_call_allows() -> None:
    network = Network()
    network.open(network.fill(1, 2, 3, 4, 5))
    assert [len(batch) for batch in network.batches] == [1, 4, 1]
    network = Network()
    network.open(network.fill(1, 2, 3, rows=3))
    assert [len(batch) for batch in network.batches] == [1, 1, 1, 1]


def test_the_oldest_goes_first_and_takes_along_only_what_equals_it() -> None:
    network = Network()
    futures = network.fill()
    futures += [network.ask(item, key=key) for item, key in ((1, "a"), (2, "b"), (3, "a"), (4, "b"))]
    assert network.open(futures) == [0, 2, 4, 6, 8]
    assert network.batches == [[0], [1, 3], [2, 4]]


def test_free_workers_share_what_waits() -> None:
    network = Network(workers=3)
    both = threading.Barrier(2)

    def meet(items: Sequence[int]) -> list[int]:
        both.wait(GUARD_SECONDS)  # passes only if two batches run at the same time
        return [2 * item for item in items]

    call = BatchCall[int, int]("meet", meet, 4)
    futures = [in_thread(network.person().run, call, item) for item in (1, 2)]
    assert sorted(future.result(GUARD_SECONDS) for future in futures) == [2, 4]


def test_a_call_on_all_cores_never_runs_beside_another() -> None:
    batcher, running, most = Batcher(2), [0], [0]
    lock, together = threading.Lock(), threading.Barrier(6)

    def compute(items: Sequence[int]) -> list[int]:
        (width,) = items
        with lock:
            running[0] += width
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= width
        return [width]

    def use(width: int) -> None:
        person = SharedModel(None, batcher, width=width)
        together.wait(GUARD_SECONDS)
        for _ in range(50):
            assert person.run(BatchCall[int, int](object(), compute), width) == width
        person.leave()

    for future in [in_thread(use, width) for width in (1, 2, 1, 2, 1, 1)]:
        future.result(GUARD_SECONDS)
    assert most[0] <= 2


def test_an_error_reaches_only_the_one_whose_item_it_is() -> None:
    network = Network()
    network.faults = {3: ValueError("a bad window")}
    *fine, third, fourth = network.fill(1, 2, 3, 4)
    assert network.open([*fine, fourth]) == [0, 2, 4, 8]
    with pytest.raises(ValueError, match="a bad window"):
        third.result(GUARD_SECONDS)


def test_out_of_memory_halves_the_batch_and_those_after_it() -> None:
    network = Network()
    network.room = 2
    assert network.open(network.fill(1, 2, 3, 4)) == [0, 2, 4, 6, 8]
    assert network.batches == [[0], [1, 2, 3, 4], [1, 2], [3, 4]]
    network.batches, network.gate = [], Gate()
    network.open(network.fill(1, 2, 3, 4))
    assert network.batches == [[0], [1, 2], [3, 4]]


def test_one_item_for_which_memory_never_reaches_fails_alone() -> None:
    network = Network()
    network.faults = {2: MemoryError()}
    first, bad, other = network.fill(2, 3)
    assert network.open([first, other]) == [0, 6]
    with pytest.raises(MemoryError):
        bad.result(GUARD_SECONDS)


def test_a_stop_takes_only_the_own_item_out_of_the_line() -> None:
    network = Network()
    futures = network.fill(1)
    flag = StopFlag()
    stopped = in_thread(network.person(flag).run, network.call(), 2)
    await_event(flag.asked)
    flag.stopped = True
    with pytest.raises(JobStopped):
        stopped.result(GUARD_SECONDS)
    assert network.open(futures) == [0, 2]
    assert network.batches == [[0], [1]]


def test_a_stopped_job_does_not_wait_for_the_batch_of_another_thread() -> None:
    network = Network()
    futures = network.fill(1)
    network.gate_at, gate = 1, network.gate
    network.gate = Gate()
    flag = StopFlag()
    stopped = in_thread(network.person(flag).run, network.call(), 2)
    await_event(flag.asked)
    gate.opened.set()
    await_event(network.gate.reached)
    assert network.batches[-1] == [1, 2]
    flag.stopped = True
    with pytest.raises(JobStopped):
        stopped.result(GUARD_SECONDS)
    assert network.open(futures) == [0, 2]


def test_people_whose_items_were_computed_together_stay_together() -> None:
    network = Network()
    people = [network.person(), network.person()]
    futures = network.fill()
    for item, person in enumerate(people, start=1):
        futures.append(network.ask(item, person))
    await_line(network, 2)
    network.open(futures)
    first = network.ask(3, people[0])  # the clock stands still: the partner is expected, and the worker waits for it
    await_line(network, 1)
    second = network.ask(4, people[1])
    assert [first.result(GUARD_SECONDS), second.result(GUARD_SECONDS)] == [6, 8]
    assert network.batches[-1] == [3, 4]


@pytest.mark.parametrize("gone", [True, False])
def test_a_partner_is_not_waited_for_once_its_time_is_over_or_it_left(gone: bool) -> None:
    network = Network()
    partner = network.person()
    futures = [*network.fill(), network.ask(1, partner)]
    await_line(network, 1)
    network.open(futures)
    if gone:
        partner.leave()
    else:
        network.clock.advance(PARTNER_SECONDS)
    assert network.person().run(network.call(), 2) == 4
    assert network.batches[-1] == [2]


def test_a_worker_does_not_wait_for_a_partner_while_something_else_is_in_line() -> None:
    network = Network()
    partner = network.person()
    futures = [*network.fill(), network.ask(1, partner)]
    await_line(network, 1)
    network.open(futures)
    waiting = network.ask(2)
    await_line(network, 1)
    other = network.ask(3, key="other")
    assert waiting.result(GUARD_SECONDS) == 4
    partner.leave()
    assert other.result(GUARD_SECONDS) == 6
    assert network.batches[-2:] == [[2], [3]]


def test_work_alone_has_its_turn_and_joins_nobody() -> None:
    network = Network()
    futures = network.fill(1)
    flag = StopFlag()
    alone = in_thread(network.person(flag).alone, lambda model: model is network)
    await_event(flag.asked)
    futures.append(network.ask(2))
    assert network.open(futures) == [0, 2, 4]
    assert alone.result(GUARD_SECONDS) is True


def test_everyone_gets_the_own_result_whatever_the_schedule() -> None:
    network = Network(workers=2)
    network.gate_at = None
    network.faults = {item: ValueError(item) for item in range(0, 400, 7)}
    network.room = 3
    together = threading.Barrier(8)

    def use(number: int) -> None:
        person = network.person()
        together.wait(GUARD_SECONDS)
        for item in range(number, 400, 8):
            if item in network.faults:
                with pytest.raises(ValueError, match=str(item)):
                    person.run(network.call(), item)
            else:
                assert person.run(network.call(key=item % 3), item) == 2 * item
        person.leave()

    for future in [in_thread(use, number) for number in range(8)]:
        future.result(GUARD_SECONDS)
    assert max(map(len, network.batches)) <= 4


def await_line(network: Network, length: int) -> None:
    """Wait until so many items stand in line."""
    batcher = network.batcher
    with batcher._changed:
        assert batcher._changed.wait_for(lambda: len(batcher._line) == length, GUARD_SECONDS)
