"""What is put into the page: escaped, and honest about what happened."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from components.model_status.labels import TASK_NAMES
from components.model_status.panel import pill_markup, status_markup
from components.page.markup import failure_markup
from components.transcription.summary import transcription_summary, waiting_message
from models.cache.status import PLACED, CacheStatus, ResidentStatus
from models.specs.model_spec import Task
from pipelines.speech.transcript import Segment, Transcription

HOSTILE = '<img src=x onerror="alert(1)">'
NOW = Transcription(
    duration=15.39,
    model="Whisper base",
    licence="MIT",
    dtype="int8",
    device="CPU",
    language="en",
    language_probability=0.987,
    segments=(Segment(0.0, 6.8, "Hello."), Segment(61.26, 65.0, "Goodbye.")),
    position=15.39,
    elapsed=2.64,
    state="done",
)


@pytest.mark.parametrize(
    "markup",
    [
        transcription_summary(replace(NOW, model=HOSTILE, licence=HOSTILE, model_reason=HOSTILE)),
        failure_markup(HOSTILE),
    ],
)
def test_nothing_that_a_model_or_a_file_says_becomes_markup(markup: str) -> None:
    assert "<img" not in markup
    assert "&lt;img" in markup


def test_the_summary_says_language_model_and_time() -> None:
    summary = transcription_summary(NOW)
    assert "English (99 % sure) · Whisper base, int8 on CPU, MIT · 15.4 s of audio in 2.6 s" in summary
    assert "<progress" not in summary
    assert "stopped at 0:15.4 after 2.6 s" in transcription_summary(replace(NOW, state="stopped"))
    assert '<progress max="15.39" value="7.00"' in transcription_summary(replace(NOW, state="decoding", position=7.0))


@pytest.mark.parametrize(
    ("state", "words"), [("loading", "Getting the model ready"), ("decoding", "Transcribing"), ("done", "No speech was found")]
)
def test_an_empty_transcript_says_why(state: str, words: str) -> None:
    assert words in waiting_message(replace(NOW, segments=(), state=state))  # type: ignore[arg-type]


def test_the_status_counts_and_names() -> None:
    resident = ResidentStatus("Whisper <base>", "0123456789abcdef", "int8", "main memory", 126_000_000, "idle", 4.2)
    status = CacheStatus("cpu", 25 * 10**9, 20 * 10**9, 3 * 10**8, (resident,), 2, 5, 1)
    assert "1 model, 126 MB" in pill_markup(status)
    assert "2 waiting" in pill_markup(status)
    panel = status_markup(status)
    for words in (
        "Whisper &lt;base&gt;",
        "0123456789",
        "idle for 4 s",
        "20.0 GB of 25.0 GB free",
        "300 MB reserved",
        "2 waiting",
    ):
        assert words in panel
    assert 'data-busy="false"' in pill_markup(status)
    empty = replace(status, residents=(), waiting=0)
    assert "no model loaded" in pill_markup(empty)
    assert "No model is loaded" in status_markup(empty)


def test_every_task_has_a_name_for_the_catalogue() -> None:
    assert set(TASK_NAMES) == set(get_args(Task))


def test_models_on_zero_gpu_are_listed_and_keep_the_page_quiet() -> None:
    placed = ResidentStatus("Whisper large-v3", "1", "float16", "ZeroGPU", 3 * 10**9, PLACED)
    status = CacheStatus("cpu", 25 * 10**9, 20 * 10**9, 0, (placed,), 0, 0, 0)
    assert "<b>CPU and ZeroGPU</b> · 1 model, 3.0 GB" in pill_markup(status)
    assert 'data-busy="false"' in pill_markup(status)
    assert f"<td>ZeroGPU</td><td>{PLACED}</td>" in status_markup(status)
