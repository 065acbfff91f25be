"""Whatever order the events of a tab's jobs come in, its buttons in the end say what runs: nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from random import Random
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from components.page.tab_job import TabJob
from pipelines.jobs.stop_flags import SessionJob, StopFlags
from tests.components.page.steps import job_lines
from tests.components.page.test_tab_job import ONE, interactive

SESSION = "one/test"
COURSES = 50
STEPS = 40
CHECKS = ("one_job_is_shown", "everything_comes_to_its_end")


@dataclass
class Chain:
    """The events after a button or a control, as Gradio's client sends them."""

    is_sent: bool = False
    """Whether the request for the work is on its way."""
    running: tuple[SessionJob, AbstractContextManager[SessionJob]] | None = None
    again: bool = False
    """Whether the work is asked for again when it has ended: the client forgets it after an error."""
    ends: list[Any] = field(default_factory=list)
    """Handlers whose requests are on their way."""


@cache
def built() -> tuple[TabJob, Any]:
    """Return a tab's job, whose flags each course of events sets anew: a page takes longer to build than they take."""
    services: Any = SimpleNamespace(stop_flags=StopFlags(), lines=job_lines())
    with gr.Blocks():
        return TabJob(services, "test", [gr.Button("Show"), gr.Button("Stop")]), services


class Events:
    """Two chains of events of one tab in one browser."""

    def __init__(self) -> None:
        self.job, services = built()
        self.flags = services.stop_flags = StopFlags()
        self.chains = [Chain(), Chain()]
        self.left: list[AbstractContextManager[SessionJob]] = []
        self.buttons = [True, False]

    def press(self, number: int) -> None:
        self.buttons = interactive(self.job.begin(None, ONE))
        self._send(self.chains[number])

    def move_where_nothing_is_shown(self, number: int) -> None:
        self._send(self.chains[number])

    def stop(self, number: int) -> None:
        self.job.stop(ONE)

    def open_another_clip(self, number: int) -> None:
        self.flags.stop_unless(SESSION, "another")

    def the_request_arrives(self, number: int) -> None:
        chain = self.chains[number]
        if not chain.is_sent:
            return
        chain.is_sent = False
        job = self.flags.waiting(SESSION)
        if job is None:
            self._succeed(chain)
            return
        job.runner, run = chain, self.flags.run(job)
        run.__enter__()
        chain.running = job, run

    def the_request_is_refused(self, number: int) -> None:
        chain = self.chains[number]
        if chain.is_sent:
            chain.is_sent = False
            chain.ends.append(self.job.end_refused)

    def the_work_ends(self, number: int, fails: bool = False) -> None:
        chain = self.chains[number]
        if chain.running is None:
            return
        chain.running[1].__exit__(None, None, None)
        chain.running = None
        if fails:
            chain.ends.append(self.job.end_refused)
        else:
            self._succeed(chain)

    def the_work_fails(self, number: int) -> None:
        self.the_work_ends(number, fails=True)

    def the_page_leaves_the_work(self, number: int) -> None:
        chain = self.chains[number]
        if chain.running is not None and chain.running[0].left:
            self.left.append(chain.running[1])
            chain.running = None
            self._succeed(chain)

    def work_that_was_left_ends(self, number: int) -> None:
        if self.left:
            self.left.pop().__exit__(None, None, None)

    def an_end_is_answered(self, number: int) -> None:
        if self.chains[number].ends:
            self.buttons = interactive(self.chains[number].ends.pop(0)(ONE))

    def one_job_is_shown(self) -> None:
        shown = [chain for chain in self.chains if chain.running is not None and not chain.running[0].left]
        assert len(shown) <= 1

    def everything_comes_to_its_end(self) -> None:
        while any(chain.is_sent or chain.running or chain.ends for chain in self.chains):
            for number in range(len(self.chains)):
                self.the_request_arrives(number)
                self.the_work_ends(number)
                self.an_end_is_answered(number)

    def _succeed(self, chain: Chain) -> None:
        chain.ends.append(self.job.end)
        if chain.again:
            chain.again = False
            self._send(chain)

    def _send(self, chain: Chain) -> None:
        if chain.is_sent or chain.running is not None:
            chain.again = True
        else:
            chain.is_sent = True


@pytest.mark.parametrize("seed", range(4))
def test_the_buttons_are_free_when_all_has_come_to_its_end(seed: int) -> None:
    random = Random(seed)
    for _ in range(COURSES):
        events, course = Events(), list[str]()
        steps = [name for name in vars(Events) if not name.startswith("_") and name not in CHECKS]
        for _ in range(STEPS):
            name, number = random.choice(steps), random.randrange(len(events.chains))
            course.append(f"{name} {number}")
            getattr(events, name)(number)
            events.one_job_is_shown()
        events.everything_comes_to_its_end()
        assert events.buttons == [True, False], course
