"""The sentence for a place in line, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from components.page.jobs.waiting import loading_words, waiting_lines, waiting_words
from models.waiting import PLACE, Place, report_place
from pipelines.jobs.background import in_background
from pipelines.jobs.stop_flags import SessionJob, StopFlags


def lines_of(flags: StopFlags) -> list[str]:
    async def collect() -> list[str]:
        return [line async for line in waiting_lines(flags.current("a"), "a")]

    return asyncio.run(collect())


def test_one_sentence_counts_the_jobs_ahead() -> None:
    assert waiting_words(1) == "Waiting: 1 job ahead"
    assert waiting_words(3) == "Waiting: 3 jobs ahead"


class PlacesInTurn:
    """A job's place that moves up each time it is read; the job ends with its last one."""

    def __init__(self, job: SessionJob, *places: int) -> None:
        self.job, self.places = job, list(places)

    @property
    def jobs_ahead(self) -> int:
        place = self.places.pop(0)
        self.job.ended = not self.places
        return place


def test_the_place_moves_up_and_ends_as_the_work_starts() -> None:
    flags = StopFlags()
    job = flags.begin("a")
    job.running = True
    places: Any = PlacesInTurn(job, 2, 2, 1, 0, 0)
    job.place = places
    lines = lines_of(flags)
    assert ["2 jobs ahead" in lines[0], "1 job ahead" in lines[1], *lines[2:]] == [True, True, "", ""]


def test_a_wait_for_a_model_is_read_where_the_job_is_shown() -> None:
    place = Place()
    PLACE.set(place)

    def job(_: Callable[[], bool]):
        report_place(2)
        yield
        report_place(0)
        yield

    seen = [loading_words("Loading") for _ in in_background(job, lambda: False)]
    assert loading_words("Loading") == "Loading"
    assert place.jobs_ahead == 0
    assert seen[-1] == "Loading"


def test_a_job_that_is_stopped_waits_no_longer() -> None:
    flags = StopFlags()
    flags.begin("a").stop.set()
    assert lines_of(flags) == [""]
