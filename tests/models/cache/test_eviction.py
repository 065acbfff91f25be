"""What leaves memory, in which order, and what the status shows of it."""

from __future__ import annotations

import weakref
from typing import Any

import pytest

from models.errors import ModelLoadFailed, OutOfMemory
from pipelines.jobs.model_use import model_fields
from tests.models.cache.steps import A, B, C, MakeBench, await_status, raise_always, results, states
from tests.models.fakes import GUARD_SECONDS, FakeModel, Gate, await_event, in_thread, make_spec

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


def test_a_failed_restore_is_reported_and_the_model_is_built_the_next_time(bench: MakeBench) -> None:
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


def test_a_lease_whose_second_model_no_longer_fits_is_reported_before_it_is_built(bench: MakeBench) -> None:
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


# Models that run on the CPU beside a GPU


def test_an_onnx_model_takes_no_memory_of_the_gpu_and_stays_when_others_leave(bench: MakeBench) -> None:
    b = bench(total_bytes=90, host_bytes=1000)
    network = make_spec("network", 1000, loader="onnx")
    b.borrow(network)
    b.borrow(A)
    b.borrow(B)
    assert (b.device.free_bytes(), b.builder.devices) == (10, ["cpu", "cuda", "cuda"])
    b.borrow(C)
    assert (b.places("a", "b", "c"), b.machine.place("network")) == (["host", "device", "device"], "beside it")
    b.device.others_bytes = 5  # what another program takes meanwhile is not the network's
    status = {resident.title: resident for resident in b.cache.status().residents}["Model network"]
    assert (status.size_bytes, status.place) == (0, "main memory")
    assert not b.machine.violations


def test_an_onnx_model_says_that_it_runs_on_the_cpu() -> None:
    network, other = make_spec("network", loader="onnx", cpu_dtype="int8"), make_spec("other")
    assert model_fields([network], "cuda")["device"] == model_fields([network], "cpu")["device"] == "CPU"
    assert model_fields([network], "cuda")["dtype"] == "int8"
    assert model_fields([other, network, other], "cuda")["device"] == "CUDA, CPU"
