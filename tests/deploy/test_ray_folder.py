"""A folder of many clips, as a worker processes it; `ray_folder_cluster.py` has the same on a cluster."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tracemalloc
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploy.ray_folder import worker as worker_module
from deploy.ray_folder.__main__ import IMPOSSIBLE, OK, main
from deploy.ray_folder.files import FoundFile, check_folder, list_recordings, open_absolute
from deploy.ray_folder.tasks import TASKS, TaskOptions
from deploy.ray_folder.worker import MAX_DEATHS, MAX_REFUSALS, FolderRun, FolderWorker
from models.errors import OutOfMemory
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.clip_library import clip_vectors
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import transcribe
from pipelines.storage.folder_storage import FolderStorage
from pipelines.storage.storage import StorageFailed
from services import Services
from settings import Settings
from tests.pipelines.clip.sound_files import encode, tone
from tests.pipelines.embeddings.test_embed import embed
from tests.pipelines.storage.servers import BUCKET, s3_server
from tests.recordings import EXAMPLES

BIRD = EXAMPLES / "blackbird.ogg"
EMBED = TaskOptions("embed", "yamnet")
NOT_TEXT = os.fsdecode(b"\xff\xfe.ogg")
NAMES = ("a b.ogg", "new\nline.ogg", "ß 日本 🎵.ogg", NOT_TEXT, "-rf.ogg", "%2e%2e.OGG", "x" * 251 + ".ogg")


class Workplace:
    """A folder of recordings, a folder for results, and workers."""

    def __init__(self, folder: Path) -> None:
        self.source, self.output = folder / "source", folder / "output"
        self.source.mkdir()
        self._settings = Settings(data_dir=folder / "data", clip_dir=folder / "clips")

    def add(self, name: str, recording: Path = BIRD) -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(recording, path))

    def files(self) -> dict[str, FoundFile]:
        return {file.name: file for file in list_recordings(FolderStorage(self.source))}

    def worker(self, options: TaskOptions = EMBED, source: str = "") -> FolderWorker:
        return FolderWorker(FolderRun(source or str(self.source), str(self.output), options), self._settings)

    def run(self, worker: FolderWorker | None = None) -> dict[str, str]:
        worker = worker or self.worker()
        return {name: worker.process(file).state for name, file in self.files().items()}

    def lines(self) -> dict[str, Any]:
        return {line["file"]: line for line in map(json.loads, map(Path.read_text, self.output.rglob("*.json")))}


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def slow_words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the task by one that notes the names of clips; an entry of TASKS is what a pipeline would be."""
    seen: list[str] = []

    def note(services: Services, clip: Any, options: TaskOptions) -> dict[str, Any]:
        seen.append(clip.name)
        return {"name": clip.name}

    monkeypatch.setitem(TASKS, "embed", note)
    return seen


@pytest.mark.models
def test_answers_are_those_of_the_plain_pipeline(place: Workplace, services: Services) -> None:
    place.add("bird.ogg")
    assert place.run() == {"bird.ogg": "done"}
    line = place.lines()["bird.ogg"]
    clip = services.clips.open(BIRD)
    embedding = embed(services, clip, "yamnet")
    assert line["content_hash"] == clip.content_hash
    np.testing.assert_allclose(line["result"]["vector"], clip_vectors(embedding).vectors[0], atol=1e-6)


@pytest.mark.models
def test_speech_is_transcribed(place: Workplace, speech: AudioClip, services: Services) -> None:
    place.add("speech.flac", EXAMPLES / "speech.flac")
    options = TaskOptions("transcribe", "whisper-base-offline", "en")
    assert place.run(place.worker(options)) == {"speech.flac": "done"}
    *_, plain = transcribe(speech, TranscriptionOptions(model=options.model, language="en"), services.runtime)
    assert place.lines()["speech.flac"]["result"]["text"] == " ".join(line.text.strip() for line in plain.segments)


@pytest.mark.models
def test_sound_is_described(place: Workplace) -> None:
    encode(place.source / "tone.wav", tone(2.0), "wav", "pcm_s16le")
    assert place.run(place.worker(TaskOptions("describe"))) == {"tone.wav": "done"}
    assert place.lines()["tone.wav"]["result"]["caption"]


