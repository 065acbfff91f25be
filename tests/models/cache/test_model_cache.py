from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, cast
from unittest.mock import Mock

import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from models.cache.memory import is_out_of_memory
from models.cache.status import CacheStatus
from models.errors import JobStopped, ModelLoadFailed, ModelUnavailable, OutOfMemory, QueueFull, WaitedTooLong
from models.specs.model_spec import FetchedModel, ModelSpec
from tests.models.fakes import GUARD_SECONDS, Bench, FakeModel, Gate, StopFlag, await_event, in_thread, make_spec

A, B, C = make_spec("a", 40), make_spec("b", 40), make_spec("c", 40)
MakeBench = Callable[..., Bench]

OUT_OF_MEMORY_ERRORS = [
    MemoryError(),
    RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("CUDA failed with error out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("std::bad_alloc"),
    onnx_errors.RuntimeException("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer of size 1024"),
    onnx_errors.Fail("[ONNXRuntimeError] : 1 : CUDA failure 2: out of memory"),
]


def results(futures: list[Future[Any]]) -> list[Any]:
    return [future.result(GUARD_SECONDS) for future in futures]


def keep(*models: FakeModel) -> tuple[FakeModel, ...]:
    return models


def states(bench: Bench) -> dict[str, str]:
    return {resident.title: resident.state for resident in bench.cache.status().residents}


def await_status(bench: Bench, condition: Callable[[CacheStatus], bool]) -> None:
    """Look at the status until another thread has come as far as `condition` wants."""
    deadline = time.monotonic() + GUARD_SECONDS
    while not condition(bench.cache.status()):
        assert time.monotonic() < deadline, "the other thread never came"


def raise_once(error: Exception) -> Callable[[str], None]:
    """A builder's hook that fails at its first call only."""
    errors = [error]

    def hook(_: str) -> None:
        if errors:
            raise errors.pop()

    return hook


def raise_always(error: BaseException | type[BaseException]) -> Callable[[str], None]:
    def hook(_: str) -> None:
        raise error

    return hook


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


# Requests that end before their turn


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


# Errors


def test_a_load_error_reaches_all_waiters_and_the_next_call_succeeds(bench: MakeBench) -> None:
    b = bench()
    gate = Gate()

    def fail(_: str) -> None:
        gate()
        raise OSError("the disk is gone")

    b.builder.on_build = fail
    first = in_thread(b.borrow, A)
    await_event(gate.reached)
    waiters = [b.wait_for(A)[1] for _ in range(3)] + [b.wait_for(A, B)[1]]
    gate.opened.set()
    errors = [future.exception(GUARD_SECONDS) for future in [first, *waiters]]
    assert len({id(error) for error in errors}) == 1
    assert isinstance(errors[0], ModelLoadFailed)
    assert isinstance(errors[0].__cause__, OSError)
    assert b.builder.calls == {"a": 1}
    status = b.cache.status()
    assert (status.residents, status.waiting, status.reserved_bytes) == ((), 0, 0)
    b.builder.on_build = lambda _: None
    b.borrow(A)


def test_an_error_that_already_speaks_to_people_stays_as_it_is(bench: MakeBench) -> None:
    b = bench()
    error = ModelUnavailable("Model a", "no reason")
    b.builder.on_build = raise_always(error)
    with pytest.raises(ModelUnavailable) as caught:
        b.borrow(A)
    assert caught.value is error


def test_models_that_loaded_before_another_failed_stay(bench: MakeBench) -> None:
    b = bench()
    b.builder.on_build = lambda key: raise_always(OSError("no"))(key) if key == "b" else None
    with pytest.raises(ModelLoadFailed):
        b.borrow(A, B)
    assert states(b) == {"Model a": "idle"}


def test_an_interrupted_load_leaves_nothing_behind_and_the_waiters_go_on(bench: MakeBench) -> None:
    b = bench()
    gate = Gate()

    def interrupt(_: str) -> None:
        gate()
        b.builder.on_build = lambda _: None
        raise KeyboardInterrupt

    b.builder.on_build = interrupt
    first = in_thread(b.borrow, A)
    await_event(gate.reached)
    _, waiter = b.wait_for(A)
    gate.opened.set()
    assert isinstance(first.exception(GUARD_SECONDS), KeyboardInterrupt)
    waiter.result(GUARD_SECONDS)
    assert b.builder.calls == {"a": 2}


# Out of memory


@pytest.mark.parametrize("error", OUT_OF_MEMORY_ERRORS)
def test_every_library_is_understood_when_it_says_out_of_memory(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), ValueError("out of memory"), JobStopped(), KeyError("a")])
def test_other_errors_are_not_mistaken_for_it(error: Exception) -> None:
    assert not is_out_of_memory(error)


