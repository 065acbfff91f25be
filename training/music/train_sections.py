"""Trains the sections: `python -m training.music.train_sections --config training/music/configs/sections.yaml`.

Writes `pipelines/music/sections/weights.json`, fitted on the tuning sources of `benchmarks/accuracy/sources.json` whose sections
are known, and the calibration of sections in `pipelines/music/calibrations.json`. The calibration is fitted on what is found in
each source with the weights of the other ones, since confidences on music that the weights were fitted on are too high. The same
findings make the figures that are printed.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.accuracy.excerpts import Excerpt, excerpts
from benchmarks.accuracy.fit_calibration import fit_kind, write_calibrations
from benchmarks.accuracy.measurement import Finding, analyse_excerpt, section_findings
from benchmarks.accuracy.packages import PackageAbsent
from benchmarks.accuracy.scores import BOUNDARY_WINDOWS, section_scores
from benchmarks.accuracy.sources import read_sources
from pipelines.music.rhythm.beat_network import BEAT_SAMPLE_RATE
from pipelines.music.sections.segmentation import find_sections
from pipelines.music.sections.types import Section
from pipelines.music.sections.weights import WEIGHTS_FILE, SectionWeights
from pipelines.music.sounding_part import sounding_part
from services import Services, build_services
from settings import Settings
from training.loop.command_line import read_fit_options
from training.loop.config import ConfigPath
from training.music.fit_sections import Example, fit_boundaries, fit_pairs


@dataclass(frozen=True)
class SectionOptions:
    """Options of the training."""

    music: ConfigPath
    """The folder MUSIC of `make accuracy`."""
    inverse_penalty: float
    """scikit-learn's C of both regressions."""


def read_examples(services: Services, music: Path) -> Iterator[Example]:
    """Yield the tuning pieces that are music and whose sections are known."""
    for source in read_sources():
        if source.split == "tuning" and "sections" in source.tasks:
            try:
                found = list(excerpts(source, music / "packages", music / "excerpts"))
            except PackageAbsent as absent:
                print(absent)
                continue
            for excerpt in found:
                if excerpt.annotation.sections:
                    yield from _example(excerpt, services, music / "features")


def _example(excerpt: Excerpt, services: Services, features: Path) -> Iterator[Example]:
    with patch("pipelines.music.analysis.find_sections", return_value=()) as search:
        analyse_excerpt(excerpt, services, features)
    if search.called:
        clip = services.clips.open(excerpt.file)
        start = sounding_part(clip.waveform(BEAT_SAMPLE_RATE), BEAT_SAMPLE_RATE).start
        frames, beats, duration = search.call_args.args
        sections = tuple(
            (max(0.0, first - start), min(duration, last - start), label)
            for first, last, label in excerpt.annotation.sections
            if first - start < duration
        )
        yield Example(excerpt.source.name, frames, beats, duration, sections)


def train(examples: Sequence[Example], inverse_penalty: float) -> SectionWeights:
    """Return the weights that are fitted on examples."""
    return SectionWeights(fit_boundaries(examples, inverse_penalty), fit_pairs(examples, inverse_penalty))


def sections_of_others(examples: Sequence[Example], inverse_penalty: float) -> Iterator[tuple[Example, tuple[Section, ...]]]:
    """Yield each example with the sections that are found with the weights of the other sources."""
    for source in dict.fromkeys(example.source for example in examples):
        fitted = train([example for example in examples if example.source != source], inverse_penalty)
        with patch("pipelines.music.sections.segmentation.weights", return_value=fitted):
            for example in examples:
                if example.source == source:
                    yield example, find_sections(example.frames, example.beats, example.duration)


def findings_of_others(examples: Sequence[Example], inverse_penalty: float) -> list[Finding]:
    """Return the boundaries that `sections_of_others` finds; print their F-measures by source."""
    findings: list[Finding] = []
    scores: dict[str, list[list[float]]] = {}
    for example, sections in sections_of_others(examples, inverse_penalty):
        findings += section_findings(example.sections, sections)
        if len(example.sections) > 1:
            found = section_scores(example.sections, tuple((one.start, one.end, one.label) for one in sections))
            scores.setdefault(example.source, []).append([found[name] for name in (*BOUNDARY_WINDOWS, "section labels")])
    for source, rows in scores.items():
        near, far, labels = np.mean(rows, axis=0)
        print(f"{source:26} {len(rows):3} pieces  F within 0.5 s {near:.3f}  within 3 s {far:.3f}  labels {labels:.3f}")
    return findings


def main() -> None:
    """Write the weights and the calibration."""
    options = read_fit_options(SectionOptions, __doc__)
    warnings.filterwarnings("ignore", module="mir_eval|librosa|audioread")
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        examples = list(read_examples(services, options.music))
    write_calibrations({"section": fit_kind("section", findings_of_others(examples, options.inverse_penalty))})
    WEIGHTS_FILE.write_text(json.dumps(asdict(train(examples, options.inverse_penalty)), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
