"""Each limit refuses with a sentence that names it, and lets the next one in when there is room again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import gradio as gr
import pytest

from components.model_status.panel import pill_markup
from components.page.endpoints import cancellable
from components.page.jobs.live_jobs import LiveJob
from models.cache.status import CacheStatus
from pipelines.jobs.admission import Admission, JobLimits, JobRefused
from pipelines.jobs.stop_flags import SessionJob, StopFlags
from pipelines.jobs.turns import Turns
from tests.components.page.steps import free_line


def test_one_person_may_have_so_many_jobs_and_another_is_not_kept_out() -> None:
    admission = Admission(JobLimits(per_person=2))
    with ExitStack() as jobs:
        jobs.enter_context(admission.job("Ann"))
        jobs.enter_context(admission.job("Ann"))
        with pytest.raises(JobRefused, match="You have 2 jobs here already"), admission.job("Ann"):
            pass
        with admission.job("Bob"):
            pass
    with admission.job("Ann"):
        pass


def test_calls_of_one_address_in_a_minute_are_counted_and_forgotten() -> None:
    now = [0.0]
    admission = Admission(JobLimits(calls_per_minute=2), clock=lambda: now[0])
    for _ in range(2):
        admission.count_call("192.0.2.1")
    now[0] = 20.0
    with pytest.raises(JobRefused, match=r"More than 2 calls came from you in a minute: try again in 40 s\."):
        admission.count_call("192.0.2.1")
    admission.count_call("192.0.2.2")
    now[0] = 60.0
    admission.count_call("192.0.2.1")


def test_no_job_begins_where_memory_or_disk_is_short() -> None:
    memory, disk = [10**8], [10**10]
    limits = JobLimits(min_free_memory_bytes=2 * 10**8, min_free_disk_bytes=5 * 10**8)
    admission = Admission(limits, lambda: memory[0], lambda: disk[0])
    with pytest.raises(JobRefused, match=r"too little memory \(100 MB free, 200 MB are kept free\)"), admission.job("Ann"):
        pass
    memory[0] = 10**9
    with admission.job("Ann"):
        assert admission.disk_warning() == ""
    disk[0] = 9 * 10**8
    with admission.job("Ann"):
        assert admission.disk_warning() == "The disk is nearly full: 900 MB left."
    disk[0] = 4 * 10**8
    with (
        pytest.raises(JobRefused, match=r"The disk of the server is full \(400 MB left, 500 MB are kept free\)"),
        admission.job(""),
    ):
        pass


def test_the_header_says_that_the_disk_is_nearly_full() -> None:
    status = CacheStatus("cpu", 1, 1, 0, (), 0, 0, 0)
    assert "The disk is nearly full: 900 MB left." in pill_markup(status, "The disk is nearly full: 900 MB left.")
    assert "disk" not in pill_markup(status)


def test_a_call_ends_at_its_deadline_with_a_sentence_and_its_work_is_told_to_stop() -> None:
    ended = threading.Event()

    def endless(should_stop: object) -> str:
        assert callable(should_stop)
        while not should_stop():
            pass
        ended.set()
        return "stopped"

    endpoint = cancellable(endless, StopFlags(admission=Admission(JobLimits(call_seconds=0.05))), free_line())
    with pytest.raises(gr.Error, match=r"longer than the limit of 0 s and was ended"):
        asyncio.run(endpoint())
    assert ended.wait(10)


def test_calls_with_an_account_count_for_it_wherever_they_come_from() -> None:
    account: list[str | None] = ["anna"]
    admission = Admission(JobLimits(calls_per_minute=1), account=lambda: account[0])
    endpoint = cancellable(lambda should_stop: "done", StopFlags(admission=admission), free_line())
    assert asyncio.run(endpoint()) == "done"
    with pytest.raises(gr.Error, match="More than 1 calls came from you in a minute"):
        asyncio.run(endpoint())
    account[0] = "vera"
    assert asyncio.run(endpoint()) == "done"


def test_a_call_where_room_is_short_is_refused_before_it_begins() -> None:
    began = []
    admission = Admission(JobLimits(min_free_disk_bytes=10))
    endpoint = cancellable(lambda should_stop: began.append(1), StopFlags(admission=admission), free_line())
    with pytest.raises(gr.Error, match="disk of the server is full"):
        asyncio.run(endpoint())
    assert not began


def test_calls_that_wait_count_too() -> None:
    admission = Admission(JobLimits(per_person=2), account=lambda: "anna")
    may_end = threading.Event()
    at_work, at_once = set(), []

    def work(name: str, should_stop: object) -> str:
        at_work.add(name)
        at_once.append(len(at_work))
        assert may_end.wait(30)
        at_work.remove(name)
        return name

    endpoint = cancellable(work, StopFlags(admission=admission), Turns(1, 5))

    async def call_three() -> None:
        accepted = [asyncio.create_task(endpoint(name)) for name in ("first", "second")]
        await asyncio.sleep(0)
        with pytest.raises(gr.Error, match="You have 2 jobs here already"):
            await endpoint("third")
        may_end.set()
        assert await asyncio.gather(*accepted) == ["first", "second"]

    asyncio.run(call_three())
    assert at_once == [1, 1]


def test_a_call_for_a_full_line_is_refused_with_a_sentence() -> None:
    line = Turns(1, 0)
    endpoint = cancellable(lambda should_stop: "done", StopFlags(), line)
    with line.turn(lambda: False), pytest.raises(gr.Error, match="wait"):
        asyncio.run(endpoint())
    assert asyncio.run(endpoint()) == "done"


def run_job(admission: Admission, work: Callable[[SessionJob], Iterator[str]]) -> list[str]:
    """Run the job of a page; return its updates."""
    job = SessionJob("", sessions={"session/tab"})
    live = LiveJob("tab_0", "tab", job, [gr.HTML(render=False)])
    live.start(lambda: work(job), StopFlags(admission=admission), Turns(1, 1), lambda: None)

    async def seen(updates: list[str]) -> list[str]:
        try:
            async for update in live.updates("session/tab"):
                updates.append(update)
        except gr.Error as error:
            updates.append(str(error.message))
        return updates

    return asyncio.run(seen([]))


def endless(job: SessionJob) -> Iterator[str]:
    yield "begun"
    while not job():
        pass
    yield "what there is"


def test_a_job_of_a_page_ends_in_time_with_what_it_has() -> None:
    *_, shown, sentence = run_job(Admission(JobLimits(call_seconds=0.3)), endless)
    assert shown == "what there is"
    assert sentence == "This took longer than the limit of 0 s and was ended: try a shorter recording."


def test_jobs_of_a_page_count_towards_the_calls_of_a_minute() -> None:
    admission = Admission(JobLimits(calls_per_minute=1), account=lambda: "anna")
    assert run_job(admission, lambda job: iter(["done"])) == ["done"]
    (sentence,) = run_job(admission, lambda job: iter(["done"]))
    assert sentence.startswith("More than 1 calls came from you in a minute")