@pytest.mark.parametrize("error", OUT_OF_MEMORY_ERRORS)
def test_out_of_memory_while_loading_evicts_what_is_idle_and_tries_once_more(bench: MakeBench, error: Exception) -> None:
    b = bench()
    b.borrow(A)
    b.builder.on_build = raise_once(error)
    b.borrow(B)
    assert b.builder.calls == {"a": 1, "b": 2}
    assert b.places("a", "b") == [None, "device"]


@pytest.mark.parametrize("error", OUT_OF_MEMORY_ERRORS)
def test_out_of_memory_twice_says_what_was_needed_and_what_was_free(bench: MakeBench, error: Exception) -> None:
    b = bench()
    b.builder.on_build = raise_always(error)
    with pytest.raises(OutOfMemory) as caught:
        b.borrow(A, working_bytes=5)
    assert (caught.value.needed_bytes, caught.value.free_bytes) == (45, 100)
    assert b.builder.calls == {"a": 2}
    assert b.cache.status().reserved_bytes == 0


def test_the_second_try_finds_the_memory_of_the_first_one_free(bench: MakeBench) -> None:
    """An error's traceback holds the half-built model: it has to go before the next one is built."""
    b = bench(total_bytes=50)
    b.builder.on_build = raise_once(MemoryError())
    b.borrow(A)
    assert b.builder.calls == {"a": 2}


def test_a_restore_that_ran_out_of_memory_is_followed_by_a_build_in_free_memory(bench: MakeBench) -> None:
    b = bench(total_bytes=40, host_bytes=40)
    for spec in (A, B):
        b.borrow(spec)
    assert b.places("a", "b") == ["host", "device"]
    parked = weakref.ref(next(m for m in b.machine._models if m.key == "a"))
    seen = []
    b.builder.on_restore = raise_always(RuntimeError("CUDA out of memory"))
    b.builder.on_build = lambda _: seen.append(parked())
    b.borrow(A)
    assert seen == [None]
    assert b.places("a", "b") == ["device", None]


def test_a_failed_load_keeps_nothing_in_memory_while_its_error_lives(bench: MakeBench) -> None:
    b = bench()
    b.builder.on_build = raise_always(OSError("no"))
    with pytest.raises(ModelLoadFailed) as caught:
        b.borrow(A)
    assert b.device.used_bytes() == 0
    assert caught.value.__cause__ is not None


def test_out_of_memory_in_the_work_evicts_the_idle_and_names_the_numbers(bench: MakeBench) -> None:
    b = bench()
    b.borrow(B)
    with pytest.raises(OutOfMemory) as caught:
        b.borrow(A, working_bytes=7, then=lambda _: raise_always(MemoryError())(""))
    assert (caught.value.needed_bytes, caught.value.free_bytes) == (7, 60)
    assert b.places("a", "b") == ["device", None]


def test_run_tries_once_more_with_everything_idle_evicted(bench: MakeBench) -> None:
    b = bench()
    b.borrow(B)
    tries: list[list[str | None]] = []

    def work(model: FakeModel) -> str:
        tries.append(b.places("a", "b"))
        if len(tries) == 1:
            raise RuntimeError("CUDA out of memory")
        return model.key

    assert b.cache.run(work, A, working_bytes=1) == "a"
    assert tries == [["device", "device"], ["device", None]]


def test_run_gives_up_after_the_second_time(bench: MakeBench) -> None:
    b = bench()
    tries: list[int] = []

    def work(_: FakeModel) -> None:
        tries.append(1)
        raise MemoryError

    with pytest.raises(OutOfMemory):
        b.cache.run(work, A)
    assert len(tries) == 2
    assert states(b) == {"Model a": "idle"}


