"""Training of the sections on made-up pieces."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.accuracy.tracks import Spans
from pipelines.music.sections.weights import WEIGHTS_FILE
from tests.pipelines.music.sections.made_frames import BAR_SECONDS, BARS, made_frames
from training.loop.config import read_config
from training.music import train_sections
from training.music.fit_sections import Example
from training.music.train_sections import SectionOptions, findings_of_others, sections_of_others, train

INVERSE_PENALTY = read_config(Path(train_sections.__file__).parent / "configs" / "sections.yaml", SectionOptions).inverse_penalty


def example(source: str, form: str, seed: int) -> Example:
    frames, beats, duration = made_frames(form, seed)
    seconds = BARS * BAR_SECONDS
    sections: Spans = tuple((i * seconds, (i + 1) * seconds, letter) for i, letter in enumerate(form))
    return Example(source, frames, beats, duration, sections)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return [
        example(source, form, seed) for seed, (source, form) in enumerate([("one", "ABA"), ("other", "ABAC"), ("third", "AB")])
    ]


def test_a_source_is_measured_with_the_weights_of_the_others(examples: list[Example]) -> None:
    found = list(sections_of_others(examples, INVERSE_PENALTY))
    assert [piece.source for piece, _ in found] == ["one", "other", "third"]
    for piece, sections in found:
        assert [round(section.start) for section in sections] == [round(start) for start, _, _ in piece.sections]


def test_every_boundary_that_is_found_counts_for_the_calibration(examples: list[Example]) -> None:
    findings = findings_of_others(examples, INVERSE_PENALTY)
    assert len(findings) == sum(len(piece.sections) - 1 for piece in examples)
    assert all(finding.rightness == 1.0 for finding in findings)


def test_the_weights_in_use_have_the_form_that_the_training_writes(examples: list[Example]) -> None:
    in_use, written = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8")), asdict(train(examples, INVERSE_PENALTY))
    assert in_use.keys() == written.keys()
    for regression, values in written.items():
        assert list(in_use[regression]["coefficients"]) == list(values["coefficients"])
