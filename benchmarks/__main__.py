"""Run every benchmark (`make bench`): print one table and write it to `benchmarks/results.md`.

`python -m benchmarks together cache` runs those two and only prints.
"""

from __future__ import annotations

import os
import platform
import sys
from argparse import ArgumentParser

import psutil

from benchmarks import (
    audio_to_image,
    cache,
    embeddings,
    everything,
    long_transcription,
    music,
    page,
    projections,
    scaling,
    start,
    timeline,
    together,
    training_step,
    transcription,
)
from benchmarks.diarization import speakers
from benchmarks.report import RESULTS, as_table, long_runs

BENCHMARKS = (
    start,
    page,
    cache,
    transcription,
    together,
    scaling,
    long_transcription,
    speakers,
    music,
    audio_to_image,
    embeddings,
    everything,
    projections,
    timeline,
    training_step,
)


def main() -> None:
    """Run the benchmarks that the arguments name, or all; return exit code 1 if a claim does not hold."""
    modules = {benchmark.__name__.rpartition(".")[2]: benchmark for benchmark in BENCHMARKS}
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(modules)}")
    names: list[str] = arguments.parse_args().names
    if unknown := set(names) - set(modules):
        arguments.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    figures = [figure for name in names or modules for figure in modules[name].figures()]
    machine = f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 1e9:.0f} GB, no GPU, Python {platform.python_version()}"
    table = as_table(figures)
    text = f"# Benchmarks\n\nRatios within one run; `make bench` repeats it. Measured on {machine}.\n\n{table}\n"
    print(text)
    if not names:
        kept = long_runs(RESULTS.read_text(encoding="utf-8"))
        RESULTS.write_text(f"{text}\n{kept}" if kept else text, encoding="utf-8")
    sys.exit(0 if all(figure.kept for figure in figures) else 1)


if __name__ == "__main__":
    main()