def test_run_does_not_repeat_other_errors(bench: MakeBench) -> None:
    tries: list[int] = []

    def work(_: FakeModel) -> None:
        tries.append(1)
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        bench().cache.run(work, A)
    assert len(tries) == 1


def test_a_model_that_never_fits_is_refused_without_building_it(bench: MakeBench) -> None:
    b = bench(total_bytes=100, headroom_bytes=20)
    with pytest.raises(OutOfMemory) as caught:
        b.borrow(make_spec("huge", 70), working_bytes=30)
    assert (caught.value.needed_bytes, caught.value.free_bytes) == (100, 80)
    assert b.builder.calls == {}


# Eviction


def test_without_memory_behind_it_the_least_recently_used_model_is_dropped(bench: MakeBench) -> None:
    b = bench(total_bytes=80)
    for spec in (A, B, A):
        b.borrow(spec)
        b.clock.advance(1)
    b.borrow(C)
    assert b.places("a", "b", "c") == ["device", None, "device"]


def test_models_go_from_the_gpu_to_main_memory_to_nowhere_least_recently_used_first(bench: MakeBench) -> None:
    b = bench(total_bytes=80, host_bytes=80)
    specs = [make_spec(key, 40) for key in "abcde"]
    seen = []
    for spec in specs:
        b.borrow(spec)
        b.clock.advance(1)
        seen.append(b.places(*"abcde"))
    assert seen == [
        ["device", None, None, None, None],
        ["device", "device", None, None, None],
        ["host", "device", "device", None, None],
        ["host", "host", "device", "device", None],
        [None, "host", "host", "device", "device"],
    ]
    b.borrow(specs[1])
    assert b.builder.calls["b"] == 1, "it came back from main memory"
    assert b.places("b", "c", "d", "e") == ["device", None, "host", "device"], "d went where c had been"


def test_memory_is_measured_after_each_eviction_so_no_model_leaves_in_vain(bench: MakeBench) -> None:
    b = bench(total_bytes=100)
    for key in "abc":
        b.borrow(make_spec(key, 30))
        b.clock.advance(1)
    b.device.others_bytes = 10
    drop = b.cache._placement.drop

    def drop_and_others_leave(*entries: Any) -> None:
        drop(*entries)
        b.device.others_bytes = 0

    b.cache._placement.drop = drop_and_others_leave  # type: ignore[method-assign]
    b.borrow(make_spec("d", 40))  # 60 have to leave by the count, 30 + 10 are enough
    assert b.places(*"abcd") == [None, "device", "device", "device"]


def test_more_leaves_when_the_sizes_promised_too_much(bench: MakeBench) -> None:
    b = bench(total_bytes=100)
    for key in "abc":
        b.borrow(make_spec(key, 30))
        b.clock.advance(1)
    b.device.others_bytes = -10
    drop = b.cache._placement.drop

    def drop_and_others_come(*entries: Any) -> None:
        drop(*entries)
        b.device.others_bytes = 10

    b.cache._placement.drop = drop_and_others_come  # type: ignore[method-assign]
    b.borrow(make_spec("d", 40))  # 20 are missing; after the first 30 something else took 20
    assert b.places(*"abcd") == [None, None, "device", "device"]


def test_a_model_that_cannot_wait_in_main_memory_is_dropped(bench: MakeBench) -> None:
    b = bench(total_bytes=40, host_bytes=100)
    b.builder.can_park = False
    b.borrow(A)
    b.borrow(B)
    assert b.places("a", "b") == [None, "device"]


@pytest.mark.parametrize("error", [RuntimeError("driver"), MemoryError()])
def test_a_model_whose_move_failed_is_dropped_and_its_memory_free(bench: MakeBench, error: Exception) -> None:
    b = bench(total_bytes=40, host_bytes=100)
    b.borrow(A)
    b.builder.on_park = raise_always(error)
    b.borrow(B)
    assert b.places("a", "b") == [None, "device"]
    b.builder.on_park = lambda _: None
    b.borrow(A)
    assert b.builder.calls == {"a": 2, "b": 1}


