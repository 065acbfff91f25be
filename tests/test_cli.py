"""The command line: its help and defaults, and one flow as people type it, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import cli
from commands.embeddings import embed
from commands.music import describe
from commands.notes import notes
from commands.pictures import picture, storyboard
from commands.speech import transcribe
from pipelines.description.description import DescriptionOptions
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.notes.notes import NoteOptions
from pipelines.pictures.options import PictureOptions
from pipelines.speech.transcript import TranscriptionOptions
from tests.recordings import EXAMPLES

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("command", [command.callback.__name__ for command in cli.registered_commands if command.callback])
def test_each_command_has_help(command: str) -> None:
    shown = CliRunner().invoke(cli, [command, "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (transcribe, TranscriptionOptions()),
        (describe, DescriptionOptions()),
        (notes, NoteOptions()),
        (picture, PictureOptions()),
        (storyboard, PictureOptions()),
        (embed, EmbeddingOptions()),
    ],
)
def test_defaults_are_those_of_the_pipelines(command: object, options: object) -> None:
    own = {name: parameter.default for name, parameter in signature(command).parameters.items()}  # type: ignore[arg-type]
    same = {name: getattr(options, name) for name in own if hasattr(options, name) and name not in ("language", "model")}
    assert same
    assert {name: own[name] for name in same if name != "allowed_languages"} == {
        name: value for name, value in same.items() if name != "allowed_languages"
    }


def test_models_of_a_task_are_listed_with_tabs_in_a_pipe_and_as_json() -> None:
    lines = CliRunner().invoke(cli, ["models", "--task", "tag_sounds", "--within-reach"]).output.splitlines()
    assert any(line.startswith("yamnet\t") for line in lines)
    listed = json.loads(CliRunner().invoke(cli, ["models", "--task", "tag_sounds", "--within-reach", "--json"]).output)
    assert [row["key"] for row in listed] == [line.split("\t")[0] for line in lines]
    assert CliRunner().invoke(cli, ["models", "--task", "dance"]).exit_code == 2


@pytest.mark.models
def test_a_folder_is_transcribed_once_and_a_question_is_answered(tmp_path: Path) -> None:
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks/speech.flac").write_bytes((EXAMPLES / "speech.flac").read_bytes())
    environment = {**os.environ, **{f"AUDIOSCOPE_{name}": str(tmp_path / name) for name in ("DATA_DIR", "CLIP_DIR")}}

    def audioscope(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, str(ROOT / "cli.py"), *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, input=given, capture_output=True, check=False)

    first = audioscope("transcribe", "talks", "-o", "out", "-f", "srt,json", "--model", "whisper-base-offline")
    assert (first.returncode, first.stderr) == (0, b"")
    assert first.stdout.decode().splitlines() == ["out/speech.srt", "out/speech.json"]
    assert "leisure to consider" in (tmp_path / "out/speech.srt").read_text()
    again = audioscope("transcribe", "talks", "-o", "out", "-f", "srt,json", "--model", "whisper-base-offline")
    assert (again.returncode, again.stdout) == (0, b"")
    assert again.stderr == b"1 of 1 inputs were done before, perhaps with other options: --again does them again.\n"
    answer = audioscope("ask", "Is this music or speech?", "-", "--model", "facts", given=(EXAMPLES / "speech.flac").read_bytes())
    assert (answer.returncode, answer.stderr) == (0, b"")
    assert answer.stdout == b"This is speech.\n"
    wrong = audioscope("transcribe", "talks", "--beam-size", "11")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert b"beam size" in wrong.stderr
