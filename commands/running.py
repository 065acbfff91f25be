"""One run of a command over its inputs: jobs, progress, Ctrl+C and the exit code."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Generic

import typer

from commands.inputs import InputFile, find_inputs
from commands.outputs import OutputFiles, OutputFormat, Result
from commands.progress import ProgressBars
from models.errors import AudioscopeError, InvalidOption, JobStopped, UnknownModel
from pipelines.clip.clip import AudioClip
from services import Services, build_services
from settings import Settings

ALL_DONE, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes; the last is that of shells after Ctrl+C."""
QUIET_LIBRARIES = {"TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error", "DIFFUSERS_VERBOSITY": "error"}
"""Environment variables with which libraries show no progress and no advice of their own."""
PASSED_OVER = "{} of {} inputs were done before, perhaps with other options: --again does them again."
STOPPING = "Stopping: what is there is kept. Ctrl+C again leaves at once."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobStep(Generic[Result]):
    """A step of the work on one input."""

    position: float
    """Progress, 0 to 1."""
    result: Result | None = None
    """What there is so far, if it is worth keeping."""
    is_done: bool = False


@dataclass(frozen=True)
class FileCommand(Generic[Result]):
    """What a command does with each of its inputs."""

    formats: Mapping[str, OutputFormat[Result]]
    """By name, the default one first."""
    steps: Callable[[Services, AudioClip, Callable[[], bool]], Iterator[JobStep[Result]]]
    document: Callable[[AudioClip, Result], dict[str, Any]]
    """The result as JSON values, for `--json`."""


@dataclass(frozen=True)
class RunOptions:
    """What all commands take."""

    inputs: Sequence[str]
    output: str
    formats: Sequence[str] = ()
    as_json: bool = False
    jobs: int = 1
    again: bool = False
    """Whether inputs are done again whose files are there."""
    quiet: bool = False


def run(command: FileCommand[Result], options: RunOptions) -> None:
    """Do the work of a command and end with its exit code.

    Raises:
        typer.Exit: always; 0 where all was done, 1 where some inputs failed, 2 for an option that was refused for all of them,
            130 after Ctrl+C.
        typer.BadParameter: see `find_inputs` and `OutputFiles`.
    """
    for name, value in QUIET_LIBRARIES.items():
        os.environ.setdefault(name, value)
    with tempfile.TemporaryDirectory(prefix="audioscope-") as scratch:
        inputs = find_inputs(options.inputs, Path(scratch))
        files = OutputFiles(command.formats, options.formats, options.output, inputs)
        files.make_folder()
        bars = ProgressBars(len(inputs), options.quiet)
        with ask_to_stop(bars.say) as stop, bars:
            code = _Run(command, options, files, bars, stop, build_services(Settings())).work(inputs)
    raise typer.Exit(code)


@contextmanager
def ask_to_stop(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """Yield an event that Ctrl+C sets; a second Ctrl+C ends the process. `say` shows a sentence to the person."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(INTERRUPTED)  # a model's step cannot be interrupted, and Python would wait for its thread
        stop.set()
        say(STOPPING)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Run(Generic[Result]):
    """The state of one run, which its worker threads share."""

    def __init__(
        self,
        command: FileCommand[Result],
        options: RunOptions,
        files: OutputFiles[Result],
        bars: ProgressBars,
        stop: threading.Event,
        services: Services,
    ) -> None:
        self._command = command
        self._options = options
        self._files = files
        self._bars = bars
        self._stop = stop
        self._services = services
        self._failures: list[Exception] = []
        self._passed_over: list[InputFile] = []

    def work(self, inputs: Sequence[InputFile]) -> int:
        """Work on all inputs, print what is to be printed in their order, and return the exit code."""
        with ThreadPoolExecutor(self._options.jobs) as pool:
            for lines in pool.map(self._work_on, inputs):
                if not self._print(lines):
                    self._stop.set()
                    return SOME_FAILED
        if self._passed_over and not self._options.quiet:
            self._bars.say(PASSED_OVER.format(len(self._passed_over), len(inputs)))
        if self._stop.is_set():
            return INTERRUPTED
        if len(self._failures) == len(inputs) and all(isinstance(one, InvalidOption | UnknownModel) for one in self._failures):
            return WRONG_USE
        return SOME_FAILED if self._failures else ALL_DONE

    def _print(self, lines: bytes) -> bool:
        """Print lines and return whether that was possible."""
        try:
            with self._bars.paused():
                sys.stdout.buffer.write(lines)
                sys.stdout.buffer.flush()
        except OSError as error:
            if not isinstance(error, BrokenPipeError):  # a reader that wants no more, such as `head`
                self._bars.say(f"Standard output: {error.strerror}.")
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes standard output at its end
            return False
        return True

    def _work_on(self, file: InputFile) -> bytes:
        """Work on one input and return what is printed of it."""
        if self._stop.is_set():
            return b""
        try:
            with self._bars.input(file.name) as show:
                return self._lines_of(file, show) if self._options.again or not self._files.is_done(file) else self._skipped(file)
        except JobStopped:
            return b""
        except Exception as error:
            return self._failed(file, error)

    def _lines_of(self, file: InputFile, show: Callable[[float], None]) -> bytes:
        clip = self._services.clips.open(file.path, name=file.name, should_stop=self._stop.is_set)
        step: JobStep[Result] | None = None
        for step in self._command.steps(self._services, clip, self._stop.is_set):
            show(step.position)
        if step is None or step.result is None:
            return b""
        written = self._files.write(file, clip, step.result, step.is_done) if not self._files.to_standard_output else ()
        if self._options.as_json:
            about = {"input": file.name, "files": [str(path) for path in written], "is_whole": step.is_done}
            return _json_line({**about, **self._command.document(clip, step.result)})
        if self._files.to_standard_output:
            return self._files.contents(clip, step.result)
        return "".join(f"{path}\n" for path in written).encode()

    def _skipped(self, file: InputFile) -> bytes:
        """Return what is printed of an input that was done before."""
        self._passed_over.append(file)
        paths = [str(path) for path in self._files.paths(file)]
        return _json_line({"input": file.name, "files": paths, "was_done": True}) if self._options.as_json else b""

    def _failed(self, file: InputFile, error: Exception) -> bytes:
        self._failures.append(error)
        sentence = str(error) if isinstance(error, AudioscopeError | OSError) else f"Unexpected {type(error).__name__}: {error}"
        self._bars.say(f"{file.name}: {sentence}")
        if not isinstance(error, AudioscopeError | OSError):
            log.error("%s", file.name, exc_info=error)
        return _json_line({"input": file.name, "error": sentence}) if self._options.as_json else b""


def _json_line(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")
