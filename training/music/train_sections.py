"""Trains the sections: `python -m training.music.train_sections PACKAGES KEPT` writes `pipelines/music/sections/weights.json`.

The pieces are the tuning sources of `benchmarks/accuracy/sources.json` whose sections are known. The two numbers of the Viterbi
search are those with the largest sum of the F-measures of boundaries within 0.5 and 3 s in cross-validation over the pieces.

The weights in the repository are of excerpts of up to 120 s, longer than those of the benchmark. On the same 92 examples `train`
finds the same regressions, and other numbers for the search: 0.25 and 1.5, where 0.75 and 0.5 are in use. The optimum is flat:
over six shuffles of the folds the sum is 0.942 and 0.930, and a shuffle changes it by 0.015. In the one shuffle in which they
were chosen among twelve pairs, those in use had 0.970, which is too favourable.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.accuracy.excerpts import Excerpt, excerpts
from benchmarks.accuracy.measurement import analyse_excerpt
from benchmarks.accuracy.scores import section_scores
from benchmarks.accuracy.sources import read_sources
from pipelines.music.rhythm.beat_network import BEAT_SAMPLE_RATE
from pipelines.music.sections.boundaries import best_boundaries
from pipelines.music.sections.weights import WEIGHTS_FILE, SectionWeights
from pipelines.music.sounding_part import sounding_part
from services import Services, build_services
from settings import Settings
from training.music.fit_sections import Example, fit_boundaries, fit_pairs

FOLDS = 5
LENGTH_WEIGHTS = (0.25, 0.5, 0.75, 1.0)
BOUNDARY_BONUSES = (-0.25, 0.25, 0.5, 1.0, 1.5)


def read_examples(services: Services, packages: Path, kept: Path) -> Iterator[Example]:
    """Yield the tuning pieces that are music and have more than one section."""
    for source in read_sources():
        if source.split == "tuning" and "sections" in source.tasks:
            for excerpt in excerpts(source, packages, kept / "excerpts"):
                if len(excerpt.annotation.sections) > 1:
                    yield from _example(excerpt, services, kept / "features")


def _example(excerpt: Excerpt, services: Services, features: Path) -> Iterator[Example]:
    with patch("pipelines.music.analysis.find_sections", return_value=()) as search:
        analyse_excerpt(excerpt, services, features)
    if search.called:
        clip = services.clips.open(excerpt.file)
        start = sounding_part(clip.waveform(BEAT_SAMPLE_RATE), BEAT_SAMPLE_RATE).start
        sections = tuple((max(0.0, first - start), last - start, label) for first, last, label in excerpt.annotation.sections)
        frames, beats, duration = search.call_args.args
        yield Example(frames, beats, duration, sections)


def train(examples: Sequence[Example]) -> SectionWeights:
    """Return the weights of all examples, with the two numbers that cross-validation finds best."""
    folds = np.random.default_rng(0).permutation(len(examples)) % FOLDS
    apart = [
        fit_boundaries([example for example, of in zip(examples, folds, strict=True) if of != fold]) for fold in range(FOLDS)
    ]
    fitted = SectionWeights(fit_boundaries(examples), fit_pairs(examples), 0.0, 1.0)
    candidates = [
        replace(fitted, boundary_bonus=bonus, length_weight=length) for length in LENGTH_WEIGHTS for bonus in BOUNDARY_BONUSES
    ]
    log_odds = [apart[fold].log_odds(*example.boundary_features) for example, fold in zip(examples, folds, strict=True)]

    def gain(weights: SectionWeights) -> float:
        with patch("pipelines.music.sections.boundaries.weights", return_value=weights):
            edges = [best_boundaries(odds) for odds in log_odds]
        return float(np.mean([_f_measures(*found) for found in zip(examples, edges, strict=True)]))

    return max(candidates, key=gain)


def _f_measures(example: Example, edges: list[int]) -> float:
    """Return the sum of the F-measures of the boundaries within both windows."""
    times = [0.0, *example.grid.times[edges].tolist(), example.duration]
    spans = tuple((start, end, str(start)) for start, end in pairwise(times))
    found = section_scores(example.sections, spans)
    return found["sections 0.5 s"] + found["sections 3 s"]


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, help="folder of the unpacked packages")
    parser.add_argument("kept", type=Path, help="folder for excerpts and outputs of the networks")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        found = train(list(read_examples(services, arguments.packages, arguments.kept)))
    WEIGHTS_FILE.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
