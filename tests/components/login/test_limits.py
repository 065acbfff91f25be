"""Sessions end, and failed attempts make an address wait."""

from __future__ import annotations

import pytest

from components.login.attempts import MAX_FAILURES, WINDOW_SECONDS, Attempts
from components.login.sessions import MAX_SESSIONS, SESSION_SECONDS, Sessions


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_address_waits_after_too_many_failures_and_another_one_does_not(clock: Clock) -> None:
    attempts = Attempts(clock)
    assert [attempts.begin("192.0.2.1") for _ in range(MAX_FAILURES)] == [0] * MAX_FAILURES
    clock.now = 61.0
    assert attempts.begin("192.0.2.1") == 14
    assert attempts.begin("192.0.2.2") == 0
    clock.now = WINDOW_SECONDS
    assert attempts.begin("192.0.2.1") == 0


def test_attempts_that_succeed_are_not_counted(clock: Clock) -> None:
    attempts = Attempts(clock)
    for _ in range(3 * MAX_FAILURES):
        assert attempts.begin("192.0.2.1") == 0
        attempts.succeeded("192.0.2.1")


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("", "", True),
    ],
)
def test_addresses_of_one_network_count_together(clock: Clock, first: str, second: str, is_same: bool) -> None:
    attempts = Attempts(clock)
    for _ in range(MAX_FAILURES):
        attempts.begin(first)
    assert bool(attempts.begin(second)) == is_same


def test_a_session_ends_in_time_or_when_it_is_told(clock: Clock) -> None:
    sessions = Sessions(clock)
    first, second = sessions.begin("anna"), sessions.begin("vera")
    assert (sessions.find(first), sessions.find(second), sessions.find("")) == ("anna", "vera", None)
    sessions.end(second)
    assert (sessions.find(first), sessions.find(second)) == ("anna", None)
    clock.now = SESSION_SECONDS
    assert sessions.find(first) is None


def test_the_oldest_session_makes_room(clock: Clock) -> None:
    sessions = Sessions(clock)
    tokens = [sessions.begin("anna") for _ in range(MAX_SESSIONS + 1)]
    assert sessions.find(tokens[0]) is None and sessions.find(tokens[1]) == "anna"
