"""Measures accuracy: `make accuracy MUSIC=folder`, or `python -m benchmarks.accuracy --help`.

The folder keeps the packages, downloaded where they are absent, the excerpts read from them, the outputs of the networks and what
other programs found; a second run computes only the decisions. The figures are written to docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

from benchmarks.accuracy.excerpts import Excerpt, excerpts
from benchmarks.accuracy.measurement import OURS, Measured, analyse_excerpt, measure
from benchmarks.accuracy.packages import PackageAbsent
from benchmarks.accuracy.peers.readings import PEER_TASKS, Peers
from benchmarks.accuracy.report import DOCUMENT, summary, write_document
from benchmarks.accuracy.sources import Source, read_sources
from services import build_services
from settings import Settings

SECONDS_OF_SOURCE = 240.0
"""Seconds of each source in a short run, in excerpts that are spread over the source."""


@dataclass(frozen=True)
class Folders:
    """Where things are kept between runs."""

    packages: Path
    excerpts: Path
    features: Path
    readings: Path


def main() -> None:
    """Measure all sources that can be had, print the tables and write the document."""
    arguments = _arguments()
    warnings.filterwarnings("ignore", module="mir_eval|librosa|audioread")
    music = arguments.music
    folders = Folders(*(music / name for name in ("packages", "excerpts", "features", "readings")))
    sources = [source for source in read_sources() if source.split in arguments.split and arguments.source in source.name]
    results: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        peers = Peers(arguments.peers, services, folders.readings)
        for excerpt in _available(sources, folders, arguments.all):
            facts, tags = analyse_excerpt(excerpt, services, folders.features)
            results.append(measure(excerpt, facts, tags, dict(peers.readings(excerpt))))
            print(_line(results[-1]), flush=True)
        peers.close()
    print(summary(results))
    if arguments.write:
        write_document(results)
        print(f"The figures are in {DOCUMENT}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="folder that keeps packages, excerpts and outputs")
    parser.add_argument("--all", action="store_true", help=f"all excerpts, not {SECONDS_OF_SOURCE:g} s of each source")
    parser.add_argument("--split", nargs="+", choices=("tuning", "kept apart"), default=["tuning", "kept apart"])
    parser.add_argument("--source", default="", help="part of the names of the sources that are measured")
    parser.add_argument("--peers", nargs="*", choices=tuple(PEER_TASKS), default=["librosa"], help="other programs")
    parser.add_argument("--write", action="store_true", help=f"write the figures to {DOCUMENT}")
    return parser.parse_args()


def _available(sources: list[Source], folders: Folders, with_all: bool) -> Iterator[Excerpt]:
    """Yield the excerpts of the sources that can be had; print which cannot."""
    for source in sources:
        try:
            found = list(excerpts(source, folders.packages, folders.excerpts))
        except PackageAbsent as absent:
            print(absent)
            continue
        yield from found if with_all else spread(found)


def spread(found: list[Excerpt]) -> list[Excerpt]:
    """Return excerpts of `SECONDS_OF_SOURCE` in all, from the whole of a source."""
    seconds = sum(soundfile.info(excerpt.file).duration for excerpt in found)
    count = max(1, round(len(found) * min(1.0, SECONDS_OF_SOURCE / max(seconds, 1.0))))
    return [found[i * len(found) // count] for i in range(count)] if found else []


def _line(result: Measured) -> str:
    marks = "  ".join(f"{name} {score:.2f}" for name, score in result.scores[OURS].items())
    return f"{result.source.name:26} {result.name[:30]:30} {marks}"


if __name__ == "__main__":
    main()
