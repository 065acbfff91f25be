"""One Stop per person, also for a job that still waits in the queue, and for another clip."""

from __future__ import annotations

from pipelines.jobs.stop_flags import StopFlags


def test_a_stop_reaches_only_its_own_session() -> None:
    flags = StopFlags()
    flags.begin("ann")
    flags.begin("bob")
    with flags.run(flags.current("ann")) as ann, flags.run(flags.current("bob")) as bob:
        flags.stop("ann")
        assert ann()
        assert not bob()


def test_a_stop_before_the_job_starts_counts() -> None:
    flags = StopFlags()
    flags.begin("ann")
    flags.stop("ann")
    with flags.run(flags.current("ann")) as should_stop:
        assert should_stop()


def test_a_new_job_ends_the_old_one_and_is_not_stopped_itself() -> None:
    flags = StopFlags()
    flags.begin("ann")
    with flags.run(flags.current("ann")) as old:
        begun = flags.begin("ann")
        with flags.run(flags.current("ann")) as new:
            assert new is begun is flags.current("ann")
            assert (old(), old.left) == (True, True)
            assert (new(), new.left) == (False, False)


def test_of_what_a_page_asked_in_an_order_the_last_counts_whenever_it_arrives() -> None:
    flags = StopFlags()
    second, first = flags.begin("ann", order=2), flags.begin("ann", order=1)
    assert (first.left, second.left) == (True, False)
    assert flags.current("ann") is second
    assert not flags.begin("ann", order=3).left
    assert second.left


def test_another_subject_stops_a_job_and_its_own_does_not() -> None:
    flags = StopFlags()
    flags.begin("ann", "song")
    with flags.run(flags.current("ann")) as should_stop:
        assert flags.stop_unless("ann", "song")
        assert not should_stop()
        assert not flags.stop_unless("ann", "speech")
        assert should_stop()


def test_a_job_that_is_over_is_nobodys_business() -> None:
    flags = StopFlags()
    assert not flags.stop_unless("ann", "song")
    flags.begin("ann", "song")
    assert flags.stop_unless("ann", "song")
    with flags.run(flags.current("ann")):
        pass
    assert not flags.stop_unless("ann", "song")


def test_jobs_of_a_closed_page_stop_after_a_while_and_those_that_wait_at_once() -> None:
    flags = StopFlags(grace_seconds=0.0)
    waiting, other = flags.begin("ann/queue"), flags.begin("anna")
    with flags.run(flags.begin("ann")) as job, flags.run(other):
        flags.forget("ann")
        flags.stop("unknown")
        assert waiting()
        assert job.stop.wait(10)
        assert not other()
    assert not flags.current("ann")()


def test_a_running_job_goes_on_for_a_page_that_was_loaded_again() -> None:
    flags = StopFlags(grace_seconds=3600.0)
    with flags.run(flags.begin("ann/draw", "song")) as job:
        flags.forget("ann")
        assert (job(), job.left) == (False, True)
        flags.adopt("new/draw", job)
        assert not job.left
        assert flags.begin_unless_adopted("new/draw", "song") is job
        assert flags.adopted("new/draw") is job
        assert flags.begin_unless_adopted("new/draw", "song") is not job, "a press begins a new one"
        assert job()


def test_a_job_on_two_pages_stops_when_the_last_of_them_leaves_it() -> None:
    flags = StopFlags()
    with flags.run(flags.begin("ann", "song")) as job:
        flags.adopt("bob", job)
        assert not flags.stop_unless("ann", "speech")
        assert not job()
        assert not flags.stop_unless("bob", "speech")
        assert job()


def test_when_the_app_ends_all_jobs_stop_and_later_ones_begin_stopped() -> None:
    flags = StopFlags()
    before = flags.begin("ann")
    with flags.run(flags.current("bob")) as running:
        flags.close()
        assert before()
        assert running()
        assert not running.left, "the page shows what the job ends with"
    assert flags.begin("cid")()
    assert flags.current("dan")()
    assert flags.is_closed()


def test_the_app_is_idle_when_the_last_job_has_ended() -> None:
    flags = StopFlags()
    assert flags.wait_until_idle(0)
    with flags.run(flags.current("ann")), flags.counted():
        assert flags.running == 2
        assert not flags.wait_until_idle(0)
    assert flags.wait_until_idle(0)
