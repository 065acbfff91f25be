"""Records what the regression tests replay: `python -m benchmarks.accuracy.record_outputs --music FOLDER`.

Writes the outputs of the networks on a few rendered pieces and on a few freely licensed recordings beside the tests, with the
figures that today's decisions reach on them. `--figures` writes only the figures, after a decision has become better.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.accuracy.excerpts import Excerpt, excerpts
from benchmarks.accuracy.measurement import analyse, measures
from benchmarks.accuracy.replay import RecordedTrack, levels, record, replayed_scores
from benchmarks.accuracy.sources import read_sources
from benchmarks.accuracy.stored_features import StoredFeatures
from benchmarks.accuracy.tracks import Annotation, Spans
from models.arrays import AnyArray
from models.cache.feature_store import FeatureKey
from services import Services, build_services
from settings import Settings

FOLDER = Path("tests") / "benchmarks" / "recorded_outputs"
FIGURES = FOLDER / "figures.json"
MAX_SECONDS = 40.0
"""Excerpts are cut to this."""
PLAN = {
    "rendered": {
        "composed pieces, other seeds and SoundFont": 8,
    },
    "real": {
        "fretsonfire-songs-sectoid": 2,
        "fretsonfire-songs-muldjord": 2,
        "biniax2-data": 1,
        "sonic-pi-samples": 2,
        "librosa-key-recordings": 2,
    },
}
"""Number of excerpts of each source in each file."""


def main() -> None:
    """Record the outputs, then the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="folder that keeps packages and excerpts")
    parser.add_argument("--figures", action="store_true", help="write only the figures")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", module="mir_eval")
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        if not arguments.figures:
            FOLDER.mkdir(parents=True, exist_ok=True)
            for name, plan in PLAN.items():
                _record(list(_planned(plan, arguments.music)), services, Path(folder), recorded_file(name))
        figures = {name: means(recorded_file(name), services, Path(folder)) for name in PLAN}
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(FIGURES.read_text(encoding="utf-8"))


def recorded_file(name: str) -> Path:
    """Return the file of recorded outputs of a part of `PLAN`."""
    return FOLDER / f"{name}.npz"


def means(file: Path, services: Services, folder: Path) -> dict[str, float]:
    """Return the mean of each measure over the recorded tracks that have it."""
    found: dict[str, list[float]] = {}
    for _, scores in replayed_scores(file, services, folder):
        for name, score in scores.items():
            found.setdefault(name, []).append(score)
    return {name: round(float(np.mean(scores)), 4) for name, scores in found.items()}


def _planned(plan: dict[str, int], music: Path) -> Iterator[Excerpt]:
    """Yield the excerpts of a plan, spread over each source."""
    for source in read_sources():
        if count := plan.get(source.name):
            found = list(excerpts(source, music / "packages", music / "excerpts"))
            yield from islice(found[:: max(1, len(found) // count)], count)


def _record(chosen: list[Excerpt], services: Services, folder: Path, file: Path) -> None:
    """Analyse the excerpts and write all that their analysis asked of the feature store."""
    arrays: dict[FeatureKey, AnyArray] = {}
    store = StoredFeatures(services.settings.feature_store_bytes, arrays)
    tracks = []
    for excerpt in chosen:
        rate = soundfile.info(excerpt.file).samplerate
        sound, _ = soundfile.read(excerpt.file, round(MAX_SECONDS * rate), dtype="float32")
        soundfile.write(folder / "excerpt.flac", sound, rate)
        clip = services.clips.open(folder / "excerpt.flac")
        analyse(clip, services, store)
        key, rms = levels(clip)
        arrays[key] = rms
        annotation = cut(excerpt.annotation, clip.duration)
        tracks.append(RecordedTrack(excerpt.name, clip.content_hash, clip.duration, measures(excerpt.source.tasks), annotation))
        print(excerpt.source.name, excerpt.name, flush=True)
    record(tracks, arrays, file)


def cut(annotation: Annotation, duration: float) -> Annotation:
    """Return an annotation of the first seconds of its track."""
    return replace(
        annotation,
        beats=tuple(tuple(time for time in grid if time < duration) for grid in annotation.beats),
        downbeats=tuple(time for time in annotation.downbeats if time < duration),
        chords=_cut_spans(annotation.chords, duration),
        sections=_cut_spans(annotation.sections, duration),
    )


def _cut_spans(spans: Spans, duration: float) -> Spans:
    return tuple((start, min(end, duration), label) for start, end, label in spans if start < duration)


if __name__ == "__main__":
    main()
