"""Inputs of a command: which files its arguments name, and where their results go."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import typer

from commands.inputs import find_inputs


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder with three recordings and a text."""
    folder = tmp_path / "recordings"
    (folder / "monday").mkdir(parents=True)
    for name in ("a.wav", "a.mp3", "notes.txt", "monday/b.FLAC"):
        (folder / name).write_bytes(b"sound")
    return folder


def test_a_folder_gives_its_recordings_at_all_depths_and_keeps_their_places(recordings: Path, tmp_path: Path) -> None:
    found = find_inputs([str(recordings)], tmp_path)
    assert [file.name for file in found] == ["a.mp3", "a.wav", "monday/b.FLAC"]
    assert found[2].target == Path("monday/b")


def test_files_that_differ_in_their_ending_alone_keep_it_in_the_names_of_their_results(recordings: Path, tmp_path: Path) -> None:
    assert [file.target.name for file in find_inputs([str(recordings)], tmp_path)] == ["a.mp3", "a.wav", "b"]


def test_a_pattern_is_expanded_and_a_file_that_is_named_twice_comes_once(recordings: Path, tmp_path: Path) -> None:
    named = recordings / "a.wav"
    found = find_inputs([str(named), str(recordings / "*.wav"), str(recordings / "**/*.FLAC")], tmp_path)
    assert [file.path for file in found] == [named, recordings / "monday/b.FLAC"]


def test_a_named_file_may_have_any_ending(recordings: Path, tmp_path: Path) -> None:
    assert [file.name for file in find_inputs([str(recordings / "notes.txt")], tmp_path)] == ["notes.txt"]


def test_a_dash_is_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"RIFF")))
    (found,) = find_inputs(["-"], tmp_path)
    assert (found.name, found.path.read_bytes()) == ("stdin", b"RIFF")


@pytest.mark.parametrize("argument", ["missing.wav", "*.nothing", "empty", "**.wav/x"])
def test_what_names_no_file_is_refused(argument: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(typer.BadParameter):
        find_inputs([str(tmp_path / argument)], tmp_path)
