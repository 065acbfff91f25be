"""What the tabs show of a clip, kept for the browser that opened it: it comes back with the clip, and a running job goes on.

Each tab registers its panes by `TabJob.keep`, and says what stands in them where nothing is kept. What a job writes into them
is stored when it ends. When a clip is opened, one event fills the panes of all tabs, from what is stored and from the jobs that
run, and the page's script resumes to show those jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MethodType
from typing import Any, Literal, Protocol
from uuid import uuid4

import gradio as gr
from gradio.events import Dependency, EventListener

from components.page.events import QUIET
from components.page.jobs.live_jobs import JobKey, LiveJob, LiveJobs, is_skipped
from components.page.markup import FailureMarkup
from components.page.page_script import page_script
from components.page.tabs import TabId
from pipelines.clip.clip import AudioClip
from pipelines.clip.kept_results import KeptResults
from pipelines.jobs.stop_flags import SessionJob

Value = dict[str, Any]  # JSON
MainJobName = TabId | Literal["notes"]
"""A tab with one main job; the notes stand in a tab with another one."""


class KeptJob(Protocol):
    """A job of a tab; see `TabJob`."""

    @property
    def names(self) -> list[str]:
        """A name for each kind of work."""

    def keep_running(self, clip: AudioClip | None, request: gr.Request) -> bool:
        """Return whether it works on `clip`; stop it on any other clip."""

    def adopt(self, job: SessionJob, request: gr.Request) -> None:
        """Show a running job on this person's page."""

    def latest(self, request: gr.Request) -> SessionJob | None:
        """Return the job of this person's page that was begun last."""

    def stop(self, request: gr.Request) -> None:
        """Stop it."""


@dataclass(frozen=True)
class KeptValues:
    """What one group of panes showed: values by the pane's position in the group."""

    values: Mapping[int, Any] = field(default_factory=dict)
    timeline: Value | None = None
    """The timeline's value {tracks, commands, …} with the tracks of the group; see `TimelineFeed.value`."""


@dataclass(frozen=True)
class _Group:
    name: str
    job: KeptJob
    panes: tuple[gr.components.Component, ...]
    otherwise: Callable[..., Sequence[Any]]
    """Called with clip, request and the values of `inputs`; returns values of the panes, and perhaps of the timeline."""
    inputs: tuple[gr.components.Component, ...]
    first: Callable[..., Sequence[Any] | None]
    """The same of results that the tab has stored itself; None where it has none."""


@dataclass(frozen=True)
class MainJob:
    """The job that a tab's main button begins."""

    job: KeptJob
    result: gr.State
    has_result: Callable[[Any], bool]
    """Called with the value of `result`."""


