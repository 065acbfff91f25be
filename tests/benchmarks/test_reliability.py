from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy.fit_calibration import fit
from benchmarks.accuracy.measurement import Finding
from benchmarks.accuracy.reliability import adaptive_bins, diagrams, expected_calibration_error


def findings(confidences: list[float], rightness: list[float]) -> list[Finding]:
    return [Finding("key", confidence, right) for confidence, right in zip(confidences, rightness, strict=True)]


def test_bins_have_equal_counts_and_leave_nothing_out() -> None:
    rng = np.random.default_rng(0)
    bins = adaptive_bins(findings(rng.random(57).tolist(), [1.0] * 57))
    assert len(bins) == 10 and sum(part.count for part in bins) == 57
    assert {part.count for part in bins} == {5, 6}
    assert [part.confidence for part in bins] == sorted(part.confidence for part in bins)


def test_the_error_is_the_distance_of_confidence_and_rightness() -> None:
    assert expected_calibration_error(findings([0.9] * 40, [1.0, 0.0] * 20)) == pytest.approx(0.4)
    assert expected_calibration_error(findings([0.5] * 40, [1.0, 0.0] * 20)) == pytest.approx(0.0)


def test_overconfident_findings_are_fitted_to_how_often_they_are_right() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(2, 1, 4000)
    right = (rng.random(4000) < 1 / (1 + np.exp(-(0.5 * raw - 0.7)))).astype(float)
    found = fit(raw, right)
    assert found.scale == pytest.approx(0.5, abs=0.08) and found.shift == pytest.approx(-0.7, abs=0.15)


def test_diagrams_have_a_dot_for_each_bin() -> None:
    svg = diagrams({"key": findings([0.1 * i for i in range(10)], [1.0] * 10)})
    assert svg.count("<circle") == 10 and "n = 10" in svg
