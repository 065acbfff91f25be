"""What callers get beside a result: progress, and brief results for language models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import pytest

from components.page.calls.brief_results import MAX_CHARACTERS, MAX_ITEMS, brief_document, for_model
from components.page.calls.progress import REPORT, CallProgress, watched

FILE = {"path": "picture.png", "meta": {"_type": "gradio.FileData"}}


def transcript(lines: int) -> dict[str, Any]:
    words = [{"text": "word", "start": 0.0} for _ in range(3)]
    return {
        "text": "One line. " * lines,
        "segments": [{"text": "One line.", "words": words} for _ in range(lines)],
        "state": "done",
    }


def test_a_long_document_becomes_brief_and_names_what_is_left_out() -> None:
    short = brief_document(transcript(1000))
    assert next(iter(short)) == "summary"
    assert short["segments"] == [{"text": "One line."}] * MAX_ITEMS
    assert len(short["text"]) == MAX_CHARACTERS
    assert short["left_out"] == {"text": 6000, "segments": 980, "segments[].words": 60}
    assert "details=true" in short["note"]


def test_a_short_document_is_whole() -> None:
    assert brief_document({"key": {"tonic": "C"}, "spans": [[0, 1]], "loudness": None}) == {
        "summary": "1 spans",
        "key": {"tonic": "C"},
        "spans": [[0, 1]],
        "loudness": None,
    }


@pytest.mark.parametrize("details", [True, False])
def test_models_read_json_and_get_files_as_they_are(details: bool) -> None:
    picture, text = for_model((FILE, transcript(2)), details)
    assert picture == FILE
    assert ("summary" in json.loads(text)) is not details
    assert json.loads(for_model([{"name": "a clip"}], details)) == [{"name": "a clip"}]
    assert for_model(True, details) is True


@dataclass(frozen=True)
class Step:
    position: float
    state: str


def test_progress_is_reported_once_for_each_step_and_the_job_is_closed_with_its_reader() -> None:
    closed, reports = [], list[CallProgress]()

    def job() -> Iterator[Step]:
        try:
            yield from (Step(0.0, "loading"), Step(0.001, "loading"), Step(2.0, "decoding"), Step(9.0, "done"))
        finally:
            closed.append(True)

    def call() -> None:
        REPORT.set(reports.append)
        for now in watched(job(), end=4.0):
            if now.state == "done":
                break

    copy_context().run(call)
    assert reports == [CallProgress(0, "loading"), CallProgress(50, "decoding"), CallProgress(100, "done")]
    assert closed == [True]
