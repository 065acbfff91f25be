"""The row below the clip: one button runs the main jobs of all tabs that fit the clip, one after the other."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.clip.clip_input import ClipInput
from components.everything import labels
from components.page.events import QUIET
from components.page.jobs.kept_panes import MainJob, MainJobName, resumed_value
from components.page.markup import failure_markup
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from models.errors import JobStopped
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.everything.analysis import TAGS_WORK, WORK, find_subjects
from pipelines.everything.types import SUBJECTS, LeftOutSubject, Subject
from pipelines.jobs.stop_flags import SessionJob
from services import Services

JOB_OF_SUBJECT: dict[Subject, MainJobName] = {
    "speech": "transcribe",
    "description": "music",
    "notes": "notes",
    "embeddings": "embeddings",
    "picture": "pictures",
}
RESTORED = "() => window.dispatchEvent(new Event('audioscope:restored'))"
"""Run when the tabs are filled: a script of the page then goes on with an analysis that a reload cut off."""
POLL_SECONDS = 0.1
MAX_START_SECONDS = 20.0
"""How long the page may take to begin a job that it was asked for."""

Update = tuple[Any, Any]
"""(jobs that the page is to begin, line)."""


@dataclass(frozen=True)
class EverythingRow:
    """The components of the row."""

    row: gr.Row
    run: gr.Button
    stop: gr.Button
    line: gr.HTML


def build_everything_row() -> EverythingRow:
    """Build the row, which is hidden until there is a clip."""
    with gr.Row(visible=False, elem_id="everything") as row:
        run = gr.Button(labels.ANALYSE, min_width=0, elem_id="analyse-everything")
        stop = gr.Button(labels.STOP, min_width=0, interactive=False, elem_id="stop-everything")
        line = gr.HTML("", elem_id="everything-line", elem_classes="results", apply_default_css=False)
    return EverythingRow(row, run, stop, line)


def connect_everything(services: Services, clip: ClipInput, everything: EverythingRow) -> None:
    """Connect the row; all tabs must be built."""
    job = TabJob(services, "everything", [everything.run, everything.stop], "chains")
    jobs = clip.panes.main_jobs
    work = _EverythingWork(services, job, jobs)
    results = [main.result for main in jobs.values()]
    job.on(everything.run.click, clip.state, work.run, [clip.state, *results], [clip.panes.resumed, everything.line])
    shown = [everything.row, everything.line]
    clip.panes.after_restore(lambda restored: restored.then(None, js=RESTORED))
    clip.state.change(work.show, inputs=clip.state, outputs=shown, queue=False, **QUIET)


class _EverythingWork:
    """The handlers of the row's events."""

    def __init__(self, services: Services, job: TabJob, jobs: dict[MainJobName, MainJob]) -> None:
        self._services = services
        self._job = job
        self._jobs = jobs

    def show(self, clip: AudioClip | None, request: gr.Request) -> tuple[gr.Row, str]:
        """Show the row beside a clip, and stop what was begun for another one."""
        self._job.keep_running(clip, request)
        return gr.Row(visible=clip is not None), ""

    def run(self, clip: AudioClip | None, request: gr.Request, *results: Any) -> Iterator[Update]:
        """Let the page begin one job after the other, and show the progress of all."""
        try:
            if clip is None:
                raise NoClip
            should_stop = self._job.current(request)
            yield gr.skip(), _progress_markup(labels.LOOKING, 0.0)
            fitting, left_out = find_subjects(clip, SUBJECTS, self._services.runtime, should_stop)
            shown = dict(zip(self._jobs, results, strict=True))
            subjects = tuple(subject for subject in fitting if self._is_missing(subject, shown))
            yield from self._run_jobs(subjects, clip, request, should_stop)
            yield gr.skip(), _end_markup(labels.STOPPED if should_stop() else labels.DONE, left_out)
        except JobStopped:
            yield gr.skip(), _end_markup(labels.STOPPED, ())
        except Exception as error:
            yield gr.skip(), failure_markup(sentence_for(error))

    def _is_missing(self, subject: Subject, shown: dict[MainJobName, Any]) -> bool:
        """Return whether there is a job for `subject`, whose result is not there."""
        name = JOB_OF_SUBJECT[subject]
        return name in self._jobs and not self._jobs[name].has_result(shown[name])

    def _run_jobs(
        self, subjects: tuple[Subject, ...], clip: AudioClip, request: gr.Request, should_stop: SessionJob
    ) -> Iterator[Update]:
        done, whole = TAGS_WORK, TAGS_WORK + sum(WORK[subject] for subject in subjects)
        for number, subject in enumerate(subjects, 1):
            words = labels.COUNTED.format(labels.AT_WORK[subject], number, len(subjects))
            job = self._jobs[JOB_OF_SUBJECT[subject]].job
            before = None if job.keep_running(clip, request) else job.latest(request)
            begin = gr.skip() if before is None and job.latest(request) else resumed_value(job.names[:1])
            yield begin, _progress_markup(words, done / whole)
            for position in _followed(lambda job=job: job.latest(request), before, should_stop):  # type: ignore[misc]
                yield gr.skip(), _progress_markup(words, (done + position * WORK[subject]) / whole)
            if should_stop():
                job.stop(request)
                return
            done += WORK[subject]


def _followed(latest: Callable[[], SessionJob | None], before: SessionJob | None, should_stop: SessionJob) -> Iterator[float]:
    """Yield the progress of the job after `before` until it ends, or until it did not begin in time."""
    asked, shown = time.monotonic(), 0.0
    while not should_stop.stop.wait(POLL_SECONDS):
        job = latest()
        has_begun = job is not None and job is not before
        if (job is not None and has_begun and job.ended) or (not has_begun and time.monotonic() > asked + MAX_START_SECONDS):
            return
        if job is not None and has_begun and job.position != shown:
            shown = job.position
            yield shown


def _progress_markup(words: str, position: float) -> str:
    bar = f'<progress max="1" value="{position:.3f}" aria-label="{labels.PROGRESS}"></progress>'
    return f'<p class="summary" role="status" data-state="analysing">{words} · {position:.0%}</p>{bar}'


def _end_markup(words: str, left_out: tuple[LeftOutSubject, ...]) -> str:
    sentences = " ".join((words, *(one.reason for one in left_out)))
    state = "stopped" if words == labels.STOPPED else "done"
    return f'<p class="summary" role="status" data-state="{state}">{html.escape(sentences)}</p>'
