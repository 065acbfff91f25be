"""Results come back with their clip to the person who had them, as they stood there; failures do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from components.page.jobs.kept_panes import KeptPanes
from components.page.jobs.live_jobs import CURRENT_JOB, LiveJob
from components.page.markup import failure_markup
from components.page.tab_job import TabJob
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.clip.kept_results import KeptResults
from pipelines.jobs.stop_flags import StopFlags
from pipelines.storage.folder_storage import FolderStorage
from tests.components.page.steps import job_lines, steps
from tests.components.pictures.test_markup import clip as clip

Work = Callable[..., Iterator[Any]]
EMPTY = ("Nothing yet", None)
TRACK = {"token": "t", "feed": "f", "tab": "music", "tracks": {"notes": "{}\n"}, "commands": '[{"name": "seek"}]'}


@dataclass
class Page:
    """One tab with a line, a result and the timeline; what is stored in tests is that of the clip's folder."""

    clip: AudioClip
    flags: StopFlags
    work: Work

    def __post_init__(self) -> None:
        clips = SimpleNamespace(find=lambda content_hash: self.clip if content_hash == self.clip.content_hash else None)
        self.lines = job_lines()
        services: Any = SimpleNamespace(stop_flags=self.flags, lines=self.lines, clips=clips)
        kept = KeptResults(FolderStorage(self.clip.directory.parent), {})
        with gr.Blocks():
            state, person, timeline = gr.State(None), gr.State(""), gr.HTML()
            line, result, run, stop = gr.HTML(), gr.State(None), gr.Button("Run"), gr.Button("Stop")
            self.panes = KeptPanes(kept, state, timeline, person, gr.State(""), state.change(lambda: None))
            self.job = TabJob(services, "test", [run, stop], panes=self.panes)
            self.job.keep([line, result], lambda opened, request: EMPTY)
            outputs = [line, timeline, result]
            self.job.on(run.click, state, self.work, [state], outputs)
            self.panes.connect()
            self.stream = self.job.shown(self.work, outputs, resumes=True)

    def press(self, person: str, session: str = "one") -> Iterator[Any]:
        request = gr.Request(session_hash=session)
        self.job.begin(self.clip, request)
        return steps(self.stream(person, self.clip, request))

    def restored(self, person: str, session: str = "two") -> list[Any]:
        """Return line, result, timeline and resumed jobs."""
        return self.panes._restore(self.clip, person, gr.Request(session_hash=session))


def done(clip: AudioClip, request: gr.Request) -> Iterator[Any]:
    yield "<progress>", gr.skip(), gr.skip()
    yield "Done in 2.0 s", TRACK, {"model": "A"}


def test_a_result_comes_back_as_it_stood_there_for_its_person_alone(clip: Any) -> None:
    list(Page(clip, StopFlags(), done).press("ann"))
    later = Page(clip, StopFlags(), done)
    line, result, timeline, resumed = later.restored("ann")
    assert (line, result["model"], resumed["events"]) == ("Done in 2.0 s", "A", [])
    assert timeline["feeds"] == [{**TRACK, "commands": "[]"}], "the tracks come back, and nothing plays"
    for stranger in ("bob", ""):
        line, result, timeline, _ = later.restored(stranger)
        assert (line, result, timeline["feeds"]) == (*EMPTY, [])


def test_a_failure_does_not_come_back_and_leaves_what_was_kept(clip: Any) -> None:
    def failing(clip: AudioClip, request: gr.Request) -> Iterator[Any]:
        yield failure_markup("No memory."), gr.skip(), gr.skip()

    list(Page(clip, StopFlags(), done).press("ann"))
    page = Page(clip, StopFlags(), failing)
    list(page.press("ann"))
    assert page.restored("ann")[0] == "Done in 2.0 s"