class KeptPanes:
    """The panes of all tabs.

    `person` holds a text that stands for the browser; nothing is kept while it is ''. `wanted` holds the tab whose main job is to
    begin with the next clip, unless its result is there; or ''. `arrived` is the event after which the page knows the person.
    """

    def __init__(
        self,
        kept: KeptResults,
        clip: gr.State,
        timeline: gr.HTML,
        person: gr.State,
        wanted: gr.State,
        arrived: Dependency,
    ) -> None:
        """Build the component by which the page resumes jobs."""
        self.live = LiveJobs()
        self.person = person
        self.resumed = gr.HTML(
            None,
            elem_id="resumed-jobs",
            html_template="<span hidden></span>",  # its value is for the script
            js_on_load=page_script("page/jobs/resumed_jobs"),
            apply_default_css=False,
        )
        self._kept_results = kept
        self._clip = clip
        self._timeline = timeline
        self._wanted = wanted
        self._arrived = arrived
        self._main_jobs: dict[MainJobName, MainJob] = {}
        self._groups: list[_Group] = []
        self._followers: list[Callable[[Dependency], None]] = []

    def add(
        self,
        name: str,
        job: KeptJob,
        panes: Sequence[gr.components.Component],
        otherwise: Callable[..., Sequence[Any]],
        inputs: Sequence[gr.components.Component],
        first: Callable[..., Sequence[Any] | None],
    ) -> None:
        """Register panes; see `TabJob.keep`."""
        self._groups.append(_Group(name, job, tuple(panes), otherwise, tuple(inputs), first))

    def add_main_job(self, name: MainJobName, job: KeptJob, result: gr.State, has_result: Callable[[Any], bool]) -> None:
        """Register the job of a tab's main button; see `TabJob.run_when_wanted`."""
        self._main_jobs[name] = MainJob(job, result, has_result)

    @property
    def main_jobs(self) -> dict[MainJobName, MainJob]:
        """The main jobs of all tabs that are built."""
        return dict(self._main_jobs)

    def event(self, name: str) -> Callable[..., Dependency]:
        """Return the event by which the page resumes the job `name`, or asks for all panes: 'refill'."""
        # gr.HTML itself has only the events whose names stand in its script.
        return MethodType(EventListener(event_name=name).listener, self.resumed)

    def after_restore(self, connect: Callable[[Dependency], None]) -> None:
        """Call `connect` with the event that fills the panes, once it is built."""
        self._followers.append(connect)

    def connect(self) -> None:
        """Build the event that fills the panes when a clip is opened, or after a job of another clip; all tabs must be built."""
        inputs = [pane for group in self._groups for pane in group.inputs]
        outputs = [pane for group in self._groups for pane in group.panes]
        restored = gr.on(
            [self._clip.change, self.event("refill")],
            self._restore,
            inputs=[self._clip, self.person, *inputs],
            outputs=[*outputs, self._timeline, self.resumed],
            queue=False,
            **QUIET,
        )
        for connect in self._followers:
            connect(restored)
        results = [main.result for main in self._main_jobs.values()]
        wish = [self._wanted, self._clip, *results]
        restored.then(self._start_wanted, inputs=wish, outputs=[self.resumed, self._wanted], queue=False, **QUIET)

    def bring_back(self, job: KeptJob, outputs: Sequence[gr.components.Component], fold: gr.Accordion) -> None:
        """Let what a job about no clip wrote come back, unfolded, when its person loads the page, and the job if it runs."""

        def restored(person: str, request: gr.Request) -> list[Any]:
            (name,) = job.names
            live = self.live.find((person, "", name)) if person else None
            shown = live or self.live.find_ended((person, "", name))
            if live:
                job.adopt(live.job, request)
            written = shown.written if shown else {}
            values = [written.get(output, gr.skip()) for output in outputs]
            opened = gr.Accordion(open=True) if shown else gr.skip()
            return [*values, opened, resumed_value([name] if live else [])]

        self._arrived.then(restored, inputs=self.person, outputs=[*outputs, fold, self.resumed], queue=False, **QUIET)

    def store(self, clip: AudioClip, person: str, written: Mapping[gr.components.Component, Any]) -> None:
        """Keep what a job has written at its end, unless it failed."""
        if any(isinstance(value, FailureMarkup) for value in written.values()):
            return
        timeline = written.get(self._timeline)
        for group in self._groups:
            new = {index: written[pane] for index, pane in enumerate(group.panes) if pane in written}
            if not new:
                continue
            before = self._kept(group, clip, person)
            kept = KeptValues({**before.values, **new}, _merged_feeds(before.timeline, timeline))
            self._kept_results.store(clip, person, group.name, kept)
            timeline = None  # the tracks belong to the first group

    def _start_wanted(self, wanted: TabId, clip: AudioClip | None, request: gr.Request, *results: Any) -> tuple[Any, str]:
        """Let the page begin the main job of the tab in which one is wanted; return that none is wanted from now on."""
        main = self._main_jobs.get(wanted)
        if main is None or clip is None or main.job.keep_running(clip, request):
            return gr.skip(), ""
        result = results[list(self._main_jobs).index(wanted)]
        return gr.skip() if main.has_result(result) else resumed_value(main.job.names[:1]), ""

    def _restore(self, clip: AudioClip | None, person: str, request: gr.Request, *inputs: Any) -> list[Any]:
        """Return the values of all panes for the clip that was opened; those of a job that this page began stay as they are."""
        jobs = dict.fromkeys(group.job for group in self._groups)
        begun = {job for job in jobs if job.keep_running(clip, request)}
        live = [one for job in jobs if job not in begun and (one := self._adopted(job, clip, person, request))]
        values, feeds, rest = list[Any](), list[Value | None](), list(inputs)
        for group in self._groups:
            own, rest = rest[: len(group.inputs)], rest[len(group.inputs) :]
            if group.job in begun:
                values += [gr.skip()] * len(group.panes)
                continue
            shown, feed = self._shown(group, clip, person, request, own)
            feeds.append(feed)
            written = {pane: value for one in live for pane, value in one.written.items()}
            values += [_as_restored(written.get(pane, value)) for pane, value in zip(group.panes, shown, strict=True)]
        feeds += [one.written.get(self._timeline) for one in live]
        return [*values, {"feeds": [feed for feed in feeds if feed]}, resumed_value([one.name for one in live])]

    def _shown(
        self, group: _Group, clip: AudioClip | None, person: str, request: gr.Request, own: Sequence[Any]
    ) -> tuple[Sequence[Any], Value | None]:
        """Return the values of a group's panes and that of the timeline: of the tab's own results, or kept, or of none."""
        stored = group.first(clip, request, *own)
        if stored is not None:
            return _with_feed(stored, len(group.panes))
        kept = self._kept(group, clip, person)
        empty, feed = _with_feed(group.otherwise(clip, request, *own), len(group.panes))
        values = [kept.values.get(index, value) for index, value in enumerate(empty)]
        return values, kept.timeline if kept.values else feed

    def _kept(self, group: _Group, clip: AudioClip | None, person: str) -> KeptValues:
        kept = self._kept_results.find(clip, person, group.name) if clip and person else None
        return kept if isinstance(kept, KeptValues) else KeptValues()

    def _adopted(self, job: KeptJob, clip: AudioClip | None, person: str, request: gr.Request) -> LiveJob | None:
        """Return the work of this kind that goes on about the clip, which this page shows from now on."""
        keys: list[JobKey] = [(person, clip.content_hash, name) for name in job.names] if clip and person else []
        for live in filter(None, map(self.live.find, keys)):
            job.adopt(live.job, request)
            return live
        return None


def resumed_value(events: Sequence[str]) -> Value:
    """Return the value that lets the page's script trigger these events."""
    return {"events": list(events), "id": uuid4().hex}


def _as_restored(value: Any) -> Any:
    """Return a pane's value, marked for scripts that take values in the order in which they were made."""
    return {**value, "restored": True} if isinstance(value, dict) and not is_skipped(value) else value


def _merged_feeds(before: Value | None, after: Value | None) -> Value | None:
    """Return the timeline's value with the tracks of an earlier one that it did not replace, and without commands."""
    latest = after or before
    if latest is None:
        return None
    tracks = {**(before or latest)["tracks"], **latest["tracks"]}
    return {**latest, "tracks": {name: text for name, text in tracks.items() if text is not None}, "commands": "[]"}


def _with_feed(values: Sequence[Any], panes: int) -> tuple[Sequence[Any], Value | None]:
    """Return the values of the panes, and that of the timeline if there is one."""
    feed = values[panes] if len(values) > panes else None
    return values[:panes], None if feed is None or is_skipped(feed) else feed