def test_what_is_done_is_not_done_again_until_the_file_changes(place: Workplace, slow_words: list[str]) -> None:
    first, _ = place.add("a.ogg"), place.add("b.ogg")
    assert place.run() == {"a.ogg": "done", "b.ogg": "done"}
    assert place.run() == {"a.ogg": "known", "b.ogg": "known"}
    os.utime(first, (1, 1))
    assert place.run() == {"a.ogg": "done", "b.ogg": "known"}
    assert place.run(place.worker(TaskOptions("embed", "other")))["b.ogg"] == "done"
    assert sorted(slow_words) == ["a.ogg", "a.ogg", "a.ogg", "b.ogg", "b.ogg"]


def test_bad_files_get_a_line_with_a_sentence_and_the_others_go_on(place: Workplace, slow_words: list[str]) -> None:
    place.add("good.ogg")
    (place.source / "text.mp3").write_text("no sound")
    (place.source / "empty.wav").write_bytes(b"")
    (place.source / "half.flac").write_bytes((EXAMPLES / "speech.flac").read_bytes()[:100])
    states = place.run()
    assert states == {"good.ogg": "done", "text.mp3": "failed", "empty.wav": "failed", "half.flac": "failed"}
    assert place.lines()["empty.wav"]["problem"] == "This file is empty: there is no sound in it."
    assert set(place.run().values()) == {"known", "known failed"}


def test_files_that_cannot_be_read_now_are_tried_again(place: Workplace, slow_words: list[str]) -> None:
    file = place.add("a.ogg")
    found = place.files()["a.ogg"]
    file.unlink()
    assert place.worker().process(found).state == "unread"
    assert place.worker().process(FoundFile("folder", "", "It may not be listed.")).state == "unread"
    assert "No such file" in place.lines()["a.ogg"]["problem"]
    place.add("a.ogg")
    assert place.worker().process(found).state == "done"
    assert place.lines()["a.ogg"]["state"] == "done"


@pytest.mark.parametrize(
    "name",
    ["a b.ogg", "new\nline.ogg", "ß 日本 🎵.ogg", os.fsdecode(b"\xff\xfe.ogg"), "-rf.ogg", "%2e%2e.OGG", "x" * 251 + ".ogg"],
)
def test_any_name_is_processed_and_comes_back_unchanged(place: Workplace, name: str, slow_words: list[str]) -> None:
    place.add(f"deep/er/{name}")
    assert place.run() == {f"deep/er/{name}": "done"}
    assert set(place.lines()) == {f"deep/er/{name}"}


