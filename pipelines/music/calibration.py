"""Calibrated confidences: the share of cases in which a finding of that confidence is right (Platt 1999).

The log-odds of a confidence are scaled and shifted, and no finding is surer than the cases allow that this was fitted on.
`python -m benchmarks.accuracy.fit_calibration` finds the numbers of each kind on the tuning sources of
`benchmarks/accuracy/sources.json`; docs/accuracy.md has the reliability on the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from math import exp, log
from pathlib import Path
from typing import Any, Literal, TypeVar

CALIBRATIONS_FILE = Path(__file__).parent / "calibrations.json"
MIN_CONFIDENCE = 0.005
"""Confidences are clipped here and at the same distance from 1, where log-odds are finite."""
DIGITS = 3
"""Decimals of a confidence."""

Kind = Literal["tempo", "beats", "key", "chord", "section"]
FindingT = TypeVar("FindingT", bound=Any)


@dataclass(frozen=True)
class Calibration:
    """A map of confidences, 0 to 1."""

    scale: float
    """Factor of the log-odds; below 1 for confidences that are too extreme."""
    shift: float
    """Added to the scaled log-odds; below 0 for confidences that are too high."""
    cases: int
    """Findings that it was fitted on."""

    @property
    def max_confidence(self) -> float:
        """Probability that the next finding is right after all cases were: Laplace's rule of succession."""
        return (self.cases + 1) / (self.cases + 2)

    def confidence(self, raw: float) -> float:
        """Return the calibrated confidence."""
        return min(self.max_confidence, 1 / (1 + exp(-self.scale * log_odds(raw) - self.shift)))


def log_odds(confidence: float) -> float:
    """Return the natural log-odds of a confidence in 0 to 1."""
    bounded = min(1 - MIN_CONFIDENCE, max(MIN_CONFIDENCE, confidence))
    return log(bounded / (1 - bounded))


@cache
def calibrations() -> Mapping[Kind, Calibration]:
    """Return the calibration of each kind of finding."""
    return {kind: Calibration(**values) for kind, values in json.loads(CALIBRATIONS_FILE.read_text(encoding="utf-8")).items()}


def calibrated(finding: FindingT, kind: Kind) -> FindingT:
    """Return `finding` with a calibrated confidence.

    Args:
        finding: a frozen dataclass with `confidence`. Where it has `alternatives` with confidences too, these share what the
            finding leaves over in the proportions that they had, and none gets more than the finding.
        kind: what was found.
    """
    raw = finding.confidence
    confidence = calibrations()[kind].confidence(raw)
    changes: dict[str, Any] = {"confidence": round(confidence, DIGITS)}
    if any(field.name == "alternatives" for field in fields(finding)):
        factor = (1 - confidence) / max(1 - raw, MIN_CONFIDENCE)
        changes["alternatives"] = tuple(
            replace(other, confidence=round(min(confidence, factor * other.confidence), DIGITS)) for other in finding.alternatives
        )
    return replace(finding, **changes)
