"""Damaged files for what reads files, for as long as wanted: `make fuzz`, or `python -m tests.hostile.fuzz --seconds 3600`.

A file that is neither read nor refused with a sentence in half a minute of computing, or that ends a worker, is written to the
folder of finds. What is mended goes into tests/hostile/finds, where each file is a test: the beginning of its name, up to the
first '-', is the target.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from pipelines.isolation.file_readers import FileReaders
from services import build_services
from settings import Settings
from tests.hostile.answers import fault_of_sentence
from tests.hostile.targets import SEEDS, Outcome, Targets, damaged

MAX_SILENCE_SECONDS = 15.0
REPORT_SECONDS = 30.0


@contextmanager
def targets() -> Iterator[Targets]:
    """Give targets with workers and a folder of their own."""
    workers = FileReaders(1, MAX_SILENCE_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder) / "data", clip_dir=Path(folder) / "other clips"))
        try:
            yield Targets(Path(folder), services, workers)
        finally:
            workers.close()


def checked(outcome: Outcome, folder: str) -> Outcome:
    """Return an outcome as a fault if its words are no clear sentence."""
    wrong = fault_of_sentence(outcome.words, (folder,)) if outcome.kind in ("refused", "ended") else ""
    return Outcome("fault", wrong) if wrong else outcome


def main() -> None:
    """Run until the time is over; exit with 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--first", type=int, default=0, help="number of the first damaged file")
    parser.add_argument("--finds", type=Path, default=Path("fuzz-finds"))
    parser.add_argument("--only", choices=SEEDS, nargs="+", default=list(SEEDS), help="targets")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = {target: Counter() for target in options.only}
    began = reported = time.monotonic()
    with targets() as read:
        for number in count(options.first):
            for target in options.only:
                name, content = damaged(target, number)
                outcome = checked(read.read(target, content, name), tempfile.gettempdir())
                counts[target][outcome.kind] += 1
                if outcome.kind in ("fault", "ended"):
                    options.finds.mkdir(parents=True, exist_ok=True)
                    (options.finds / f"{target}-{number}-{name}").write_bytes(content)
                    print(f"{outcome.kind}: {target} {number} {name}: {outcome.words[:600]}", flush=True)
            now = time.monotonic()
            if now > reported + REPORT_SECONDS or now > began + options.seconds:
                reported = now
                print(
                    f"{now - began:.0f} s, number {number}: { ({one: dict(found) for one, found in counts.items()}) }", flush=True
                )
            if now > began + options.seconds:
                break
    raise SystemExit(1 if any(found["fault"] for found in counts.values()) else 0)


if __name__ == "__main__":
    main()
