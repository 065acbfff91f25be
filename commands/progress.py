"""Progress of a run: bars on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

MAX_NAME_COLUMNS = 40
"""Columns of a terminal that the name of an input gets."""


class ProgressBars:
    """A bar for the whole run and one for each input at work, on standard error; used from several threads."""

    def __init__(self, inputs: int, quiet: bool) -> None:
        """Show nothing if `quiet`, or if standard error is no terminal."""
        self._lock = threading.RLock()
        self._shown = not quiet and sys.stderr.isatty()
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        console = Console(stderr=True)
        self._bars = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._whole = self._bars.add_task("All inputs", total=inputs, visible=inputs > 1)

    def __enter__(self) -> ProgressBars:
        if self._shown:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._shown:
            self._bars.stop()

    @contextmanager
    def input(self, name: str) -> Iterator[Callable[[float], None]]:
        """Show a bar while the block works on an input; the function that is yielded takes its progress, 0 to 1."""
        shown = name if len(name) <= MAX_NAME_COLUMNS else f"…{name[1 - MAX_NAME_COLUMNS :]}"
        task = self._bars.add_task(shown.replace("[", r"\["), total=1.0)
        try:
            yield lambda position: self._bars.update(task, completed=position)
        finally:
            self._bars.remove_task(task)
            self._bars.advance(self._whole)

    def say(self, sentence: str) -> None:
        """Print a sentence on standard error, above the bars."""
        self._bars.console.print(sentence, soft_wrap=True, markup=False, highlight=False)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the bars away while the block prints to the same terminal."""
        with self._lock:
            if self._shown:
                self._bars.stop()
            yield
            if self._shown:
                self._bars.start()
