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
from math import inf
from pathlib import Path
from typing import get_args
from unittest.mock import patch

import numpy as np

from benchmarks.accuracy.measurement import Finding, Measured, finding_task
from benchmarks.accuracy.reliability import expected_calibration_error
from benchmarks.accuracy.run import measured
from benchmarks.accuracy.sources import read_sources
from models.arrays import DoubleArray
from pipelines.music import calibration
from pipelines.music.calibration import CALIBRATIONS_FILE, Calibration, Kind, calibrations, log_odds

FITTED_KINDS: tuple[Kind, ...] = ("tempo", "beats", "key", "chord")
MIN_REAL = 25
"""Findings on real music from which rendered music is not measured."""
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
    parser.add_argument("--seconds", type=float, default=inf, help="of each source; all without this")
    arguments = parser.parse_args()
    named = [source for source in read_sources() if any(part in source.name for part in arguments.source)]
    sources = [source for source in named if source.split == "tuning"]

    def findings(kinds: Sequence[Kind], origin: str) -> dict[Kind, list[Finding]]:
        tasks = {finding_task(kind) for kind in kinds}
        used = [source for source in sources if source.kind == origin and tasks.intersection(source.tasks)]
        with patch.object(calibration, "calibrations", return_value=dict.fromkeys(get_args(Kind), NO_CALIBRATION)):
            return by_kind(kinds, measured(used, arguments.music, arguments.seconds, ()))

    real = findings(arguments.kinds, "real")
    rendered = findings([kind for kind, found in real.items() if len(found) < MIN_REAL], "rendered")
    write_calibrations({kind: fit_kind(kind, found + rendered.get(kind, [])) for kind, found in real.items()})


def write_calibrations(fitted: Mapping[Kind, Calibration]) -> None:
    """Write calibrations in place of those of the same kinds."""
    text = json.dumps({kind: asdict(found) for kind, found in (dict(calibrations()) | dict(fitted)).items()}, indent=2)
    CALIBRATIONS_FILE.write_text(text + "\n", encoding="utf-8")


def by_kind(kinds: Iterable[Kind], results: Iterable[Measured]) -> dict[Kind, list[Finding]]:
    """Return the findings of each kind."""
    found = [finding for result in results for finding in result.findings]
    return {kind: [finding for finding in found if finding.kind == kind] for kind in kinds}


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
