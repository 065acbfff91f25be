from __future__ import annotations

import threading
from functools import partial

import pytest

from models.single_flight import SingleFlight
from tests.models.fakes import GUARD_SECONDS, Gate, await_event, in_thread


class Watched(dict):  # type: ignore[type-arg]
    """The table of flights; tells when `expected` callers have looked into it."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.missing = expected
        self.all_looked = threading.Event()

    def get(self, *arguments):
        self.missing -= 1
        if not self.missing:
            self.all_looked.set()
        return super().get(*arguments)


def fly_together(function, callers: int = 5):
    """`function` behind a gate that opens once all callers asked for the same flight."""
    flights = SingleFlight()
    flights._flights = watched = Watched(callers)
    gate = Gate()
    calls = []

    def gated():
        calls.append(1)
        gate()
        return function()

    futures = [in_thread(flights.run, "key", gated) for _ in range(callers)]
    await_event(watched.all_looked)
    gate.opened.set()
    return [future.exception(GUARD_SECONDS) or future.result() for future in futures], calls, flights


def test_one_works_and_all_get_its_result() -> None:
    got, calls, _ = fly_together(object)
    assert len({id(thing) for thing in got}) == 1
    assert calls == [1]


def test_one_fails_and_all_get_its_error_and_the_next_one_tries_again() -> None:
    def fail():
        raise OSError("no")

    got, calls, flights = fly_together(fail)
    assert isinstance(got[0], OSError)
    assert len({id(thing) for thing in got}) == 1
    assert calls == [1]
    assert flights.run("key", lambda: "fine") == "fine"


def test_other_keys_do_not_wait() -> None:
    flights = SingleFlight()
    gate = Gate()
    slow = in_thread(flights.run, "slow", gate)
    await_event(gate.reached)
    assert flights.run("quick", lambda: 1) == 1
    gate.opened.set()
    slow.result(GUARD_SECONDS)


def test_a_landed_flight_is_forgotten() -> None:
    flights = SingleFlight()
    assert [flights.run("key", partial(int, n)) for n in range(2)] == [0, 1]
    with pytest.raises(KeyboardInterrupt):
        flights.run("key", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    assert flights._flights == {}
