"""One Stop per person, also for a job that still waits in the queue."""

from __future__ import annotations

from components.stop_flags import StopFlags


def test_a_stop_reaches_only_its_own_session() -> None:
    flags = StopFlags()
    flags.begin("ann")
    flags.begin("bob")
    ann, bob = flags.should_stop("ann"), flags.should_stop("bob")
    flags.stop("ann")
    assert ann()
    assert not bob()


def test_a_stop_before_the_job_starts_counts() -> None:
    flags = StopFlags()
    flags.begin("ann")
    flags.stop("ann")
    assert flags.should_stop("ann")()


def test_a_new_job_is_not_stopped_by_the_last_stop_nor_revives_the_old_one() -> None:
    flags = StopFlags()
    flags.begin("ann")
    old = flags.should_stop("ann")
    flags.stop("ann")
    flags.begin("ann")
    assert old()
    assert not flags.should_stop("ann")()


def test_a_closed_page_stops_its_job_and_is_forgotten() -> None:
    flags = StopFlags()
    flags.begin("ann")
    job = flags.should_stop("ann")
    flags.forget("ann")
    flags.stop("nobody")
    assert job()
    assert not flags.should_stop("ann")()
