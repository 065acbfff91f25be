"""Leases: who gets a model when, and how a lease ends."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast
from unittest.mock import Mock

import pytest

from models.errors import ModelUnavailable, OutOfMemory
from models.specs.model_spec import FetchedModel, ModelSpec
from tests.models.cache.steps import A, B, MakeBench, raise_always, results, states
from tests.models.fakes import GUARD_SECONDS, Bench, FakeModel, Gate, await_event, in_thread, make_spec


def keep(*models: FakeModel) -> tuple[FakeModel, ...]:
    return models


# Single flight


def test_many_at_once_share_one_load_and_one_object(bench: MakeBench) -> None:
    b = bench()
    start = threading.Barrier(8)

    def ask() -> FakeModel:
        start.wait(GUARD_SECONDS)
        return cast(FakeModel, b.borrow(A, then=lambda model: model))

    models = results([in_thread(ask) for _ in range(8)])
    assert len({id(model) for model in models}) == 1
    assert b.builder.calls == {"a": 1}
    assert b.cache.status().loads == 1


def test_models_come_in_the_order_in_which_they_were_asked_for(bench: MakeBench) -> None:
    b = bench()
    assert [m.key for m in b.borrow(B, A, then=keep)] == ["b", "a"]
    assert [m.key for m in b.borrow(A, B, then=keep)] == ["a", "b"]


def test_another_dtype_is_another_model(bench: MakeBench) -> None:
    b = bench()
    half = make_spec("a", 20, cpu_dtype="float16")
    assert b.borrow(A, then=lambda m: m) is not b.borrow(half, then=lambda m: m)


# Exclusive leases


def test_a_lent_model_waits_for_its_borrower_and_nobody_evicts_it(bench: MakeBench) -> None:
    b = bench(total_bytes=50)
    gate, holder = b.hold(A)
    await_event(gate.reached)
    _, same = b.wait_for(A)
    _, other = b.wait_for(B)  # needs the memory that A holds
    assert b.cache.clear() == 0
    assert b.places("a", "b") == ["device", None]
    assert b.cache.status().waiting == 2
    gate.opened.set()
    results([holder, same, other])
    assert b.places("a", "b") == [None, "device"]


def test_leases_of_the_same_models_in_opposite_order_both_finish(bench: MakeBench) -> None:
    b = bench(total_bytes=80)
    start = threading.Barrier(4)

    def rounds(*specs: ModelSpec) -> None:
        start.wait(GUARD_SECONDS)
        for _ in range(50):
            b.borrow(*specs)

    results([in_thread(rounds, *specs) for specs in [(A, B), (B, A), (A, B), (B, A)]])
    assert b.builder.calls == {"a": 1, "b": 1}


def test_steady_traffic_on_one_model_cannot_starve_another(bench: MakeBench) -> None:
    b = bench(total_bytes=50)
    gate, first = b.hold(A)
    await_event(gate.reached)
    order: list[str] = []
    _, starving = b.wait_for(B, then=lambda _: order.append("b"))
    later = [b.wait_for(A, then=lambda _: order.append("a"))[1] for _ in range(4)]
    gate.opened.set()
    results([first, starving, *later])
    assert order == ["b", "a", "a", "a", "a"]


def test_constructions_and_moves_never_overlap(bench: MakeBench) -> None:
    b = bench(total_bytes=80, host_bytes=80)
    specs = [make_spec(key, 40) for key in "abcd"]
    start = threading.Barrier(5)

    def churn(offset: int) -> None:
        start.wait(GUARD_SECONDS)
        for step in range(30):
            b.borrow(specs[(offset + step) % 4])

    def sweep() -> None:
        start.wait(GUARD_SECONDS)
        for _ in range(15):
            b.cache.clear()

    results([*(in_thread(churn, offset) for offset in range(4)), in_thread(sweep)])
    assert b.cache.status().evictions > 0
    # the machine notes every overlap, and the fixture wants none


def test_a_clear_waits_for_a_construction(bench: MakeBench) -> None:
    b = bench()
    b.borrow(A)
    gate = Gate()
    b.builder.on_build = lambda _: gate()
    loading = in_thread(b.borrow, B)
    await_event(gate.reached)
    clearing = in_thread(b.cache.clear)
    assert b.places("a") == ["device"]
    assert states(b)["Model b"] == "loading"
    gate.opened.set()
    loading.result(GUARD_SECONDS)
    assert clearing.result(GUARD_SECONDS) in (1, 2)  # B may be idle by then
    assert b.places("a") == [None]


# How a lease ends


def finish_by_return(b: Bench) -> None:
    b.borrow(A)


def finish_by_exception(b: Bench) -> None:
    with pytest.raises(ValueError, match="mine"):
        b.borrow(A, then=lambda _: raise_always(ValueError("mine"))(""))


def finish_by_keyboard_interrupt(b: Bench) -> None:
    with pytest.raises(KeyboardInterrupt):
        b.borrow(A, then=lambda _: raise_always(KeyboardInterrupt())(""))


def finish_by_out_of_memory(b: Bench) -> None:
    with pytest.raises(OutOfMemory):
        b.borrow(A, then=lambda _: raise_always(MemoryError())(""))


def updates(b: Bench) -> Iterator[int]:
    with b.cache.lease(A) as (model,), b.machine.using(model):
        yield 1
        yield 2


def finish_by_closing_a_generator(b: Bench) -> None:
    job = updates(b)
    next(job)
    assert states(b) == {"Model a": "in use"}
    job.close()  # type: ignore[attr-defined]


def finish_by_abandoning_a_generator(b: Bench) -> None:
    job = updates(b)
    next(job)
    del job
    gc.collect()


def finish_by_throwing_generator_exit(b: Bench) -> None:
    job = updates(b)
    next(job)
    with pytest.raises(GeneratorExit):
        job.throw(GeneratorExit)  # type: ignore[attr-defined]


ENDINGS = [
    finish_by_return,
    finish_by_exception,
    finish_by_keyboard_interrupt,
    finish_by_out_of_memory,
    finish_by_closing_a_generator,
    finish_by_abandoning_a_generator,
    finish_by_throwing_generator_exit,
]


@pytest.mark.parametrize("finish", ENDINGS)
def test_a_lease_is_released_exactly_once_however_it_ends(
    bench: MakeBench, finish: Callable[[Bench], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    b = bench()
    release = Mock(wraps=b.cache._queue.book.release)
    monkeypatch.setattr(b.cache._queue.book, "release", release)
    finish(b)
    assert states(b) == {"Model a": "idle"}
    assert release.call_count == 1
    b.borrow(A)
    assert b.builder.calls == {"a": 1}


def test_a_generator_that_is_collected_during_bookkeeping_is_released_afterwards(bench: MakeBench) -> None:
    """The collector may run at any allocation, also inside the cache while it decides who goes next."""
    b = bench(total_bytes=80)
    abandoned: list[Any] = []
    measure = b.device.free_bytes

    def measure_and_collect() -> int:
        if abandoned:
            abandoned.clear()  # the last reference: the generator is closed here, under the bookkeeping lock
        return measure()

    job = updates(b)
    next(job)
    _, waiting = b.wait_for(A)
    abandoned.append(job)
    del job
    b.device.free_bytes = measure_and_collect  # type: ignore[method-assign]
    b.borrow(B)
    waiting.result(GUARD_SECONDS)
    assert states(b) == {"Model a": "idle", "Model b": "idle"}


def test_a_keyboard_interrupt_while_waiting_gives_back_a_grant_that_came_meanwhile(
    bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    b = bench()
    gate, holder = b.hold(A)
    await_event(gate.reached)

    def grant_and_interrupt(timeout: float) -> None:
        """What happens when Ctrl-C arrives just after the other lease ended."""
        b.cache._queue.changed.release()
        gate.opened.set()
        holder.result(GUARD_SECONDS)
        b.cache._queue.changed.acquire()
        raise KeyboardInterrupt

    monkeypatch.setattr(b.cache._queue.changed, "wait", grant_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        b.borrow(A)
    assert states(b) == {"Model a": "idle"}


def test_the_files_are_fetched_before_the_request_stands_in_line(bench: MakeBench) -> None:
    b = bench()
    error = ModelUnavailable("Model a", "the model hub cannot be reached")

    class NoFiles:
        def fetch(self, spec: ModelSpec) -> FetchedModel:
            raise error

    b.cache._files = NoFiles()
    with pytest.raises(ModelUnavailable) as caught:
        b.borrow(A)
    assert caught.value is error
    assert b.builder.calls == {}


def test_only_a_load_that_may_import_waits_for_imports(bench: MakeBench) -> None:
    b = bench(total_bytes=100)
    b.borrow(A)
    with b.cache.importing():
        waiting = in_thread(b.borrow, B)
        b.borrow(A)
        for loader in ("faster_whisper", "onnx"):
            in_thread(b.borrow, make_spec(loader, loader=loader)).result(GUARD_SECONDS)
        assert "b" not in b.builder.calls
    waiting.result(GUARD_SECONDS)
    assert b.builder.calls["b"] == 1


def test_in_eager_mode_nothing_leaves_and_no_memory_is_asked_for(bench: MakeBench) -> None:
    b = bench(total_bytes=100, eager=True)
    b.cache.preload(A, B)
    b.borrow(A, working_bytes=500)
    assert b.cache.clear() == 0
    assert b.builder.calls == {"a": 1, "b": 1}