def test_an_interrupted_move_drops_the_model_and_blocks_nobody(bench: MakeBench) -> None:
    b = bench(total_bytes=40, host_bytes=100)
    b.borrow(A)
    b.builder.on_park = raise_always(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        b.borrow(B)
    assert b.cache.status().residents == ()
    b.cache.clear()  # collects what the interrupt itself still held
    b.borrow(A, timeout_seconds=0)


def test_a_failed_restore_is_told_and_the_model_is_built_the_next_time(bench: MakeBench) -> None:
    b = bench(total_bytes=40, host_bytes=100)
    for spec in (A, B):
        b.borrow(spec)
    b.builder.on_restore = raise_always(RuntimeError("driver"))
    with pytest.raises(ModelLoadFailed):
        b.borrow(A)
    assert b.machine.place("a") is None
    b.borrow(A)
    assert b.builder.calls["a"] == 2


def test_a_failing_probe_leaves_no_entry_on_its_way_out(bench: MakeBench) -> None:
    b = bench()
    for spec in (A, B):
        b.borrow(spec)
    b.device.give_back = lambda: raise_always(RuntimeError("driver"))("")  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="driver"):
        b.cache.clear()
    assert b.cache.status().residents == ()
    b.borrow(A, timeout_seconds=0)


def test_working_memory_is_kept_free_for_the_lease(bench: MakeBench) -> None:
    b = bench(total_bytes=100)
    gate, holder = b.hold(A, working_bytes=30)
    await_event(gate.reached)
    assert b.cache.status().reserved_bytes == 30
    _, waiting = b.wait_for(B)
    assert b.machine.place("b") is None, "60 are free, 30 of them are promised"
    gate.opened.set()
    results([holder, waiting])


def test_working_memory_alone_evicts_what_is_idle(bench: MakeBench) -> None:
    b = bench(total_bytes=100)
    for spec in (A, B):
        b.borrow(spec)
    b.borrow(B, working_bytes=50)
    assert b.places("a", "b") == [None, "device"]


# Sizes


@pytest.mark.parametrize("tells_sizes", [True, False])
def test_the_measured_size_takes_the_place_of_the_estimate(bench: MakeBench, tells_sizes: bool) -> None:
    b = bench(total_bytes=100)
    b.builder.sizes = {"a": 55}
    b.builder.tells_sizes = tells_sizes
    b.borrow(A)
    (resident,) = b.cache.status().residents
    assert resident.size_bytes == 55
    assert b.cache.attainable_bytes() == 100


def test_a_model_larger_than_expected_makes_more_room_for_the_next_one_of_the_same_lease(bench: MakeBench) -> None:
    b = bench(total_bytes=100)
    b.borrow(make_spec("old", 20))
    b.builder.sizes = {"a": 55}
    b.borrow(A, B)
    assert b.places("old", "a", "b") == [None, "device", "device"]


def test_a_model_larger_than_expected_still_leaves_the_working_memory(bench: MakeBench) -> None:
    b = bench(total_bytes=100)
    b.borrow(make_spec("old", 20))
    b.builder.sizes = {"a": 55}
    b.borrow(A, working_bytes=40)
    assert b.places("old", "a") == [None, "device"]


def test_a_lease_whose_second_model_no_longer_fits_is_told_before_it_is_built(bench: MakeBench) -> None:
    b = bench(total_bytes=100)
    b.builder.sizes = {"a": 70}
    with pytest.raises(OutOfMemory) as caught:
        b.borrow(A, B)
    assert (caught.value.needed_bytes, caught.value.free_bytes) == (40, 30)
    assert b.builder.calls == {"a": 1}


def test_it_waits_in_line_again_when_the_room_was_taken_by_something_else(bench: MakeBench) -> None:
    b = bench(total_bytes=100)
    gate = Gate()
    holder_gate, holder = b.hold(A)
    await_event(holder_gate.reached)
    b.builder.on_build = lambda key: gate() if key == "x" else None
    loading = in_thread(b.borrow, make_spec("x", 10))
    await_event(gate.reached)
    granted = in_thread(b.borrow, B)  # granted now, but its turn to be built comes later
    await_status(b, lambda status: status.reserved_bytes == 50)
    b.device.others_bytes = 25
    gate.opened.set()
    loading.result(GUARD_SECONDS)
    await_status(b, lambda status: status.waiting == 1)
    assert b.machine.place("b") is None
    holder_gate.opened.set()
    results([holder, granted])
    assert b.builder.calls["b"] == 1


