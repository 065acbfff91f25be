"""Runs of a command: formats, files, resuming, failures, Ctrl+C and exit codes; the work is made in the tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from commands.outputs import OutputFormat
from commands.running import FileCommand, JobStep, RunOptions, run
from models.errors import AudioscopeError, InvalidOption
from pipelines.clip.clip import AudioClip
from services import Services
from tests.recordings import EXAMPLES

BIRD, MUSIC = str(EXAMPLES / "blackbird.ogg"), str(EXAMPLES / "music.ogg")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA_DIR", "CLIP_DIR"):
        monkeypatch.setenv(f"AUDIOSCOPE_{name}", str(tmp_path / name))


@dataclass
class Work:
    """Work that counts, and does what a test wants for each clip."""

    on_clip: Callable[[AudioClip], None] = lambda clip: None
    is_endless: bool = False
    """Whether it goes on until it is stopped."""
    done: int = 0

    def steps(self, services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[str]]:
        yield JobStep(0.5, f"half of {clip.name}")
        self.on_clip(clip)
        while self.is_endless and not should_stop():
            yield JobStep(0.5, f"half of {clip.name}")
        if should_stop():
            return
        self.done += 1
        yield JobStep(1.0, f"all of {clip.name}", is_done=True)

    def run(self, *inputs: str, output: str = "-", **options: Any) -> int:
        """Run the command and return its exit code."""
        formats = {
            "txt": OutputFormat[str](".txt", lambda clip, result: f"{result}\n".encode()),
            "bin": OutputFormat[str](".bin", lambda clip, result: result.encode(), is_text=False, can_be_partial=False),
        }
        with pytest.raises(typer.Exit) as end:
            run(FileCommand(formats, self.steps, lambda clip, result: {"result": result}), RunOptions(inputs, output, **options))
        return end.value.exit_code


def test_results_are_printed_in_the_order_of_the_inputs_and_nothing_else(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert Work().run(MUSIC, BIRD, jobs=2) == 0
    assert capfdbinary.readouterr() == (b"all of music.ogg\nall of blackbird.ogg\n", b"")


def test_files_are_written_below_a_folder_and_their_paths_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert Work().run(BIRD, output=str(tmp_path / "out"), formats=["txt,bin"]) == 0
    paths = [tmp_path / "out/blackbird.txt", tmp_path / "out/blackbird.bin"]
    assert capfd.readouterr().out.splitlines() == [str(path) for path in paths]
    assert paths[1].read_text() == "all of blackbird.ogg"
    assert sorted((tmp_path / "out").iterdir()) == sorted(paths)


def test_a_format_that_refuses_the_result_leaves_the_others_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def refuse(clip: AudioClip, result: str) -> bytes:
        raise AudioscopeError("A score has no drums.")

    formats = {"score": OutputFormat[str](".xml", refuse), "txt": OutputFormat[str](".txt", lambda clip, result: b"all")}
    command = FileCommand(formats, Work().steps, lambda clip, result: {})
    with pytest.raises(typer.Exit) as end:
        run(command, RunOptions((BIRD,), str(tmp_path / "out"), ["score,txt"]))
    assert end.value.exit_code == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["blackbird.txt"]
    assert "A score has no drums." in capfd.readouterr().err


def test_the_ending_of_the_output_says_the_format(tmp_path: Path) -> None:
    assert Work().run(BIRD, output=str(tmp_path / "bird.bin")) == 0
    assert (tmp_path / "bird.bin").read_text() == "all of blackbird.ogg"


def test_what_is_done_is_not_done_again_unless_it_is_older_or_wanted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    work, output = Work(), str(tmp_path)
    work.run(BIRD, output=output)
    capfd.readouterr()
    work.run(BIRD, MUSIC, output=output)
    assert work.done == 2
    assert capfd.readouterr().err.startswith("1 of 2 inputs were done before")
    work.run(BIRD, output=output, again=True)
    os.utime(tmp_path / "blackbird.txt", (0, 0))
    work.run(BIRD, output=output)
    assert work.done == 4
    capfd.readouterr()
    work.run(BIRD, output=output, as_json=True)
    assert json.loads(capfd.readouterr().out)["was_done"] is True


def test_a_failure_is_a_sentence_and_the_others_are_done(capfd: pytest.CaptureFixture[str]) -> None:
    def fail_on_bird(clip: AudioClip) -> None:
        if clip.name == "blackbird.ogg":
            raise AudioscopeError("Too many birds.")

    assert Work(fail_on_bird).run(BIRD, MUSIC, as_json=True) == 1
    out, err = capfd.readouterr()
    assert err == "blackbird.ogg: Too many birds.\n"
    failed, done = map(json.loads, out.splitlines())
    assert failed == {"input": "blackbird.ogg", "error": "Too many birds."}
    assert done == {"input": "music.ogg", "files": [], "is_whole": True, "result": "all of music.ogg"}


def test_standard_output_that_is_full_is_a_sentence_and_that_is_closed_is_none() -> None:
    code = f"from tests.commands.test_running import Work; raise SystemExit(Work().run({BIRD!r}))"
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"Standard output: No space left on device.\n")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_file_without_sound_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    assert Work().run(str(text)) == 1
    assert capfd.readouterr().err.startswith("text.wav: ")


def test_an_option_that_is_refused_for_all_inputs_is_wrong_use() -> None:
    def refuse(clip: AudioClip) -> None:
        raise InvalidOption("beam size", 11, "1 to 10")

    assert Work(refuse).run(BIRD, MUSIC) == 2


def test_ctrl_c_keeps_what_is_there_and_the_next_run_goes_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    work = Work(lambda clip: os.kill(os.getpid(), signal.SIGINT), is_endless=True)
    assert work.run(BIRD, MUSIC, output=str(tmp_path), formats=["txt", "bin"]) == 130
    assert (tmp_path / "blackbird.partial.txt").read_text() == "half of blackbird.ogg\n"
    assert capfd.readouterr().err.startswith("Stopping")
    written = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert written == {"blackbird.partial.txt"}
    Work().run(BIRD, MUSIC, output=str(tmp_path))
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"blackbird.txt", "music.txt"}


@pytest.mark.parametrize(
    "options",
    [
        {"formats": ["pdf"]},
        {"formats": ["txt,bin"]},
        {"output": "bird.pdf"},
        {"output": "bird.txt", "formats": ["txt", "bin"]},
        {"output": "both.txt", "inputs": [BIRD, MUSIC]},
        {"output": f"{BIRD}/"},
        {"output": "/proc/none"},
    ],
)
def test_an_output_that_cannot_hold_what_was_asked_for_is_refused_before_the_work(options: dict[str, Any]) -> None:
    with pytest.raises(typer.BadParameter):
        run(
            FileCommand(
                {"txt": OutputFormat(".txt", lambda c, r: b""), "bin": OutputFormat(".bin", lambda c, r: b"")},
                Work().steps,
                lambda c, r: {},
            ),
            RunOptions(options.get("inputs", [BIRD]), options.get("output", "-"), options.get("formats", ())),
        )
