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
from benchmarks.accuracy.peers.readings import Peers, kept_readings
from benchmarks.accuracy.sources import Source
from services import build_services
from settings import Settings

DEFAULT_SECONDS = 120.0
"""Seconds of each source that are measured, unless something else is asked for."""


def measured(
    sources: Sequence[Source], music: Path, seconds: float, peers: Sequence[str], only_kept: bool = False
) -> Iterator[Measured]:
    """Yield the scores of each excerpt; print them, and which sources cannot be had.

    Args:
        sources: in any order.
        music: folder that keeps the packages, downloaded where they are absent, the excerpts read from them, the outputs of the
            networks, and what other programs found.
        seconds: of each source, in excerpts that are spread over it; infinity for all.
        peers: names of other programs.
        only_kept: whether these are not run, so that only what they found in earlier runs is measured.
    """
    warnings.filterwarnings("ignore", module="mir_eval|librosa|audioread")
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        others = Peers(() if only_kept else peers, services, music / "readings")
        for source in sources:
            try:
                found = list(excerpts(source, music / "packages", music / "excerpts"))
            except PackageAbsent as absent:
                print(absent)
                continue
            for excerpt in spread(found, seconds):
                facts, tags = analyse_excerpt(excerpt, services, music / "features")
                readings = kept_readings(excerpt, peers, music / "readings") if only_kept else others.readings(excerpt)
                result = measure(excerpt, facts, tags, dict(readings))
                print(_line(result), flush=True)
                yield result
        others.close()


def spread(found: list[Excerpt], seconds: float) -> list[Excerpt]:
    """Return excerpts of about `seconds` in all, from the whole of a source, at least one."""
    duration = sum(soundfile.info(excerpt.file).duration for excerpt in found)
    count = max(1, round(len(found) * min(1.0, seconds / max(duration, 1.0))))
    return [found[i * len(found) // count] for i in range(count)] if found else []


def _line(result: Measured) -> str:
    marks = "  ".join(f"{name} {score:.2f}" for name, score in result.scores[OURS].items())
    return f"{result.source.name:26} {result.name[:30]:30} {marks}"
