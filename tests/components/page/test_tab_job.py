"""A job's Stop is this person's alone, and its buttons know whether it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from components.page.jobs.live_jobs import CURRENT_JOB, LiveJob
from components.page.tab_job import TabJob
from models.stopping import never_stop
from pipelines.clip.errors import NoClip
from pipelines.jobs.stop_flags import StopFlags
from pipelines.telemetry.metrics import Metrics
from pipelines.telemetry.requests import REQUEST, ServedRequest
from services import Services
from tests.components.page.steps import job_lines, steps
from tests.components.pictures.test_markup import clip as clip

ONE: Any = SimpleNamespace(session_hash="one")
OTHER: Any = SimpleNamespace(session_hash="other")


@pytest.fixture
def services() -> Any:
    return SimpleNamespace(stop_flags=StopFlags(), lines=job_lines())


def counted(clip: Any, request: gr.Request) -> Iterator[int]:
    """Work that goes on until its job is stopped, at a pace at which each step is shown."""
    should_stop = CURRENT_JOB.get()
    assert should_stop
    for number in count():
        if should_stop.stop.wait(0.02):
            return
        yield number


def interactive(buttons: Any) -> list[bool]:
    """Return which buttons can be pressed; the last one is Stop."""
    return [button.interactive for button in buttons]


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
    assert interactive(events["end"](ONE)) == [True, True, False]
    assert interactive(events["begin"](clip, ONE)) == interactive(events["end"](ONE)) == [False, False, True]
    assert interactive(events["end_refused"](ONE)) == interactive(events["end"](ONE)) == [True, True, False]
    events["begin"](clip, ONE)
    events["begin"](clip, OTHER)
    flags = services.stop_flags
    with flags.run(flags.current("one/test")) as one_stops, flags.run(flags.current("other/test")) as other_stops:
        assert job.keep_running(clip, ONE)
        events["stop"](ONE)
        assert (one_stops(), other_stops()) == (True, False)
        assert not job.keep_running(None, OTHER)  # another clip, here none
        assert other_stops()
    assert not job.keep_running(clip, ONE)


def test_the_end_of_the_job_before_frees_no_button(services: Services, clip: Any) -> None:
    with gr.Blocks():
        job = TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    job.begin(clip, ONE)
    with services.stop_flags.run(services.stop_flags.current("one/test")):
        job.begin(None, ONE)  # for another clip, while the job on this one comes to its end
        assert interactive(job.end(ONE)) == [False, True]
    with services.stop_flags.run(services.stop_flags.current("one/test")):
        assert interactive(job.end(ONE)) == [False, True]
    assert interactive(job.end(ONE)) == [True, False]


def test_a_clip_that_was_left_frees_the_buttons_while_its_job_comes_to_its_end(services: Services, clip: Any) -> None:
    with gr.Blocks():
        job = TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    job.begin(clip, ONE)
    with services.stop_flags.run(services.stop_flags.current("one/test")):
        assert not job.keep_running(None, ONE)
        assert interactive(job.end(ONE)) == [True, False]


def test_nothing_more_is_shown_of_a_clip_that_was_left(services: Services, clip: Any) -> None:
    with gr.Blocks():
        said, job = gr.Textbox(), TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    request = gr.Request(session_hash="one")
    job.begin(clip, request)
    seen = steps(job.shown(counted, [said])(clip, request))
    assert next(seen) < next(seen)
    assert not job.keep_running(None, request)
    assert next(seen, "nothing") == "nothing"


def test_nothing_more_is_shown_of_what_was_asked_before(services: Services, clip: Any) -> None:
    """A control moves on while the map for its last place is being made."""
    with gr.Blocks():
        said, job = gr.Textbox(), TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    request = gr.Request(session_hash="one")
    job.begin(clip, request)
    first = steps(job.shown(counted, [said])(clip, request))
    assert next(first) >= 0
    job.begin(clip, request)
    assert next(first, "nothing") == "nothing"
    assert interactive(job.end(ONE)) == [False, True]
    second = steps(job.shown(counted, [said])(clip, request))
    assert next(second) < next(second)
    assert job.keep_running(clip, request)
    assert not job.keep_running(None, request)
    assert next(second, "nothing") == "nothing"
    assert interactive(job.end(ONE)) == [True, False]


def test_what_is_asked_for_again_meanwhile_is_done_again(services: Services) -> None:
    """Gradio's own way drops it, and the page shows something else than its controls say."""
    with gr.Blocks() as page:
        state, said, run, level = gr.State(None), gr.Textbox(), gr.Button("Run"), gr.Slider()
        job = TabJob(services, "test", [run, gr.Button("Stop")])
        job.on(run.click, state, counted, [state], [said])
        job.follow(level.release, job.begin, [state], counted, [state], [said])
    modes = [(event.fn.__name__, event.trigger_mode) for event in page.fns.values() if event.fn]
    last = [("counted", "always_last"), ("end", "always_last"), ("end_refused", "always_last")]
    pressed = [("begin", "once"), ("_show_place", "multiple"), *last]
    followed = [("begin", "always_last"), ("_show_place", "multiple"), *last]
    assert modes[1:] == [*pressed, *followed]


