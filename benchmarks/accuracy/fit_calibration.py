"""Fits the calibration of confidences: `python -m benchmarks.accuracy.fit_calibration --music FOLDER`.

Uses the tuning sources, of each kind of finding the real ones where they have enough. Both numbers of a kind are found by maximum
likelihood with Platt's smoothed targets, and are drawn towards no calibration as by one finding. A kind with few findings has
none, but their number limits its confidences as it does those of the others. That of sections is fitted with their weights, by
`python -m training.music.train_sections`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args
from unittest.mock import patch

import numpy as np

from benchmarks.accuracy.measurement import Finding, Measured
from benchmarks.accuracy.reliability import expected_calibration_error
from benchmarks.accuracy.run import DEFAULT_SECONDS, measured
from benchmarks.accuracy.sources import read_sources
from models.arrays import DoubleArray
from pipelines.music import calibration
from pipelines.music.calibration import CALIBRATIONS_FILE, Calibration, Kind, calibrations, log_odds

FITTED_KINDS: tuple[Kind, ...] = ("tempo", "beats", "key", "chord")
MIN_REAL = 25
"""Findings on real music from which rendered music is left out."""
MIN_FINDINGS = 15
"""Findings below which a kind has no scale and shift of its own."""
MIN_SCALE, MAX_SCALE = 0.05, 3.0
NO_CALIBRATION = Calibration(1.0, 0.0, sys.maxsize)


def main() -> None:
    """Measure the tuning sources and write `calibrations.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="as that of `make accuracy`")
    parser.add_argument("--source", nargs="+", default=[""], help="parts of the names of the sources that are used")
    parser.add_argument("--kinds", nargs="+", choices=FITTED_KINDS, default=FITTED_KINDS, help="the others keep theirs")
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="of each source; 'inf' for all")
    arguments = parser.parse_args()
    tuning = (source for source in read_sources() if source.split == "tuning")
    sources = [source for source in tuning if any(part in source.name for part in arguments.source)]
    with patch.object(calibration, "calibrations", return_value=dict.fromkeys(get_args(Kind), NO_CALIBRATION)):
        results = list(measured(sources, arguments.music, arguments.seconds, ()))
    write_calibrations({kind: fit_kind(kind, findings_of(kind, results)) for kind in arguments.kinds})


def write_calibrations(fitted: Mapping[Kind, Calibration]) -> None:
    """Write calibrations in place of those of the same kinds."""
    text = json.dumps({kind: asdict(found) for kind, found in (dict(calibrations()) | dict(fitted)).items()}, indent=2)
    CALIBRATIONS_FILE.write_text(text + "\n", encoding="utf-8")


def findings_of(kind: Kind, results: Iterable[Measured]) -> list[Finding]:
    """Return the findings of a kind on real music, or on all where these are few."""
    found = [(result.source.kind, finding) for result in results for finding in result.findings if finding.kind == kind]
    real = [finding for origin, finding in found if origin == "real"]
    return real if len(real) >= MIN_REAL else [finding for _, finding in found]


def fit_kind(kind: Kind, findings: Sequence[Finding]) -> Calibration:
    """Return the calibration of findings whose confidences are not calibrated yet."""
    if len(findings) < MIN_FINDINGS:
        print(f"{kind}: {len(findings)} findings, no calibration but their number")
        return Calibration(1.0, 0.0, len(findings))
    raw = np.array([log_odds(finding.confidence) for finding in findings])
    fitted = fit(raw, np.array([finding.rightness for finding in findings]))
    now = [replace(finding, confidence=fitted.confidence(finding.confidence)) for finding in findings]
    errors = expected_calibration_error(findings), expected_calibration_error(now)
    print(f"{kind}: {len(findings)} findings, calibration error {errors[0]:.3f} before, {errors[1]:.3f} after, {fitted}")
    return fitted


def fit(raw: DoubleArray, rightness: DoubleArray) -> Calibration:
    """Return the calibration of raw log-odds [findings] that is likeliest for their rightness [findings], 0 to 1."""
    from scipy.optimize import minimize

    right, wrong = rightness.sum(), (1 - rightness).sum()
    targets = rightness * (right + 1) / (right + 2) + (1 - rightness) / (wrong + 2)

    def loss(values: DoubleArray) -> float:
        scores = values[0] * raw + values[1]
        likelihood = np.sum(targets * np.logaddexp(0, -scores) + (1 - targets) * np.logaddexp(0, scores))
        return float(likelihood + 0.5 * ((values[0] - 1) ** 2 + values[1] ** 2))

    found = minimize(loss, np.array([1.0, 0.0]), bounds=((MIN_SCALE, MAX_SCALE), (None, None)))
    return Calibration(round(float(found.x[0]), 3), round(float(found.x[1]), 3), len(raw))


if __name__ == "__main__":
    main()
