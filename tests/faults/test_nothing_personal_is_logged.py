"""What people bring is not in the log: names of files, links, words, questions and answers, and what errors say of them."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from pipelines.telemetry.logs import OWN_LOGGERS, JsonFormatter, TextFormatter
from tests.faults.conftest import ServedPage
from tests.recordings import EXAMPLES

MARKER = "Zyxomma"
"""In every name, link and text that the test sends."""
SPOKEN = ("Dashwood", "Sussex", "Norland")
"""Names in the example of speech."""

pytestmark = pytest.mark.models


def refused(page: ServedPage, endpoint: str, *arguments: object) -> None:
    with pytest.raises((AppError, ValueError)):
        page.client().predict(*arguments, api_name=endpoint)


def test_nothing_that_people_bring_is_logged(
    page: ServedPage, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, broken, empty = (tmp_path / f"{MARKER}{ending}" for ending in (".flac", ".mp3", ".wav"))
    shutil.copyfile(EXAMPLES / "speech.flac", good)
    broken.write_bytes(f"{MARKER} is no sound".encode() * 100)
    empty.touch()
    for name in OWN_LOGGERS:
        caplog.set_level(logging.INFO, name)
    client = page.client()
    spoken = client.predict(handle_file(good), api_name="/transcribe")
    assert any(name in str(spoken) for name in SPOKEN)
    client.predict(handle_file(good), f"Is {MARKER} heard?", "facts", api_name="/ask_about_audio")
    refused(page, "/transcribe", handle_file(broken))
    refused(page, "/transcribe", handle_file(empty))
    refused(page, "/transcribe", f"https://{MARKER}.invalid/{MARKER}.wav")
    refused(page, "/open_kept_clip", MARKER, MARKER)
    refused(page, "/transcribe", handle_file(good), MARKER)

    def fail(*arguments: object, **options: object) -> None:
        raise ValueError(MARKER) from FileNotFoundError(2, "No such file", MARKER)

    with monkeypatch.context() as broken_store:
        broken_store.setattr(page.services.clips, "open", fail)
        refused(page, "/transcribe", handle_file(good))
    formatters = (JsonFormatter(with_messages=False), TextFormatter(with_messages=False))
    lines = [formatter.format(record) for record in caplog.records for formatter in formatters]
    assert any("Unexpected error" in line for line in lines)
    assert not [line for line in lines if any(word.lower() in line.lower() for word in (MARKER, *SPOKEN))]
