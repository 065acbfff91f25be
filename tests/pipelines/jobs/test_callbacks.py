from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from models.stopping import never_stop
from pipelines.jobs.callbacks import reported_steps

Report = Callable[[int], None]


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
