"""Requests that end before their turn: stopped, late, or one too many."""

from __future__ import annotations

import threading

import pytest

from models.errors import JobStopped, QueueFull, WaitedTooLong
from tests.models.cache.steps import A, B, C, MakeBench, await_status, results, states
from tests.models.fakes import GUARD_SECONDS, Gate, StopFlag, await_event, in_thread, make_spec


def test_a_stopped_waiter_never_loads_and_lets_the_next_one_go(bench: MakeBench) -> None:
    b = bench(total_bytes=50)
    gate, holder = b.hold(A)
    await_event(gate.reached)
    flag, stopped = b.wait_for(B)
    _, behind = b.wait_for(C)
    flag.stopped = True
    with pytest.raises(JobStopped):
        stopped.result(GUARD_SECONDS)
    gate.opened.set()
    results([holder, behind])
    assert b.builder.calls == {"a": 1, "c": 1}


def test_a_job_stopped_while_it_waits_for_a_construction_never_loads(bench: MakeBench) -> None:
    b = bench(total_bytes=200)
    gate = Gate()
    b.builder.on_build = lambda _: gate()
    loading = in_thread(b.borrow, A)
    await_event(gate.reached)
    flag = StopFlag()
    stopped = in_thread(b.borrow, B, should_stop=flag)
    await_status(b, lambda status: status.reserved_bytes == 80)  # granted, and next to be built
    flag.stopped = True
    gate.opened.set()
    loading.result(GUARD_SECONDS)
    with pytest.raises(JobStopped):
        stopped.result(GUARD_SECONDS)
    assert b.builder.calls == {"a": 1}
    assert states(b) == {"Model a": "idle"}


def test_waiting_ends_at_the_deadline(bench: MakeBench) -> None:
    b = bench(lease_timeout_seconds=30)
    gate, holder = b.hold(A)
    await_event(gate.reached)
    _, late = b.wait_for(A)
    _, patient = b.wait_for(A, timeout_seconds=90)
    b.clock.advance(30)
    with pytest.raises(WaitedTooLong, match="30 s"):
        late.result(GUARD_SECONDS)
    gate.opened.set()
    results([holder, patient])


def test_no_time_to_wait_means_now_or_never(bench: MakeBench) -> None:
    b = bench()
    b.borrow(A, timeout_seconds=0)
    gate, holder = b.hold(A)
    await_event(gate.reached)
    with pytest.raises(WaitedTooLong):
        b.borrow(A, timeout_seconds=0)
    gate.opened.set()
    holder.result(GUARD_SECONDS)


def test_the_queue_is_bounded(bench: MakeBench) -> None:
    b = bench(max_waiting=1)
    gate, holder = b.hold(A)
    await_event(gate.reached)
    _, waiting = b.wait_for(A)
    with pytest.raises(QueueFull):
        b.borrow(A)
    gate.opened.set()
    results([holder, waiting])


def test_a_clear_against_requests_against_time_outs_always_ends(bench: MakeBench) -> None:
    b = bench(total_bytes=80, host_bytes=60, lease_timeout_seconds=5)
    specs = [make_spec(key, 40) for key in "abc"]
    start = threading.Barrier(5)

    def ask(offset: int) -> int:
        start.wait(GUARD_SECONDS)
        served = 0
        for step in range(25):
            pair = (specs[(offset + step) % 3], specs[(offset + step + 1) % 3])
            try:
                served += b.borrow(*pair, then=lambda *_: 1)
            except WaitedTooLong:
                b.clock.advance(-5)
        return served

    def disturb() -> int:
        start.wait(GUARD_SECONDS)
        for _ in range(25):
            b.cache.clear()
            b.clock.advance(5)
        return 1

    assert all(results([*(in_thread(ask, offset) for offset in range(4)), in_thread(disturb)]))
    status = b.cache.status()
    assert (status.waiting, status.reserved_bytes) == (0, 0)
    assert {resident.state for resident in status.residents} <= {"idle"}
