"""Inputs of a command: files, folders, glob patterns and standard input."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "stdin"
"""Name of what comes from standard input, and of the files that are made of it."""
AUDIO_ENDINGS = (
    *(".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".caf", ".flac", ".m4a", ".m4b", ".mka", ".mp2", ".mp3"),
    *(".oga", ".ogg", ".opus", ".snd", ".spx", ".tta", ".w64", ".wav", ".weba", ".wma", ".wv"),
)
VIDEO_ENDINGS = (".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv")
"""Endings of the files that are taken from a folder; a file that is named itself may have any."""


@dataclass(frozen=True)
class InputFile:
    """A file to work on."""

    path: Path
    name: str
    """As messages show it, and as its clip is called."""
    target: Path
    """Where results are written below the output folder, without their ending."""


def find_inputs(given: Sequence[str], scratch: Path) -> tuple[InputFile, ...]:
    """Return the files that the arguments of a command name, each once, in the order of the arguments.

    Files of a folder keep their place below it; two files that differ in their ending alone keep it in the name of their results.

    Args:
        given: files, folders, glob patterns, or '-' for standard input.
        scratch: folder where standard input is written to, as decoders seek.

    Raises:
        typer.BadParameter: a file does not exist, a pattern or a folder has nothing to read.
    """
    found: dict[Path, InputFile] = {}
    for argument in given:
        for file in _files_of(argument, scratch):
            found.setdefault(file.path.resolve(), file)
    targets = [file.target for file in found.values()]
    return tuple(
        InputFile(file.path, file.name, file.target if targets.count(file.target) == 1 else _with_ending(file))
        for file in found.values()
    )


def _with_ending(file: InputFile) -> Path:
    return file.target.with_name(f"{file.target.name}{file.path.suffix}")


def _files_of(argument: str, scratch: Path) -> Iterator[InputFile]:
    if argument == STANDARD_INPUT:
        yield _from_standard_input(scratch)
        return
    path = Path(argument)
    if path.is_dir():
        yield from _in_folder(path)
    elif path.exists():
        yield InputFile(path, path.name, Path(path.stem))
    else:
        yield from _matching(argument)


def _in_folder(folder: Path) -> Iterator[InputFile]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_ENDINGS + VIDEO_ENDINGS and path.is_file())
    if not paths:
        raise typer.BadParameter(f"The folder {folder} has no audio or video files.")
    for path in paths:
        place = path.relative_to(folder)
        yield InputFile(path, str(place), place.with_suffix(""))


def _matching(pattern: str) -> Iterator[InputFile]:
    anchor = Path(pattern).anchor
    try:
        paths = sorted(path for path in Path(anchor).glob(pattern.removeprefix(anchor)) if path.is_file())
    except ValueError as error:  # '**' beside other characters
        raise typer.BadParameter(f"{pattern!r} is no pattern: {error}.") from error
    if not paths:
        raise typer.BadParameter(f"There is no file {pattern!r}.")
    for path in paths:
        yield InputFile(path, path.name, Path(path.stem))


def _from_standard_input(scratch: Path) -> InputFile:
    path = scratch / STANDARD_INPUT_NAME
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return InputFile(path, STANDARD_INPUT_NAME, Path(STANDARD_INPUT_NAME))