def test_a_running_job_is_shown_further_and_a_stopped_one_is_kept_as_far_as_it_came(clip: Any) -> None:
    def stopped(clip: AudioClip, request: gr.Request) -> Iterator[Any]:
        job = CURRENT_JOB.get()
        assert job
        yield "<progress>", gr.skip(), gr.skip()
        assert job.stop.wait(10)
        yield "Stopped at 1.0 s", gr.skip(), {"model": "A"}

    page = Page(clip, StopFlags(), stopped)
    before = page.press("ann")
    assert next(before)[0] == "<progress>"
    page.flags.forget("one")
    assert next(before, None) is None
    line, _, _, resumed = page.restored("ann")
    assert (line, resumed["events"]) == ("<progress>", page.job.names)
    after = page.press("ann", "two")
    assert next(after)[0] == "<progress>"
    page.flags.stop("two/test")
    assert [update[0] for update in after] == ["Stopped at 1.0 s"]
    line, result, _, resumed = page.restored("ann", "three")
    assert (line, result["model"], resumed["events"]) == ("Stopped at 1.0 s", "A", [])


def test_a_job_that_this_page_began_keeps_its_panes(clip: Any) -> None:
    page = Page(clip, StopFlags(), done)
    page.job.begin(clip, gr.Request(session_hash="one"))
    assert page.restored("ann", "one")[:2] == [gr.skip(), gr.skip()]


def test_a_job_without_a_person_is_not_kept(clip: Any) -> None:
    page = Page(clip, StopFlags(), done)
    list(page.press(""))
    assert page.restored("")[0] == EMPTY[0]
    assert isinstance(page.job.current(gr.Request(session_hash="one")).runner, LiveJob)


@pytest.mark.parametrize("tracks", [{"notes": None}, {"beats": "[]\n"}])
def test_tracks_of_two_runs_are_joined_and_those_taken_off_stay_off(clip: Any, tracks: dict[str, Any]) -> None:
    def again(clip: AudioClip, request: gr.Request) -> Iterator[Any]:
        yield "Again", {**TRACK, "tracks": tracks}, gr.skip()

    list(Page(clip, StopFlags(), done).press("ann"))
    page = Page(clip, StopFlags(), again)
    list(page.press("ann"))
    found = page.restored("ann")[2]["feeds"][0]["tracks"]
    assert found == {name: text for name, text in {**TRACK["tracks"], **tracks}.items() if text}  # type: ignore[dict-item]


def test_a_job_that_was_stopped_before_its_turn_leaves_what_was_kept(clip: Any) -> None:
    def again(clip: AudioClip, request: gr.Request) -> Iterator[Any]:
        yield "Stopped.", gr.skip(), None

    list(Page(clip, StopFlags(), done).press("ann"))
    page = Page(clip, StopFlags(), again)
    with page.lines.models.turn(never_stop):
        waiting = page.press("ann")
        page.flags.stop("one/test")
        assert [update[0] for update in waiting] == ["Stopped."]
    assert page.restored("ann")[0] == "Done in 2.0 s"


def test_a_job_about_no_clip_comes_back_while_it_runs_and_when_it_has_ended() -> None:
    def listed(files: None, request: gr.Request) -> Iterator[str]:
        job = CURRENT_JOB.get()
        assert job
        yield "0 of 2 done"
        assert job.stop.wait(10)
        yield "1 of 2 done"

    lines = job_lines()
    services: Any = SimpleNamespace(stop_flags=StopFlags(), lines=lines, clips=SimpleNamespace(find=lambda _: None))
    kept: Any = None
    with gr.Blocks() as page:
        state, person, run, table = gr.State(None), gr.State(""), gr.Button("Run"), gr.HTML()
        panes = KeptPanes(kept, state, gr.HTML(), person, gr.State(""), state.change(lambda: None))
        job = TabJob(services, "queue", [run, gr.Button("Stop")], panes=panes)
        job.on(run.click, state, listed, [state], [table])
        panes.bring_back(job, [table], gr.Accordion())
    (restored,) = (event.fn for event in page.fns.values() if event.fn and event.fn.__name__ == "restored")
    first, second, third = (gr.Request(session_hash=name) for name in ("one", "two", "three"))
    job.begin(None, first)
    shown = steps(job.shown(listed, [table])("ann", None, first))
    assert next(shown) == "0 of 2 done"
    services.stop_flags.forget("one")
    assert restored("bob", second)[-1]["events"] == []
    table_now, _, resumed = restored("ann", second)
    assert (table_now, resumed["events"]) == ("0 of 2 done", job.names)
    services.stop_flags.stop("two/queue")
    assert list(steps(job.shown(listed, [table], resumes=True)("ann", None, second)))[-1] == "1 of 2 done"
    table_now, _, resumed = restored("ann", third)
    assert (table_now, resumed["events"]) == ("1 of 2 done", [])
