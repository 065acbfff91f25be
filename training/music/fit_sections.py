"""Fits the weights of the sections on pieces whose sections are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.accuracy.tracks import Spans
from models.arrays import DoubleArray, FloatArray
from pipelines.music.rhythm.types import Beats
from pipelines.music.sections.beat_features import BeatGrid, SoundFrames, beat_features, beat_grid
from pipelines.music.sections.boundary_features import boundary_features
from pipelines.music.sections.labels import Span, pair_features
from pipelines.music.sections.repetition import Repetition, find_repetition
from pipelines.music.sections.weights import Regression

MAX_OFFSET = 0.3
"""Seconds between a true boundary and a beat up to which it lies on this beat."""


@dataclass(frozen=True)
class Example:
    """A piece with its true sections; times count from the start of the part that sounds."""

    source: str
    """Name in `benchmarks/accuracy/sources.json`."""
    frames: SoundFrames
    beats: Beats | None
    duration: float
    """Seconds."""
    sections: Spans

    @cached_property
    def grid(self) -> BeatGrid:
        """The beats."""
        return beat_grid(self.beats, self.duration)

    @cached_property
    def features(self) -> dict[str, FloatArray]:
        """Features of every beat."""
        return beat_features(self.frames, self.grid)

    @cached_property
    def repetition(self) -> Repetition:
        """What repeats."""
        return find_repetition(self.features)

    @cached_property
    def boundary_features(self) -> tuple[list[str], FloatArray]:
        """Names and values [beats, names]."""
        return boundary_features(self.frames, self.grid, self.features, self.repetition)

    @property
    def is_boundary(self) -> FloatArray:
        """[beats], 1 where a section begins, the first one aside."""
        target = np.zeros(len(self.grid.positions), dtype=np.float32)
        for start, _, _ in self.sections[1:]:
            offsets = np.abs(self.grid.times[:-1] - start)
            if offsets.min() < MAX_OFFSET:
                target[offsets.argmin()] = 1
        return target

    @property
    def spans(self) -> list[tuple[Span, str]]:
        """The true sections in beats, with their labels."""
        edges = [0, *(int(np.abs(self.grid.times[:-1] - start).argmin()) for start, *_ in self.sections[1:])]
        labelled = zip(pairwise([*edges, len(self.grid.positions)]), self.sections, strict=True)
        return [(span, label) for span, (_, _, label) in labelled if span[0] < span[1]]


def fit_boundaries(examples: Sequence[Example], inverse_penalty: float) -> Regression:
    """Fit the regression of beats with scikit-learn's C; every piece has the same weight."""
    names = examples[0].boundary_features[0]
    values = [example.boundary_features[1] for example in examples]
    return _fit(names, values, [example.is_boundary for example in examples], inverse_penalty)


def fit_pairs(examples: Sequence[Example], inverse_penalty: float) -> Regression:
    """Fit the regression of pairs of true sections with scikit-learn's C; every piece has the same weight."""
    names: list[str] = []
    values: list[FloatArray] = []
    same: list[FloatArray] = []
    for example in examples:
        spans, labels = zip(*example.spans, strict=True)
        if len(spans) > 1:
            names, rows = pair_features(example.features, example.repetition, list(spans))
            values.append(rows)
            same.append(np.array([one == other for one, other in combinations(labels, 2)], dtype=np.float32))
    return _fit(names, values, same, inverse_penalty)


def _fit(names: list[str], values: list[FloatArray], targets: list[FloatArray], inverse_penalty: float) -> Regression:
    sizes: DoubleArray = np.concatenate([np.full(len(rows), 1 / len(rows)) for rows in values])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=inverse_penalty, max_iter=1000))
    model.fit(np.concatenate(values), np.concatenate(targets), logisticregression__sample_weight=sizes / sizes.mean())
    scaler, regression = model.steps[0][1], model.steps[1][1]
    slopes = regression.coef_[0] / scaler.scale_
    intercept = float(regression.intercept_[0] - slopes @ scaler.mean_)
    return Regression(round(intercept, 4), {name: round(float(slope), 4) for name, slope in zip(names, slopes, strict=True)})
