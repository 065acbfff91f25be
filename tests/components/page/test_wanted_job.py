"""A job that is wanted with a clip begins by itself, once, unless its result is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from components.page.jobs.kept_panes import KeptPanes
from tests.components.page.test_tab_job import ONE
from tests.components.pictures.test_markup import clip as clip


@pytest.mark.parametrize(
    ("wanted", "running", "results", "begins"),
    [
        ("music", False, (1, None), True),
        ("music", False, (None, 1), False),
        ("music", True, (None, None), False),
        ("", False, (None, None), False),
        ("models", False, (None, None), False),
    ],
)
def test_the_job_of_the_wanted_tab_begins(wanted: Any, running: bool, results: tuple[Any, ...], begins: bool, clip: Any) -> None:
    with gr.Blocks():
        states = [gr.State() for _ in range(5)]
        kept: Any = None
        panes = KeptPanes(kept, states[0], gr.HTML(), states[1], states[2], states[0].change(lambda: None))
    for tab, name, result in (("transcribe", "speech_0", states[3]), ("music", "music_0", states[4])):
        job: Any = SimpleNamespace(names=[name, "other_1"], keep_running=lambda *_: running)
        panes.add_main_job(tab, job, result, lambda found: found is not None)  # type: ignore[arg-type]
    value, rest = panes._start_wanted(wanted, clip, ONE, *results)
    assert rest == ""
    assert value.get("events") == (["music_0"] if begins else None)
