"""Several people on one model of the cache."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from models.batching.batcher import SharedModel
from models.errors import ModelLoadFailed
from models.specs.model_spec import ModelSpec
from tests.models.cache.steps import A, B, await_status, raise_once
from tests.models.fakes import GUARD_SECONDS, Bench, Gate, await_event, in_thread, make_bench

TWO_WORKERS = replace(A, workers=2)


@pytest.fixture
def bench() -> Bench:
    return make_bench()


def share(bench: Bench, then: Callable[[SharedModel], Any], spec: ModelSpec = A, **options: Any) -> Any:
    with bench.cache.share(spec, **options) as shared:
        return then(shared)


def sharer(bench: Bench, **options: Any) -> tuple[Gate, Future[Any]]:
    """A thread that shares a model, once `reached`, until the gate is opened."""
    gate = Gate()
    return gate, in_thread(share, bench, lambda shared: gate(), **options)


def test_several_have_the_same_model_at_once(bench: Bench) -> None:
    together = threading.Barrier(3)

    def meet(shared: SharedModel) -> object:
        together.wait(GUARD_SECONDS)
        return id(shared.model)

    futures = [in_thread(share, bench, meet) for _ in range(3)]
    assert len({future.result(GUARD_SECONDS) for future in futures}) == 1
    assert bench.builder.calls == {"a": 1}


def test_who_wants_it_alone_waits_for_those_who_came_before_and_not_for_those_behind(bench: Bench) -> None:
    gate, first = sharer(bench)
    await_event(gate.reached)
    _, alone = bench.wait_for(A)
    later_gate, later = sharer(bench)
    await_status(bench, lambda status: status.waiting == 2)
    gate.opened.set()
    first.result(GUARD_SECONDS)
    alone.result(GUARD_SECONDS)
    await_event(later_gate.reached)
    later_gate.opened.set()
    later.result(GUARD_SECONDS)
    assert bench.machine.violations == []


def test_nobody_shares_a_model_that_is_lent_alone(bench: Bench) -> None:
    gate, alone = bench.hold(A)
    await_event(gate.reached)
    shared_gate, shared = sharer(bench)
    await_status(bench, lambda status: status.waiting == 1)
    assert not shared_gate.reached.is_set()
    gate.opened.set()
    await_event(shared_gate.reached)
    shared_gate.opened.set()
    alone.result(GUARD_SECONDS)
    shared.result(GUARD_SECONDS)


def test_the_crowded_form_is_lent_while_others_have_one_of_both(bench: Bench) -> None:
    def workers(shared: SharedModel) -> int:
        return int(next(e for e in bench.cache._queue.book.entries.values() if e.holders and e.resident).model.spec.workers)

    assert share(bench, workers, crowded=TWO_WORKERS) == 1
    gate, first = sharer(bench)
    await_event(gate.reached)
    with bench.cache.share(A, crowded=TWO_WORKERS):
        assert sum(resident.state == "in use" for resident in bench.cache.status().residents) == 2
    gate.opened.set()
    first.result(GUARD_SECONDS)
    assert share(bench, workers, crowded=TWO_WORKERS) == 1


def test_whoever_began_alone_goes_over_to_the_form_of_the_crowd(bench: Bench) -> None:
    with bench.cache.share(A, crowded=TWO_WORKERS) as first:
        alone = id(first.alone(lambda model: model))
        gate, other = sharer(bench, crowded=TWO_WORKERS)
        await_event(gate.reached)
        assert id(first.alone(lambda model: model)) != alone
        assert first.model is first.alone(lambda model: model)
        assert bench.builder.calls == {"a": 2}
        gate.opened.set()
        other.result(GUARD_SECONDS)
    del first
    assert [resident.state for resident in bench.cache.status().residents] == ["idle", "idle"]
    assert bench.cache.clear() == 2
    assert bench.machine.models() == []


def test_the_error_of_one_ends_only_its_own_loan(bench: Bench) -> None:
    gate, other = sharer(bench)
    await_event(gate.reached)

    def fail(shared: SharedModel) -> None:
        shared.alone(lambda model: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        share(bench, fail)
    assert [resident.state for resident in bench.cache.status().residents] == ["in use"]
    gate.opened.set()
    other.result(GUARD_SECONDS)


def test_a_failed_load_reaches_all_who_want_to_share(bench: Bench) -> None:
    building = Gate()

    def fail(key: str) -> None:
        building()
        raise_once(OSError("the disk is gone"))(key)

    bench.builder.on_build = fail
    first = in_thread(share, bench, lambda shared: None)
    await_event(building.reached)
    second = in_thread(share, bench, lambda shared: None)
    await_status(bench, lambda status: status.waiting == 1)
    building.opened.set()
    for future in (first, second):
        assert isinstance(future.exception(GUARD_SECONDS), ModelLoadFailed)


def test_memory_is_kept_free_for_everyones_work_and_the_model_leaves_only_after_the_last(bench: Bench) -> None:
    gates = [Gate(), Gate()]
    futures = [in_thread(share, bench, lambda shared, gate=gate: gate(), working_bytes=10) for gate in gates]
    for gate in gates:
        await_event(gate.reached)
    assert bench.cache.status().reserved_bytes == 20
    large = replace(B, cpu_bytes=70, gpu_bytes=70)
    wanting = in_thread(bench.borrow, large)
    await_status(bench, lambda status: status.waiting == 1)
    gates[0].opened.set()
    futures[0].result(GUARD_SECONDS)
    assert bench.places("a", "b") == ["device", None]
    gates[1].opened.set()
    wanting.result(GUARD_SECONDS)
    assert bench.places("a", "b") == [None, "device"]
