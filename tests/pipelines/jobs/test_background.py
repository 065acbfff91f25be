"""Background steps deliver results and errors, and a Stop does not wait for a step that cannot be interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

import pytest

from models.errors import JobStopped
from models.stopping import never_stop
from pipelines.jobs.background import Preparation, in_background, reported_steps

GUARD_SECONDS = 30.0
Report = Callable[[int], None]


def test_steps_arrive_in_order() -> None:
    def job(stopped: Callable[[], bool]) -> Generator[int, None, None]:
        yield from range(100)

    assert [step for step in in_background(job, never_stop) if step is not None] == list(range(100))


def test_an_error_of_the_job_is_raised_after_its_steps() -> None:
    def job(stopped: Callable[[], bool]) -> Generator[int, None, None]:
        yield 1
        raise LookupError("no more")

    steps = in_background(job, never_stop)
    with pytest.raises(LookupError, match="no more"):
        for step in steps:
            assert step in (1, None)


def test_a_job_that_stops_itself_ends_the_steps_without_an_error() -> None:
    def job(stopped: Callable[[], bool]) -> Generator[int, None, None]:
        yield 1
        raise JobStopped

    assert [step for step in in_background(job, never_stop) if step is not None] == [1]


def test_heartbeats_come_while_a_step_takes_its_time() -> None:
    go_on = threading.Event()

    def job(stopped: Callable[[], bool]) -> Generator[int, None, None]:
        go_on.wait(GUARD_SECONDS)
        yield 1

    steps = in_background(job, never_stop)
    assert next(steps) is None
    go_on.set()
    assert 1 in list(steps)


@pytest.mark.parametrize("way", ["flag", "close"])
def test_a_stop_returns_at_once_and_the_job_closes_after_its_step(way: str) -> None:
    flag, in_step, go_on, closed = (threading.Event() for _ in range(4))

    def job(stopped: Callable[[], bool]) -> Generator[int, None, None]:
        try:
            yield 1
            in_step.set()
            go_on.wait(GUARD_SECONDS)
            yield 2
            pytest.fail("a step after the stop")
        finally:
            closed.set()

    steps = in_background(job, flag.is_set)
    assert next(step for step in steps if step is not None) == 1
    assert in_step.wait(GUARD_SECONDS)
    if way == "flag":
        flag.set()
        assert list(steps) == []
    else:
        steps.close()  # type: ignore[attr-defined]
    assert not closed.is_set()
    go_on.set()
    assert closed.wait(GUARD_SECONDS)


def test_everything_that_is_reported_comes_in_order() -> None:
    def work(report: Report) -> None:
        for number in range(3):
            report(number)

    assert list(reported_steps(work, never_stop)) == [0, 1, 2]


def test_an_error_of_the_work_is_raised_after_what_it_reported() -> None:
    def work(report: Report) -> None:
        report(1)
        raise ValueError("broken")

    steps = reported_steps(work, never_stop)
    assert next(steps) == 1
    with pytest.raises(ValueError, match="broken"):
        next(steps)


def test_a_stop_ends_the_work_at_its_next_report() -> None:
    reported: list[int] = []

    def work(report: Report) -> None:
        for number in range(100):
            report(number)
            reported.append(number)

    assert list(reported_steps(work, lambda: len(reported) == 2)) == [0, 1]
    assert reported == [0, 1]


def test_closing_waits_until_the_work_has_ended() -> None:
    first_taken, ended = threading.Event(), threading.Event()

    def work(report: Report) -> None:
        report(0)
        assert first_taken.wait(20)
        try:
            while True:
                report(1)
        finally:
            ended.set()

    steps = reported_steps(work, never_stop)
    next(steps)
    first_taken.set()
    steps.close()
    assert ended.is_set()


def test_a_preparation_is_begun_once_and_tells_when_it_has_ended() -> None:
    begun, go_on, runs = threading.Event(), threading.Event(), []

    def work() -> None:
        runs.append(1)
        begun.set()
        go_on.wait(GUARD_SECONDS)

    preparation = Preparation(work)
    assert not preparation.is_under_way
    for _ in range(3):
        preparation.begin()
    assert begun.wait(GUARD_SECONDS)
    assert preparation.is_under_way
    (thread,) = (one for one in threading.enumerate() if one.name == "preparation")
    go_on.set()
    thread.join(GUARD_SECONDS)
    preparation.begin()
    assert not preparation.is_under_way
    assert runs == [1]
