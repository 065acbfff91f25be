"""A job's Stop is this person's alone, and its buttons know whether it runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from components.services import Services
from components.stop_flags import StopFlags
from components.tab_job import TabJob
from tests.components.test_picture_markup import clip as clip

ONE: Any = SimpleNamespace(session_hash="one")
OTHER: Any = SimpleNamespace(session_hash="other")


@pytest.fixture
def services() -> Any:
    return SimpleNamespace(stop_flags=StopFlags(), settings=SimpleNamespace(parallel_jobs=1))


def handlers(page: gr.Blocks) -> dict[str, Any]:
    """By the name of the method."""
    return {getattr(event.fn, "__name__", ""): event.fn for event in page.fns.values()}


def test_the_events_of_a_job(services: Services, clip: Any) -> None:
    with gr.Blocks() as page:
        state, said = gr.State(None), gr.Textbox()
        run, write, stop = gr.Button("Run"), gr.Button("Write"), gr.Button("Stop")
        job = TabJob(services, "test", [run, write, stop])
        ended = job.on(run.click, state, lambda value, request: "done", [state], [said])
        ended.then(lambda: None)
    events = handlers(page)
    assert [button.interactive for button in events["begin"](clip, ONE)] == [False, False, True]
    assert [button.interactive for button in events["end"]()] == [True, True, False]
    events["begin"](clip, OTHER)
    with job.running(ONE) as one_stops, job.running(OTHER) as other_stops:
        assert job.goes_on(clip, ONE)
        events["_stop"](ONE)
        assert (one_stops(), other_stops()) == (True, False)
        assert not job.goes_on(None, OTHER)  # another clip, here none
        assert other_stops()
    assert not job.goes_on(clip, ONE)


def test_jobs_of_one_person_have_stops_of_their_own(services: Services, clip: Any) -> None:
    with gr.Blocks():
        first, second = (TabJob(services, name, [gr.Button("Run"), gr.Button("Stop")]) for name in ("first", "second"))
    with first.running(ONE) as first_stops, second.running(ONE) as second_stops:
        services.stop_flags.stop("one/second")
        assert (first_stops(), second_stops()) == (False, True)
        services.stop_flags.forget("one")
        assert first_stops()
