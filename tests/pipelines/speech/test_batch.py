"""Several recordings in one go, with the real offline Whisper."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from models.errors import InvalidOption
from pipelines.speech.batch import QueuedFile, transcribe_files
from pipelines.speech.transcript import TranscriptionOptions
from services import Services
from tests.recordings import EXAMPLES, librivox_sentences

OPTIONS = TranscriptionOptions(model="whisper-base-offline")

pytestmark = pytest.mark.models


def queued(*paths: Path) -> list[QueuedFile]:
    return [QueuedFile(path, path.name) for path in paths]


def states(queue: tuple[QueuedFile, ...]) -> list[str]:
    return [file.state for file in queue]


def run(services: Services, files: list[QueuedFile], **arguments: object) -> list[tuple[QueuedFile, ...]]:
    return list(transcribe_files(files, OPTIONS, services.clips, None, services.runtime, **arguments))  # type: ignore[arg-type]


def test_files_run_in_order_and_a_broken_one_does_not_stop_the_queue(services: Services, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound at all")
    speech, other = librivox_sentences()[1].path, librivox_sentences()[4].path
    snapshots = run(services, queued(speech, broken, EXAMPLES / "blackbird.ogg", other))
    assert states(snapshots[0]) == ["waiting"] * 4
    assert all(states(snapshot).count("running") <= 1 for snapshot in snapshots)
    last = snapshots[-1]
    assert states(last) == ["done", "failed", "done", "done"]
    assert "can be read as sound" in last[1].problem
    texts = [file.transcription.text if file.transcription else "" for file in last]
    assert "young man" in texts[0]
    assert texts[1:3] == ["", ""]
    assert "amiable" in texts[3]


def test_recordings_are_kept_for_the_person_who_gave_them(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "mine.wav"
    path.write_bytes(librivox_sentences()[2].path.read_bytes() + b"\0\0")
    (file,) = run(services, queued(path), keeper="ann")[-1]
    assert services.clips.find_kept(file.content_hash, "ann") is not None
    assert services.clips.find_kept(file.content_hash, "bob") is None
    services.clips.release(file.content_hash, "ann")
    assert services.clips.find(file.content_hash) is None


def test_stop_leaves_what_waits(services: Services) -> None:
    paths = [sentence.path for sentence in librivox_sentences()[:3]]
    stop = threading.Event()
    for snapshot in transcribe_files(queued(*paths), OPTIONS, services.clips, None, services.runtime, stop.is_set):
        if "done" in states(snapshot):
            stop.set()
    assert states(snapshot) == ["done", "stopped", "stopped"]


def test_options_that_suit_no_file_end_it_at_once(services: Services) -> None:
    with pytest.raises(InvalidOption):
        list(
            transcribe_files(
                queued(EXAMPLES / "speech.flac"), TranscriptionOptions(beam_size=99), services.clips, None, services.runtime
            )
        )
