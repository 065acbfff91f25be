"""A job's Stop is this person's alone, and its buttons know whether it runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from components.page.tab_job import TabJob
from pipelines.clip.errors import NoClip
from pipelines.jobs.stop_flags import StopFlags
from services import Services
from tests.components.pictures.test_markup import clip as clip

ONE: Any = SimpleNamespace(session_hash="one")
OTHER: Any = SimpleNamespace(session_hash="other")


@pytest.fixture
def services() -> Any:
    return SimpleNamespace(stop_flags=StopFlags(), settings=SimpleNamespace(parallel_jobs=1))


def counted(clip: Any, request: gr.Request) -> Iterator[int]:
    """Work that is never done."""
    yield from count()


def handlers(page: gr.Blocks) -> dict[str, Any]:
    """By the name of the method."""
    return {getattr(event.fn, "__name__", ""): event.fn for event in page.fns.values()}


def test_the_events_of_a_job(services: Services, clip: Any) -> None:
    with gr.Blocks() as page:
        state, said = gr.State(None), gr.Textbox()
        run, write, stop = gr.Button("Run"), gr.Button("Write"), gr.Button("Stop")
        job = TabJob(services, "test", [run, write, stop])
        ended = job.on(run.click, state, counted, [state], [said])
        ended.then(lambda: None)
    events = handlers(page)
    assert [button.interactive for button in events["begin"](clip, ONE)] == [False, False, True]
    assert [button.interactive for button in events["end"](ONE)] == [True, True, False]
    events["begin"](clip, OTHER)
    flags = services.stop_flags
    with flags.job("one/test") as one_stops, flags.job("other/test") as other_stops:
        assert job.keep_running(clip, ONE)
        events["_stop"](ONE)
        assert (one_stops(), other_stops()) == (True, False)
        assert not job.keep_running(None, OTHER)  # another clip, here none
        assert other_stops()
    assert not job.keep_running(clip, ONE)


def test_the_end_of_the_job_before_frees_no_button(services: Services, clip: Any) -> None:
    with gr.Blocks():
        job = TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    job.begin(clip, ONE)
    with services.stop_flags.job("one/test"):
        job.begin(None, ONE)  # for another clip, while the job on this one comes to its end
    with services.stop_flags.job("one/test"):
        assert job.end(ONE) == gr.skip()
    assert isinstance(job.end(ONE), list)
    job.begin(clip, ONE)
    assert isinstance(job.end(ONE), list)  # the queue was full, and it never ran


def test_nothing_more_is_shown_of_a_clip_that_was_left(services: Services, clip: Any) -> None:
    with gr.Blocks():
        job = TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    request = gr.Request(session_hash="one")
    job.begin(clip, request)
    seen = job.shown(counted)(clip, request)
    assert [next(seen), next(seen)] == [0, 1]
    assert not job.keep_running(None, request)
    assert next(seen, "nothing") == "nothing"


def test_nothing_more_is_shown_of_what_was_asked_before(services: Services, clip: Any) -> None:
    """A control moves on while the map for its last place is being made."""
    with gr.Blocks():
        job = TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    request = gr.Request(session_hash="one")
    job.begin(clip, request)
    first = job.shown(counted)(clip, request)
    assert next(first) == 0
    job.begin(clip, request)
    assert next(first, "nothing") == "nothing"
    assert job.end(ONE) == gr.skip()
    second = job.shown(counted)(clip, request)
    assert [next(second), next(second)] == [0, 1]
    assert job.keep_running(clip, request)
    assert not job.keep_running(None, request)
    assert next(second, "nothing") == "nothing"
    assert isinstance(job.end(ONE), list)


def test_what_is_asked_for_again_meanwhile_is_done_again(services: Services) -> None:
    """Gradio's own way drops it, and the page shows something else than its controls say."""
    with gr.Blocks() as page:
        state, said, run, level = gr.State(None), gr.Textbox(), gr.Button("Run"), gr.Slider()
        job = TabJob(services, "test", [run, gr.Button("Stop")])
        job.on(run.click, state, counted, [state], [said])
        job.follow(level.release, job.begin, [state], counted, [state], [said])
    modes = [(event.fn.__name__, event.trigger_mode) for event in page.fns.values() if event.fn]
    pressed = [("begin", "once"), ("counted", "always_last"), ("end", "always_last")]
    assert modes[1:] == [*pressed, ("begin", "always_last"), *pressed[1:]]


def test_a_job_that_breaks_has_ended(services: Services, clip: Any) -> None:
    def broken(clip: Any, request: gr.Request) -> Iterator[int]:
        raise NoClip
        yield 0

    with gr.Blocks():
        job = TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    request = gr.Request(session_hash="one")
    job.begin(clip, request)
    assert job.keep_running(clip, request)
    with pytest.raises(NoClip):
        list(job.shown(broken)(clip, request))
    assert not job.keep_running(clip, request)


def test_jobs_of_one_person_have_stops_of_their_own(services: Services, clip: Any) -> None:
    with gr.Blocks():
        first, second = (TabJob(services, name, [gr.Button("Run"), gr.Button("Stop")]) for name in ("first", "second"))
    flags = services.stop_flags
    with flags.job("one/first") as first_stops, flags.job("one/second") as second_stops:
        assert (first.current(ONE), second.current(ONE)) == (first_stops, second_stops)
        services.stop_flags.stop("one/second")
        assert (first_stops(), second_stops()) == (False, True)
        services.stop_flags.forget("one")
        assert first_stops()
