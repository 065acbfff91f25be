"""Measures sources one after the other, with everything between runs in one folder."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import soundfile

from benchmarks.accuracy.excerpts import Excerpt, excerpts
from benchmarks.accuracy.measurement import OURS, Measured, analyse_excerpt, measure
from benchmarks.accuracy.packages import PackageAbsent
from benchmarks.accuracy.peers.readings import Peers
from benchmarks.accuracy.sources import Source
from services import build_services
from settings import Settings

SECONDS_OF_SOURCE = 240.0
"""Seconds of each source in a short run, in excerpts that are spread over the source."""


def measured(sources: Sequence[Source], music: Path, with_all: bool, peers: Sequence[str]) -> Iterator[Measured]:
    """Yield the scores of each excerpt; print them, and which sources cannot be had.

    Args:
        sources: in any order.
        music: folder that keeps the packages, downloaded where they are absent, the excerpts read from them, the outputs of the
            networks, and what other programs found.
        with_all: all excerpts, not `SECONDS_OF_SOURCE` of each source.
        peers: names of other programs.
    """
    warnings.filterwarnings("ignore", module="mir_eval|librosa|audioread")
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        others = Peers(peers, services, music / "readings")
        for source in sources:
            try:
                found = list(excerpts(source, music / "packages", music / "excerpts"))
            except PackageAbsent as absent:
                print(absent)
                continue
            for excerpt in found if with_all else spread(found):
                facts, tags = analyse_excerpt(excerpt, services, music / "features")
                result = measure(excerpt, facts, tags, dict(others.readings(excerpt)))
                print(_line(result), flush=True)
                yield result
        others.close()


def spread(found: list[Excerpt]) -> list[Excerpt]:
    """Return excerpts of `SECONDS_OF_SOURCE` in all, from the whole of a source."""
    seconds = sum(soundfile.info(excerpt.file).duration for excerpt in found)
    count = max(1, round(len(found) * min(1.0, SECONDS_OF_SOURCE / max(seconds, 1.0))))
    return [found[i * len(found) // count] for i in range(count)] if found else []


def _line(result: Measured) -> str:
    marks = "  ".join(f"{name} {score:.2f}" for name, score in result.scores[OURS].items())
    return f"{result.source.name:26} {result.name[:30]:30} {marks}"