# Idle time-out, clear, statistics


def test_models_leave_after_their_idle_time_and_not_before(bench: MakeBench) -> None:
    b = bench(total_bytes=40, host_bytes=100, idle_timeout_seconds=60)
    b.borrow(A)
    b.clock.advance(30)
    b.borrow(B)  # A is parked, and that does not make it younger
    b.clock.advance(30)
    assert b.places("a", "b") == ["host", "device"]
    assert b.cache.evict_idle() == 1
    assert b.places("a", "b") == [None, "device"]
    b.clock.advance(29)
    assert b.cache.evict_idle() == 0
    b.clock.advance(1)
    assert b.cache.evict_idle() == 1


def test_a_model_in_use_has_no_idle_time(bench: MakeBench) -> None:
    b = bench(idle_timeout_seconds=60)
    gate, holder = b.hold(A)
    await_event(gate.reached)
    b.clock.advance(1000)
    assert b.cache.evict_idle() == 0
    gate.opened.set()
    holder.result(GUARD_SECONDS)
    assert b.cache.evict_idle() == 0, "it became idle just now"


def test_after_clear_nothing_is_left(bench: MakeBench) -> None:
    b = bench(total_bytes=80, host_bytes=80)
    before = b.device.used_bytes(), b.host.used_bytes() if b.host else 0
    dead = []
    for spec in (A, B, C):
        dead.append(b.borrow(spec, then=weakref.ref))
    assert b.places("a", "b", "c") == ["host", "device", "device"]
    assert b.cache.clear() == 3
    assert [reference() for reference in dead] == [None, None, None]
    assert (b.device.used_bytes(), b.host.used_bytes() if b.host else 0) == before
    status = b.cache.status()
    assert (status.residents, status.waiting, status.reserved_bytes, status.free_bytes) == ((), 0, 0, 80)
    assert b.cache.attainable_bytes() == 80


def test_an_error_in_the_work_does_not_keep_the_model_after_clear(bench: MakeBench) -> None:
    b = bench()
    dead: list[weakref.ref[FakeModel]] = []

    def work(model: FakeModel) -> None:
        dead.append(weakref.ref(model))
        raise MemoryError

    with pytest.raises(OutOfMemory):
        b.cache.run(work, A)
    b.cache.clear()
    assert [reference() for reference in dead] == [None, None]


def test_the_status_tells_every_state(bench: MakeBench) -> None:
    b = bench(total_bytes=90, host_bytes=100)
    b.borrow(A)
    b.clock.advance(7)
    (idle,) = b.cache.status().residents
    assert (idle.state, idle.place, idle.size_bytes, idle.dtype, idle.idle_seconds) == ("idle", "GPU", 40, "float16", 7.0)
    holder_gate, holder = b.hold(B)
    await_event(holder_gate.reached)
    park_gate, build_gate = Gate(), Gate()
    b.builder.on_park = lambda _: park_gate()
    b.builder.on_build = lambda _: build_gate()
    _, loading = b.hold(C)
    await_event(park_gate.reached)
    assert states(b) == {"Model a": "leaving", "Model b": "in use", "Model c": "loading"}
    park_gate.opened.set()
    await_event(build_gate.reached)
    status = b.cache.status()
    assert [(r.title, r.place, r.state) for r in status.residents] == [
        ("Model a", "main memory", "idle"),
        ("Model b", "GPU", "in use"),
        ("Model c", "GPU", "loading"),
    ]
    assert (status.device, status.total_bytes, status.reserved_bytes, status.loads, status.evictions) == ("cuda", 90, 40, 2, 1)
    build_gate.opened.set()
    holder_gate.opened.set()
    holder.result(GUARD_SECONDS)
    del loading


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


def test_in_eager_mode_nothing_leaves_and_no_memory_is_asked_for(bench: MakeBench) -> None:
    b = bench(total_bytes=100, eager=True)
    b.cache.preload(A, B)
    b.borrow(A, working_bytes=500)
    assert b.cache.clear() == 0
    assert b.builder.calls == {"a": 1, "b": 1}
