"""Jobs wait in line, first come first served, and leave it when they are stopped."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from models.errors import QueueFull
from models.stopping import never_stop
from models.waiting import PLACE, Place
from pipelines.jobs.background import Worker
from pipelines.jobs.turns import Turns


class Waiting:
    """A job in a thread of its own that waits for its turn, which it keeps until `leave` is set."""

    def __init__(self, turns: Turns) -> None:
        self.place = Place()
        self.stop = threading.Event()
        self.leave = threading.Event()
        self.came: list[bool] = []
        self.inside = threading.Event()
        entered = threading.Event()

        def should_stop() -> bool:
            entered.set()  # it is asked before each wait, and not by a job whose turn it is
            return self.stop.is_set()

        def work(*_: object) -> None:
            PLACE.set(self.place)
            with turns.turn(should_stop) as came:
                self.came.append(came)
                entered.set()
                self.inside.set()
                self.leave.wait(10)

        self.ended = threading.Event()
        Worker(work, never_stop, lambda _: self.ended.set())
        assert entered.wait(10)


def test_who_came_first_goes_first_and_the_others_move_up() -> None:
    turns = Turns(1, 5)
    first = Waiting(turns)
    second, third = Waiting(turns), Waiting(turns)
    assert first.inside.is_set()
    assert not second.inside.is_set()
    first.leave.set()
    assert second.inside.wait(10)
    assert second.place.jobs_ahead == 0
    assert not third.inside.is_set()
    second.leave.set()
    assert third.inside.wait(10)
    assert (second.came, third.came) == ([True], [True])
    third.leave.set()


def test_the_place_counts_the_jobs_ahead() -> None:
    turns, place = Turns(2, 5), Place()
    PLACE.set(place)
    seen: list[int] = []

    def stopped_at_the_second_look() -> bool:
        seen.append(place.jobs_ahead)
        return len(seen) == 2

    with turns.turn(never_stop), turns.turn(never_stop), turns.turn(lambda: True), turns.turn(stopped_at_the_second_look) as came:
        assert not came
    assert seen == [0, 2], "two work, one waits before it: one of them must end, and then that one"
    assert place.jobs_ahead == 0


def test_a_job_that_stops_leaves_the_line() -> None:
    turns = Turns(1, 5)
    first = Waiting(turns)
    second, third = Waiting(turns), Waiting(turns)
    second.stop.set()
    assert second.inside.wait(10)
    assert second.came == [False]
    second.leave.set()
    assert second.ended.wait(10)
    first.leave.set()
    assert third.inside.wait(10)
    third.leave.set()


def test_a_full_line_refuses_the_next_job() -> None:
    turns = Turns(1, 1)
    with ExitStack() as held:
        held.enter_context(turns.turn(never_stop))
        held.enter_context(turns.turn(lambda: True))
        with pytest.raises(QueueFull), turns.turn(never_stop):
            pass
    with turns.turn(never_stop) as came:
        assert came
