"""The row below the clip begins the jobs that fit, one after the other, shows one progress, and its Stop ends the one at work."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from components.everything import labels, panel
from components.everything.panel import _EverythingWork
from components.page.jobs.kept_panes import MainJob, MainJobName
from models.errors import NoModelFits
from pipelines.everything.types import NO_MUSIC, LeftOutSubject
from pipelines.jobs.stop_flags import SessionJob
from tests.components.pictures.test_markup import clip as clip

REQUEST = gr.Request(session_hash="one")


@dataclass
class Job:
    """A tab's job, begun by the test as the page would."""

    names: list[str]
    job: SessionJob | None = None
    stopped: bool = False

    def keep_running(self, clip: Any, request: gr.Request) -> bool:
        return self.job is not None and not self.job.ended

    def adopt(self, job: SessionJob, request: gr.Request) -> None:
        raise NotImplementedError

    def latest(self, request: gr.Request) -> SessionJob | None:
        return self.job

    def stop(self, request: gr.Request) -> None:
        self.stopped = True


@dataclass
class Row:
    """The row with the jobs of two tabs; the second has its result already where `drawn`."""

    drawn: bool = False
    should_stop: SessionJob = field(default_factory=lambda: SessionJob(""))

    def __post_init__(self) -> None:
        self.jobs = {"transcribe": Job(["transcript_0"]), "pictures": Job(["pictures_0"])}
        mains: dict[MainJobName, MainJob] = {
            name: MainJob(job, gr.State(), bool)  # type: ignore[misc]
            for name, job in self.jobs.items()
        }
        tab_job: Any = SimpleNamespace(current=lambda request: self.should_stop)
        services: Any = SimpleNamespace(runtime=None)
        self.work = _EverythingWork(services, tab_job, mains)

    def run(self, clip: Any, end: bool = True) -> list[tuple[list[str], str]]:
        """Return what the page is asked to begin, and the line, at each update; a job that is begun ends where `end`."""
        seen = []
        for begin, line in self.work.run(clip, REQUEST, False, self.drawn):
            names = begin.get("events", []) if isinstance(begin, dict) else []
            for job in self.jobs.values():
                if job.names[0] in names:
                    job.job = SessionJob("", ended=end, position=0.5)
            if names and not end:
                self.should_stop.stop.set()
            seen.append((names, line))
        return seen


@pytest.fixture(autouse=True)
def fitting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speech and a picture fit the clip, and no music."""
    found = ("speech", "embeddings", "picture"), (LeftOutSubject("notes", NO_MUSIC),)
    monkeypatch.setattr(panel, "find_subjects", lambda *arguments: found)
    monkeypatch.setattr(panel, "POLL_SECONDS", 0.0)


def test_jobs_are_begun_one_after_the_other_and_the_end_says_what_does_not_fit(clip: Any) -> None:
    steps = Row().run(clip)
    assert [names for names, _ in steps if names] == [["transcript_0"], ["pictures_0"]]
    assert labels.LOOKING in steps[0][1]
    assert "Transcribing, 1 of 2" in steps[1][1]
    assert 'data-state="done"' in steps[-1][1]
    assert NO_MUSIC in steps[-1][1]


def test_a_result_that_is_there_is_not_made_again(clip: Any) -> None:
    assert [names for names, _ in Row(drawn=True).run(clip) if names] == [["transcript_0"]]


def test_stop_ends_the_job_at_work_and_begins_no_other(clip: Any) -> None:
    row = Row()
    steps = row.run(clip, end=False)
    assert [names for names, _ in steps if names] == [["transcript_0"]]
    assert row.jobs["transcribe"].stopped
    assert 'data-state="stopped"' in steps[-1][1]


def test_a_page_that_begins_no_job_does_not_hold_up_the_next(clip: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "MAX_START_SECONDS", 0.0)
    row = Row()
    steps = [names for names, _ in row.work.run(clip, REQUEST, False, False)]
    assert [value["events"] for value in steps if value.get("events")] == [["transcript_0"], ["pictures_0"]]


def test_a_failure_is_a_sentence(clip: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> Any:
        raise NoModelFits("", "fits the memory")

    monkeypatch.setattr(panel, "find_subjects", fail)
    *_, (_, line) = Row().work.run(clip, REQUEST, False, False)
    assert 'data-state="failed"' in line
