"""Weights of the two regressions, which `python -m training.music.train_sections` fitted on the tuning sources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from models.arrays import DoubleArray, FloatArray

WEIGHTS_FILE = Path(__file__).parent / "weights.json"


@dataclass(frozen=True)
class Regression:
    """A logistic regression."""

    intercept: float
    coefficients: dict[str, float]
    """By the name of the feature."""

    def log_odds(self, names: Sequence[str], values: FloatArray) -> DoubleArray:
        """Return the log-odds [rows] of features [rows, names].

        Raises:
            ValueError: the features are others than those that it was fitted on.
        """
        if list(names) != list(self.coefficients):
            raise ValueError("the weights were fitted on other features")
        odds: DoubleArray = values.astype(np.float64) @ np.array(list(self.coefficients.values())) + self.intercept
        return odds


@dataclass(frozen=True)
class SectionWeights:
    """Everything that was fitted."""

    boundaries: Regression
    """Whether a section begins at a beat."""
    pairs: Regression
    """Whether two sections have one label."""


@cache
def weights() -> SectionWeights:
    """Return the weights of the file."""
    stored = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return SectionWeights(Regression(**stored["boundaries"]), Regression(**stored["pairs"]))
