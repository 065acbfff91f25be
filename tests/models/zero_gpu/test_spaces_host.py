"""Calls through the real decorator of `spaces`: outside ZeroGPU, and with a scheduler that grants, refuses and takes back.

`spaces` changes torch for good, so what needs its workers is run in one process of its own, scenario by scenario.
"""

from __future__ import annotations

from typing import Any

import pytest

from models.runtime import GpuCall
from models.zero_gpu.spaces_host import MARGIN, MAX_REQUESTED_SECONDS, START_SECONDS, SpacesGpu
from tests.models.zero_gpu.scenario_process import seen_in

spaces = pytest.importorskip("spaces")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each scenario of `spaces_scenarios` saw."""
    return seen_in("spaces_scenarios", tmp_path_factory.mktemp("zero-gpu"), timeout=240)


def test_outside_zero_gpu_the_decorator_changes_nothing() -> None:
    runtime: Any = object()
    host = SpacesGpu(spaces.GPU, lambda: runtime, placed_bytes=0)
    assert list(host.steps(GpuCall(lambda given: iter([given]), 1.0))) == [runtime]  # type: ignore[arg-type, return-value]


def test_a_call_asks_for_its_beginning_its_work_and_a_margin() -> None:
    nothing: Any = None
    small, large = (SpacesGpu(lambda duration: lambda task: task, lambda: nothing, size) for size in (0, 25 * 10**9))
    assert small.requested_seconds(10.0) == START_SECONDS + MARGIN * 10
    assert large.requested_seconds(10.0) == small.requested_seconds(10.0) + 10
    for host in (small, large):
        assert host.requested_seconds(host.max_work_seconds) == MAX_REQUESTED_SECONDS


def test_steps_come_from_a_worker_that_is_used_again(seen: dict[str, Any]) -> None:
    first, second, durations, releases, own = seen["steps"]
    assert [index for index, *_ in first] == [0, 1, 2] and [index for index, *_ in second] == [0, 1]
    workers = {worker for _, _, worker in first + second}
    assert len(workers) == 1 and own not in workers
    assert {runtime for _, runtime, _ in first + second} == workers  # its runtime is built there, not inherited
    assert durations == [5, 5] and releases == [False, False]


def test_a_stop_ends_the_work_in_the_worker_and_frees_it(seen: dict[str, Any]) -> None:
    got, seconds, note, again, releases = seen["stop"]
    assert got[-1] == 10 and seconds < 1.0
    assert note == "ended" and len(again) == 2
    assert releases == [False, False]


def test_closing_the_steps_ends_the_work(seen: dict[str, Any]) -> None:
    assert seen["close"] == ["ended", [False]]


def test_steps_that_nobody_wants_any_more_are_none(seen: dict[str, Any]) -> None:
    assert seen["stopped before"] == [[], "", ""]


def test_a_visitor_without_an_account_reads_what_to_do(seen: dict[str, Any]) -> None:
    steps, kind, sentence = seen["no account"]
    assert (steps, kind) == ([], "GpuRunsUsedUp") and "sign in" in sentence


def test_a_call_longer_than_the_visitor_may_make_is_refused_in_words(seen: dict[str, Any]) -> None:
    steps, kind, sentence = seen["too long"]
    assert (steps, kind) == ([], "GpuCallTooLong") and "32 s of GPU time" in sentence


def test_a_call_waits_in_the_queue_for_a_gpu(seen: dict[str, Any]) -> None:
    steps, kind, _, releases = seen["queue moves"]
    assert (len(steps), kind, releases) == (2, "", [False])


def test_a_queue_that_does_not_move_in_time_is_a_sentence(seen: dict[str, Any]) -> None:
    steps, kind, sentence, releases = seen["queue is too long"]
    assert (steps, kind, releases) == ([], "NoGpuFree", []) and "please try again" in sentence


def test_who_stops_in_the_queue_need_not_wait_and_the_gpu_is_given_back(seen: dict[str, Any]) -> None:
    got, seconds, releases = seen["stop in queue"]
    assert got == [] and seconds < 1.0 and releases == [False]


def test_the_visitors_own_quota_and_time_to_wait_are_read(seen: dict[str, Any]) -> None:
    kind, sentence, own_token = seen["quota"]
    assert kind == "GpuQuotaUsedUp" and "2 s are left" in sentence and "try again in 1 h 24 min" in sentence
    assert own_token  # the thread of a job asks in the name of its visitor


def test_errors_of_the_work_keep_their_kind_and_words(seen: dict[str, Any]) -> None:
    option, memory, other, again = seen["errors"]
    assert option[:2] == [["begun"], "InvalidOption"] and "beam size" in option[2]
    assert memory[:2] == [["begun"], "OutOfMemory"]
    assert other == [["begun"], "RuntimeError", "ValueError on ZeroGPU: x"]
    assert again == ""


def test_work_ends_when_its_time_is_up(seen: dict[str, Any]) -> None:
    steps, kind, _ = seen["time"]
    assert kind == "GpuTakenBack" and 3 < len(steps) < 50


def test_a_worker_that_is_killed_is_a_gpu_taken_back_and_the_next_call_gets_another(seen: dict[str, Any]) -> None:
    killed, again, releases = seen["killed"]
    assert killed[:2] == [["begun"], "GpuTakenBack"]
    assert again == "" and releases == [True, False]
