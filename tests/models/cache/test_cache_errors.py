"""Failed loads and memory that runs out: who learns of it, what stays, and what is tried again."""

from __future__ import annotations

import weakref

import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from models.errors import JobStopped, ModelLoadFailed, ModelUnavailable, OutOfMemory
from models.out_of_memory import is_out_of_memory
from tests.models.cache.steps import A, B, MakeBench, raise_always, raise_once, states
from tests.models.fakes import GUARD_SECONDS, FakeModel, Gate, await_event, in_thread, make_spec

OUT_OF_MEMORY_ERRORS = [
    MemoryError(),
    RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("CUDA failed with error out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("std::bad_alloc"),
    onnx_errors.RuntimeException("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer of size 1024"),
    onnx_errors.Fail("[ONNXRuntimeError] : 1 : CUDA failure 2: out of memory"),
]


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
