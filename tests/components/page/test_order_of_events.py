"""Whatever order the events of a tab's jobs come in, its buttons in the end say what runs: nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import gradio as gr
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from components.page.tab_job import TabJob
from pipelines.jobs.stop_flags import SessionJob, StopFlags
from tests.components.page.steps import job_lines
from tests.components.page.test_tab_job import ONE, interactive

SESSION = "one/test"
CHAINS = st.integers(0, 1)


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


class Events(RuleBasedStateMachine):
    """Two chains of events of one tab in one browser."""

    def __init__(self) -> None:
        super().__init__()
        self.flags = StopFlags()
        with gr.Blocks():
            services: Any = SimpleNamespace(stop_flags=self.flags, lines=job_lines())
            self.job = TabJob(services, "test", [gr.Button("Show"), gr.Button("Stop")])
        self.chains = [Chain(), Chain()]
        self.left: list[AbstractContextManager[SessionJob]] = []
        self.buttons = [True, False]

    @rule(number=CHAINS, begins=st.booleans())
    def press(self, number: int, begins: bool) -> None:
        if begins:
            self.buttons = interactive(self.job.begin(None, ONE))
        self._send(self.chains[number])

    @rule()
    def stop(self) -> None:
        self.job.stop(ONE)

    @rule()
    def open_another_clip(self) -> None:
        self.flags.stop_unless(SESSION, "another")

    @rule(number=CHAINS)
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

    @rule(number=CHAINS)
    def the_request_is_refused(self, number: int) -> None:
        chain = self.chains[number]
        if chain.is_sent:
            chain.is_sent = False
            chain.ends.append(self.job.end_refused)

    @rule(number=CHAINS, fails=st.booleans())
    def the_work_ends(self, number: int, fails: bool) -> None:
        chain = self.chains[number]
        if chain.running is None:
            return
        chain.running[1].__exit__(None, None, None)
        chain.running = None
        if fails:
            chain.ends.append(self.job.end_refused)
        else:
            self._succeed(chain)

    @rule(number=CHAINS)
    def the_page_leaves_the_work(self, number: int) -> None:
        chain = self.chains[number]
        if chain.running is not None and chain.running[0].left:
            self.left.append(chain.running[1])
            chain.running = None
            self._succeed(chain)

    @precondition(lambda self: self.left)
    @rule()
    def work_that_was_left_ends(self) -> None:
        self.left.pop().__exit__(None, None, None)

    @rule(number=CHAINS)
    def an_end_is_answered(self, number: int) -> None:
        if self.chains[number].ends:
            self.buttons = interactive(self.chains[number].ends.pop(0)(ONE))

    @invariant()
    def one_job_is_shown(self) -> None:
        shown = [chain for chain in self.chains if chain.running is not None and not chain.running[0].left]
        assert len(shown) <= 1

    def teardown(self) -> None:
        """Let everything that is under way come to its end."""
        while any(chain.is_sent or chain.running or chain.ends for chain in self.chains):
            for number in range(len(self.chains)):
                self.the_request_arrives(number)
                self.the_work_ends(number, fails=False)
                self.an_end_is_answered(number)
        assert self.buttons == [True, False]

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


TestEvents = Events.TestCase
TestEvents.settings = settings(max_examples=30, stateful_step_count=20, deadline=None, derandomize=True)