def test_a_job_counts_for_the_request_that_began_it(services: Services, clip: Any) -> None:
    def work(clip: Any, request: gr.Request) -> Iterator[str]:
        current = REQUEST.get()
        assert current
        yield current.id

    with gr.Blocks():
        said, job = gr.Textbox(), TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    request, served = gr.Request(session_hash="one"), ServedRequest("7f3a1b2c", Metrics())
    job.begin(clip, request)
    token = REQUEST.set(served)
    try:
        assert list(steps(job.shown(work, [said])(clip, request))) == [served.id]
    finally:
        REQUEST.reset(token)
    count = served.metrics.registry.get_sample_value
    assert count("audioscope_requests_total", {"task": "test", "source": "page", "outcome": "done"}) == 1
    assert count("audioscope_audio_seconds_total", {"task": "test"}) == clip.duration


def test_a_job_that_breaks_has_ended(services: Services, clip: Any) -> None:
    def broken(clip: Any, request: gr.Request) -> Iterator[int]:
        raise NoClip
        yield 0

    with gr.Blocks():
        said, job = gr.Textbox(), TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    request = gr.Request(session_hash="one")
    job.begin(clip, request)
    assert job.keep_running(clip, request)
    with pytest.raises(gr.Error, match="There is no clip yet"):
        list(steps(job.shown(broken, [said])(clip, request)))
    assert not job.keep_running(clip, request)


def test_jobs_of_one_person_have_stops_of_their_own(services: Services, clip: Any) -> None:
    with gr.Blocks():
        first, second = (TabJob(services, name, [gr.Button("Run"), gr.Button("Stop")]) for name in ("first", "second"))
    flags = services.stop_flags
    with flags.run(flags.current("one/first")) as first_stops, flags.run(flags.current("one/second")) as second_stops:
        assert (first.current(ONE), second.current(ONE)) == (first_stops, second_stops)
        services.stop_flags.stop("one/second")
        assert (first_stops(), second_stops()) == (False, True)


def test_a_job_goes_on_when_its_page_is_loaded_again_and_its_new_page_shows_and_stops_it(services: Services, clip: Any) -> None:
    with gr.Blocks():
        said, job = gr.Textbox(), TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    first, second = gr.Request(session_hash="one"), gr.Request(session_hash="two")
    job.begin(clip, first)
    before = steps(job.shown(counted, [said])(clip, first))
    assert next(before) >= 0
    live = job.current(first).runner
    assert isinstance(live, LiveJob)
    services.stop_flags.forget("one")
    assert next(before, "nothing") == "nothing"
    job.adopt(live.job, second)
    job.begin(clip, second)  # the page asks for it as it would for a new one
    after = steps(job.shown(counted, [said], resumes=True)(clip, second))
    assert next(after) >= 0
    assert job.current(second) is live.job
    assert not live.job()
    services.stop_flags.stop("two/test")
    assert live.job()
    services.stop_flags.forget("two")
    assert next(after, "nothing") == "nothing"


class Place:
    """A job's place that says when it is one behind others."""

    def __init__(self) -> None:
        self.waits = threading.Event()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "jobs_ahead" and value:
            self.waits.set()


def test_a_job_that_waits_for_its_turn_outlives_the_loading_of_its_page(services: Services, clip: Any) -> None:
    with gr.Blocks():
        said, job = gr.Textbox(), TabJob(services, "test", [gr.Button("Run"), gr.Button("Stop")])
    before, after = gr.Request(session_hash="one"), gr.Request(session_hash="two")
    flags, place = services.stop_flags, Place()
    with services.lines.models.turn(never_stop):
        job.begin(clip, before)
        waiting = flags.current("one/test")
        waiting.place = place  # type: ignore[assignment]
        shown = job.shown(counted, [said])(clip, before)
        with ThreadPoolExecutor(1) as page:
            waits = page.submit(next, steps(shown), None)
            assert place.waits.wait(10)
            flags.forget("one")
            assert waits.result(10) is None
        assert not waiting()
        job.adopt(waiting, after)
        job.begin(clip, after)
        again = steps(job.shown(counted, [said], resumes=True)(clip, after))
    assert next(again) >= 0
    flags.stop("two/test")
    list(again)
    assert waiting.ended
