"""Fits the calibration of confidences: `python -m benchmarks.accuracy.fit_calibration --music FOLDER`.

Uses the tuning sources, of each kind of finding the real ones where they have enough. Both numbers of a kind are found by maximum
likelihood with Platt's smoothed targets, and are drawn towards no calibration as by one finding.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks.accuracy.measurement import Finding, Measured
from benchmarks.accuracy.reliability import expected_calibration_error
from benchmarks.accuracy.run import DEFAULT_SECONDS, measured
from benchmarks.accuracy.sources import read_sources
from models.arrays import DoubleArray
from pipelines.music.calibration import CALIBRATIONS_FILE, Calibration, Kind, calibrations, log_odds

MIN_REAL = 25
"""Findings on real music from which rendered music is left out."""
MIN_FINDINGS = 15
"""Findings below which a kind keeps its calibration."""
MIN_SCALE, MAX_SCALE = 0.05, 3.0


def main() -> None:
    """Measure the tuning sources and write `calibrations.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="as that of `make accuracy`")
    parser.add_argument("--source", nargs="+", default=[""], help="parts of the names of the sources that are used")
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="of each source; 'inf' for all")
    arguments = parser.parse_args()
    tuning = (source for source in read_sources() if source.split == "tuning")
    sources = [source for source in tuning if any(part in source.name for part in arguments.source)]
    results = list(measured(sources, arguments.music, arguments.seconds, ()))
    fitted = {kind: _refit(kind, findings_of(kind, results)) for kind in get_args(Kind)}
    text = json.dumps({kind: asdict(calibration) for kind, calibration in fitted.items()}, indent=2)
    CALIBRATIONS_FILE.write_text(text + "\n", encoding="utf-8")


def findings_of(kind: Kind, results: Iterable[Measured]) -> list[Finding]:
    """Return the findings of a kind on real music, or on all where these are few."""
    found = [(result.source.kind, finding) for result in results for finding in result.findings if finding.kind == kind]
    real = [finding for origin, finding in found if origin == "real"]
    return real if len(real) >= MIN_REAL else [finding for _, finding in found]


def _refit(kind: Kind, findings: Sequence[Finding]) -> Calibration:
    before = calibrations()[kind]
    if len(findings) < MIN_FINDINGS:
        print(f"{kind}: {len(findings)} findings, kept")
        return before
    # What was measured is calibrated already.
    raw = np.array([(log_odds(finding.confidence) - before.shift) / before.scale for finding in findings])
    rightness = np.array([finding.rightness for finding in findings])
    after = fit(raw, rightness)
    confidences = 1 / (1 + np.exp(-after.scale * raw - after.shift))
    now = [Finding(kind, float(confidence), right) for confidence, right in zip(confidences, rightness, strict=True)]
    errors = expected_calibration_error(findings), expected_calibration_error(now)
    print(f"{kind}: {len(findings)} findings, calibration error {errors[0]:.3f} before, {errors[1]:.3f} after, {after}")
    return after


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
    return Calibration(round(float(found.x[0]), 3), round(float(found.x[1]), 3))


if __name__ == "__main__":
    main()
