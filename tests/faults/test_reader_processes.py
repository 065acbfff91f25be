"""A process that reads files is killed or stands still while it works: an error of that file, and another one takes its place."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from tests.components.page.test_endpoints import until
from tests.faults.conftest import ServedPage

SENTENCE = "This file could not be read"


def readers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # one that ended meanwhile has no command line
            if "pipelines.isolation.worker" in child.cmdline():
                found.append(child)
    return found


@pytest.fixture
def long_file(tmp_path: Path, signal_number: int) -> Path:
    """Return a file that takes a while to read, and that no other test has opened."""
    file = tmp_path / "long.flac"
    soundfile.write(file, np.random.default_rng(signal_number).normal(0, 0.1, (16_000 * 120, 2)).astype(np.float32), 16_000)
    return file


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP])
def test_a_reader_that_is_killed_or_stands_still_is_replaced(
    page: ServedPage, long_file: Path, monkeypatch: pytest.MonkeyPatch, signal_number: int
) -> None:
    clips = page.services.clips
    page.read()  # from here on there is a reader
    with ThreadPoolExecutor(1) as person, monkeypatch.context() as impatient:
        impatient.setattr(page.services.file_readers, "_max_silence_seconds", 1.0)
        opened = person.submit(clips.open, long_file)
        until(lambda: any(clips.directory.glob("incoming-*")))
        hit = readers()
        for reader in hit:
            os.kill(reader.pid, signal_number)
        with pytest.raises(Exception, match=SENTENCE):
            opened.result(30)
    assert clips.open(long_file).duration == pytest.approx(120)