def test_a_recording_that_ends_its_process_is_given_up(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.add("deadly.ogg")
    (file,) = place.files().values()
    worker = place.worker()
    monkeypatch.setattr(worker_module, "run_task", lambda *_: os._exit(9))
    for _ in range(MAX_DEATHS):
        child = os.fork()
        if not child:
            worker.process(file)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    outcome = worker.process(file)
    assert (outcome.state, outcome.problem) == ("failed", "This recording ended 3 processes that worked on it.")


def test_errors_of_one_clip_are_told_from_those_of_all(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.add("a.ogg")
    errors: list[Exception] = [OutOfMemory(10**9, 10, "CPU"), ZeroDivisionError("x / 0")]

    def fail(*_: Any) -> dict[str, Any]:
        raise errors.pop()

    monkeypatch.setattr(worker_module, "run_task", fail)
    (file,) = place.files().values()
    outcome = place.worker().process(file)
    assert (outcome.state, outcome.problem) == ("failed", "Unexpected error: ZeroDivisionError: x / 0")
    shutil.rmtree(place.output)
    assert place.worker().process(file).state == "failed"
    monkeypatch.undo()
    shutil.rmtree(place.output)
    outcome = place.worker(TaskOptions("embed", "no such encoder")).process(file)
    assert outcome.state == "fatal"
    assert "no such encoder" in outcome.problem
    assert not place.lines()
    assert not list(place.output.glob("started/*"))


def test_a_place_that_refuses_every_file_ends_the_run(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise StorageFailed("s3://bucket/clips")

    monkeypatch.setattr(worker_module, "local_file", refuse)
    worker = place.worker()
    states = [worker.process(FoundFile(f"{number}.ogg", "1")).state for number in range(MAX_REFUSALS)]
    assert states == ["unread"] * (MAX_REFUSALS - 1) + ["fatal"]


def test_recordings_and_results_may_lie_in_s3(place: Workplace, slow_words: list[str]) -> None:
    from fsspec.core import url_to_fs

    with s3_server():
        files = url_to_fs("s3://")[0]
        for name in ("a b.ogg", "sub/é %20#.ogg", "notes.txt"):
            files.put_file(str(BIRD), f"{BUCKET}/in/{name}")
        source, output = f"s3://{BUCKET}/in", f"s3://{BUCKET}/out"
        found = list(list_recordings(check_folder(source)))
        assert {file.name for file in found} == {"a b.ogg", "sub/é %20#.ogg"}
        worker = FolderWorker(FolderRun(source, output, EMBED), Settings(data_dir=place.output, clip_dir=place.output))
        assert [worker.process(file).state for file in [*found, *found]] == ["done", "done", "known", "known"]
        assert main([f"s3://{BUCKET}/none", "--task", "embed", "--output", output]) == IMPOSSIBLE


def test_links_in_circles_and_files_of_other_kinds_are_left_out(place: Workplace) -> None:
    place.add("a/b.ogg")
    (place.source / "a" / "again").symlink_to(place.source)
    (place.source / "link.ogg").symlink_to(place.source / "a" / "b.ogg")
    (place.source / "broken.ogg").symlink_to(place.source / "none")
    os.mkfifo(place.source / "pipe.wav")
    for name in ("notes.txt", "._b.ogg", ".hidden.wav", "ogg"):
        (place.source / name).write_bytes(b"x")
    assert set(place.files()) == {"a/b.ogg", "link.ogg"}


def test_a_large_folder_is_listed_as_it_is_needed(place: Workplace) -> None:
    for number in range(1_000):
        (place.source / f"{number:05}.wav").touch()
    tracemalloc.start()
    listed = list_recordings(FolderStorage(place.source))
    assert len(list(islice(listed, 10))) == 10
    assert sum(1 for _ in listed) == 990
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "arguments",
    [
        ["{none}", "--task", "embed", "--output", "{output}"],
        ["{source}", "--task", "embed", "--output", "{source}/file.txt/output"],
        ["{source}", "--task", "embed", "--output", "ftp://host/output"],
        ["{source}", "--task", "embed", "--language", "de", "--output", "{output}"],
        ["{source}", "--task", "sing", "--output", "{output}"],
        ["{source}", "--task", "embed", "--output", "{output}", "--workers", "0"],
        ["{source}", "--task", "embed"],
    ],
)
def test_what_cannot_begin_ends_with_two(place: Workplace, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    place.add("file.txt")
    filled = [part.format(source=place.source, output=place.output, none=place.source / "none") for part in arguments]
    try:
        code = main(filled)
    except SystemExit as error:  # argparse
        code = int(str(error.code))
    assert code == IMPOSSIBLE
    assert capsys.readouterr().err.strip()


def test_a_folder_without_recordings_is_no_error(place: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    place.add("notes.txt")
    assert main([str(place.source), "--task", "embed", "--output", str(place.output)]) == OK
    assert capsys.readouterr().out == f"There are no recordings in {place.source}.\n"


def test_a_relative_path_means_the_folder_of_the_command(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.add("a.ogg")
    monkeypatch.chdir(place.source.parent)
    assert check_folder("source/").address == str(place.source)
    assert open_absolute("output").address == str(place.output)


def test_without_ray_the_command_says_what_to_install(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.add("a.ogg")
    monkeypatch.setitem(sys.modules, "ray", None)  # as where it is not installed
    assert main([str(place.source), "--task", "embed", "--output", str(place.output)]) == IMPOSSIBLE
    assert capsys.readouterr().err == "Ray is not installed: pip install -r requirements-ray.txt\n"
