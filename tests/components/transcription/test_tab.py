"""A person's own press on Transcribe, and the run that an example gets by itself."""

from __future__ import annotations

from typing import Any

import gradio as gr

from components.page.tab_job import Buttons, TabJob
from services import Services
from tests.components.page.test_tab_job import ONE
from tests.components.page.test_tab_job import services as services
from tests.components.pictures.test_markup import clip as clip


def interactive(buttons: Buttons) -> list[bool]:
    """Return whether Transcribe and Stop can be pressed."""
    assert isinstance(buttons, list)
    return [button.interactive for button in buttons]


def test_the_end_of_an_examples_own_run_frees_no_button_during_a_press(services: Services, clip: Any) -> None:
    with gr.Blocks():
        job = TabJob(services, "test", [gr.Button("Transcribe"), gr.Button("Stop")])
    assert interactive(job.begin(clip, ONE)) == [False, True]
    with services.stop_flags.run(services.stop_flags.current("one/test")):
        assert job.end_unless_running(ONE) == gr.skip()
    job.begin(clip, ONE)
    assert job.end_unless_running(ONE) == gr.skip()
    with services.stop_flags.run(services.stop_flags.current("one/test")) as should_stop:
        assert job.end_unless_running(ONE) == gr.skip()
        assert not should_stop()
    assert interactive(job.end_unless_running(ONE)) == [True, False]
