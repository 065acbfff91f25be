"""The command: `python -m deploy.ray_folder FOLDER --task transcribe --output FOLDER`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec

from deploy.ray_folder.files import check_folder, list_recordings, open_absolute
from deploy.ray_folder.results import Results
from deploy.ray_folder.tasks import TASKS, TaskOptions
from deploy.ray_folder.worker import FolderRun
from models.errors import AudioscopeError
from models.specs.model_spec import AUTO
from settings import Settings

PROGRESS_SECONDS = 10.0
OK, INCOMPLETE, IMPOSSIBLE = 0, 1, 2
"""Exit codes: every recording has a result; some have none, or the run was interrupted; the run could not begin or go on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        options = TaskOptions(chosen.task, chosen.model, chosen.language)
        source, output = check_folder(chosen.folder), open_absolute(chosen.output)
        run = FolderRun(source.address, output.address, options)
        Results(output, repr(options)).check()
        if next(list_recordings(source), None) is None:
            print(f"There are no recordings in {run.folder}.")
            return OK
        if find_spec("ray") is None:
            print("Ray is not installed: pip install -r requirements-ray.txt", file=sys.stderr)
            return IMPOSSIBLE
        return _process(run, chosen.workers, chosen.cpus, chosen.gpus)
    except AudioscopeError as error:
        print(error, file=sys.stderr)
        return IMPOSSIBLE


def _process(run: FolderRun, workers: int | None, cpus: float, gpus: float | None) -> int:
    from deploy.ray_folder.run import connected, outcomes, summary

    counts: Counter[str] = Counter()
    code, said = OK, time.monotonic()
    with connected(workers, cpus, gpus) as pool:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            for name, outcome in outcomes(run, Settings(), pool):
                if outcome.state == "fatal":
                    print(outcome.problem, file=sys.stderr)
                    code = IMPOSSIBLE
                    break
                counts[outcome.state] += 1
                if outcome.problem:
                    print(f"{name!a}: {outcome.problem}", file=sys.stderr)
                if time.monotonic() - said > PROGRESS_SECONDS:
                    print(summary(counts), flush=True)
                    said = time.monotonic()
        except KeyboardInterrupt:
            print("Stopped. What is done is kept; the same command goes on.", file=sys.stderr)
            code = INCOMPLETE
    print(summary(counts))
    return code or (INCOMPLETE if counts["failed"] + counts["known failed"] + counts["unread"] else OK)


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise ValueError
    return value


def _count(text: str) -> int:
    return int(_positive(str(int(text))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.ray_folder",
        description="Process all recordings of a folder on a Ray cluster, or on this machine, and write a line of JSON for each.",
        epilog="Exit codes: 0 every recording has a result; 1 some failed, or it was stopped; 2 it could not begin or go on.",
    )
    parser.add_argument("folder", help="folder, or an address such as s3://bucket/recordings")
    parser.add_argument("--task", required=True, choices=sorted(TASKS))
    parser.add_argument("--output", required=True, help="folder or address for the results; what it has is not computed again")
    parser.add_argument("--model", default=AUTO, help="key of the model of the task; the best that fits by default")
    parser.add_argument("--language", help="code of the language that is spoken, for transcribe; detected by default")
    parser.add_argument("--workers", type=_count, help="as many as the cluster has room for by default")
    parser.add_argument("--cpus", type=_positive, default=1.0, help="CPUs of each worker")
    parser.add_argument("--gpus", type=_positive, help="GPUs of each worker; one by default where the cluster has any")
    return parser


if __name__ == "__main__":
    sys.exit(main())
