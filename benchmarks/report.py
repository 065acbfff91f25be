"""Figures of benchmarks, and their table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
RESULTS = Path(__file__).parent / "results.md"
LONG_RUNS = "## Long runs"
"""Heading of the figures of runs that take an hour, each by a command of its own."""


@dataclass(frozen=True)
class Figure:
    """One measured claim."""

    claim: str
    measured: str
    bound: str
    kept: bool


def as_table(figures: Sequence[Figure]) -> str:
    """Return a Markdown table."""
    rows = [f"| {f.claim} | {f.measured} | {f.bound} | {'yes' if f.kept else '**no**'} |" for f in figures]
    return "\n".join(["| claim | measured | bound | kept |", "|---|---|---|---|", *rows])


def at_most(claim: str, value: float, bound: float, unit: str = "", digits: int = 2) -> Figure:
    """Return a figure that keeps its claim while it is not above `bound`."""
    return Figure(claim, f"{value:.{digits}f}{unit}", f"at most {bound:g}{unit}", value <= bound)


def at_least(claim: str, value: float, bound: float, unit: str = "", digits: int = 2) -> Figure:
    """Return a figure that keeps its claim while it is not below `bound`."""
    return Figure(claim, f"{value:.{digits}f}{unit}", f"at least {bound:g}{unit}", value >= bound)


def alternating_medians(contenders: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median seconds of each contender, run in turn so that other load affects all alike."""
    times: list[list[float]] = [[] for _ in contenders]
    for _ in range(rounds):
        for run, own in zip(contenders, times, strict=True):
            began = time.perf_counter()
            run()
            own.append(time.perf_counter() - began)
    return [statistics.median(own) for own in times]


def in_a_thread(call: Callable[[], Result]) -> Callable[[], Result]:
    """Run a function in a new thread: OpenMP threads of the main thread would slow down all others."""

    def run() -> Result:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(call).result()

    return run


def long_runs(results: str) -> str:
    """Return the section of the long runs of the results, which are not repeated with the others; '' if there is none."""
    _, heading, rows = results.partition(LONG_RUNS)
    return heading + rows


def write_long_run(name: str, figures: Sequence[Figure]) -> None:
    """Put the figures into the section of the long runs of the results, in the place of those of the last such run."""
    results = RESULTS.read_text(encoding="utf-8")
    begin = f"| {name}: "
    rows = [line for line in long_runs(results).splitlines()[4:] if line and not line.startswith(begin)]
    named = as_table([replace(figure, claim=f"{name}: {figure.claim}") for figure in figures]).splitlines()
    table = "\n".join([*named[:2], *rows, *named[2:]])
    RESULTS.write_text(f"{results.partition(LONG_RUNS)[0].rstrip()}\n\n{LONG_RUNS}\n\n{table}\n", encoding="utf-8")
