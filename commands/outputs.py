"""Outputs of a command: its formats, files that are written whole or not at all, and standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import typer

from commands.inputs import InputFile
from models.errors import AudioscopeError
from pipelines.clip.clip import AudioClip

STANDARD_OUTPUT = "-"
PARTIAL = ".partial"
"""Stands before the ending of a file with what there was when the work was stopped."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class OutputFormat(Generic[Result]):
    """A file format of a command."""

    ending: str
    """With its dot; '-audacity.zip' for a file whose name says more."""
    content: Callable[[AudioClip, Result], bytes]
    is_text: bool = True
    """Whether a terminal can show it."""
    can_be_partial: bool = True
    """Whether a result that was stopped can be written."""


class OutputFiles(Generic[Result]):
    """Where the results of one run of a command go."""

    def __init__(
        self, formats: Mapping[str, OutputFormat[Result]], chosen: Sequence[str], output: str, inputs: Sequence[InputFile]
    ) -> None:
        """Check what was asked for.

        Args:
            formats: those of the command by name, the default one first.
            chosen: names of formats; empty for the one that the ending of `output` says, or else the default.
            output: '-' for standard output; a file, for one input in one format; else a folder.
            inputs: the inputs of the run.

        Raises:
            typer.BadParameter: there is no such format, or the output cannot hold what was asked for.
        """
        names = [name.strip().lower() for each in chosen for name in each.split(",")]
        for name in names:
            if name not in formats:
                raise typer.BadParameter(f"There is no format {name!r}: choose from {', '.join(formats)}.")
        self._folder: Path | None = None if output == STANDARD_OUTPUT else Path(output)
        self._file: Path | None = None
        if self._folder is not None and self._is_file(output, inputs):
            self._file = self._folder
            by_ending = [name for name, one in formats.items() if output.endswith(one.ending)]
            names = names or by_ending[:1]
            if not names:
                endings = ", ".join(_endings(formats))
                raise typer.BadParameter(f"The ending of {output} says no format: choose one of {endings}, or give --format.")
        elif self._folder and len(inputs) > 1 and not self._folder.is_dir() and output.endswith(_endings(formats)):
            raise typer.BadParameter(f"{output} is one file, and there are {len(inputs)} inputs: give --output FOLDER.")
        self._formats = {name: formats[name] for name in names or [next(iter(formats))]}
        if len(self._formats) > 1 and (self._folder is None or self._file):
            raise typer.BadParameter("Several files need a folder: give --output FOLDER.")
        is_text = all(one.is_text for one in self._formats.values())
        if self._folder is None and not is_text and (sys.stdout.isatty() or len(inputs) > 1):
            raise typer.BadParameter("This format goes to a file, or for one input to another program: give --output.")

    @staticmethod
    def _is_file(output: str, inputs: Sequence[InputFile]) -> bool:
        path = Path(output)
        return len(inputs) == 1 and bool(path.suffix) and not path.is_dir() and not output.endswith(("/", os.sep))

    def make_folder(self) -> None:
        """Make the folder of the outputs, before there is work to lose.

        Raises:
            typer.BadParameter: nothing can be written there.
        """
        folder = self._file.parent if self._file else self._folder
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise typer.BadParameter(f"{folder} is a file: give --output another folder.") from None
        except OSError as error:
            raise typer.BadParameter(f"The folder {folder} cannot be made: {error.strerror}.") from None
        if not os.access(folder, os.W_OK):
            raise typer.BadParameter(f"Nothing can be written in the folder {folder}.")

    @property
    def to_standard_output(self) -> bool:
        """Whether results are printed, not written to files."""
        return self._folder is None

    def paths(self, source: InputFile) -> tuple[Path, ...]:
        """Return the files of an input, one for each format; none where results are printed."""
        if self._folder is None:
            return ()
        return tuple(self._path(self._folder, source, one) for one in self._formats.values())

    def is_done(self, source: InputFile) -> bool:
        """Return whether all files of an input are there, and not older than the input."""
        paths = self.paths(source)
        changed = source.path.stat().st_mtime
        return bool(paths) and all(path.exists() and path.stat().st_mtime >= changed for path in paths)

    def contents(self, clip: AudioClip, result: Result) -> bytes:
        """Return what is printed."""
        return b"".join(one.content(clip, result) for one in self._formats.values())

    def write(self, source: InputFile, clip: AudioClip, result: Result, is_whole: bool = True) -> tuple[Path, ...]:
        """Write the files of an input and return their paths; a result that was stopped gets names of its own.

        Raises:
            AudioscopeError: the result cannot be written in one of the formats; the files of the others are written.
        """
        written, refusal = [], None
        for one, path in zip(self._formats.values(), self.paths(source), strict=True):
            partial = path.with_name(f"{path.name.removesuffix(one.ending)}{PARTIAL}{one.ending}")
            if not (is_whole or one.can_be_partial):
                continue
            target = path if is_whole else partial
            try:
                write_whole(target, one.content(clip, result))
            except AudioscopeError as error:
                refusal = error
                continue
            written.append(target)
            if is_whole:
                partial.unlink(missing_ok=True)
        if refusal:
            raise refusal
        return tuple(written)

    def _path(self, folder: Path, source: InputFile, one: OutputFormat[Result]) -> Path:
        return self._file or folder / source.target.with_name(f"{source.target.name}{one.ending}")


def _endings(formats: Mapping[str, OutputFormat[Result]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.ending for one in formats.values()))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name, and then give it its own: whoever finds it finds all of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
