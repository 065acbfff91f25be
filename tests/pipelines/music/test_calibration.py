from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.music import calibration
from pipelines.music.calibration import Calibration, Kind, calibrated, calibrations
from pipelines.music.harmony.types import Key, KeyCandidate


def key(confidence: float, *others: float) -> Key:
    return Key("C", "major", confidence, tuple(KeyCandidate("A", "minor", other) for other in others))


def test_every_kind_has_a_calibration_that_keeps_the_order() -> None:
    assert set(calibrations()) == set(get_args(Kind))
    assert all(one.scale > 0 for one in calibrations().values())


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=4), st.floats(0.2, 3.0), st.floats(-3.0, 3.0), st.integers(0, 99))
def test_no_alternative_outweighs_the_finding_and_all_add_up(shares: list[float], scale: float, shift: float, cases: int) -> None:
    total = sum(shares) or 1.0
    first, *others = sorted((share / total for share in shares), reverse=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "calibrations", lambda: {"key": Calibration(scale, shift, cases)})
        found = calibrated(key(first, *others), "key")
    assert all(0 <= other.confidence <= found.confidence <= 1 for other in found.alternatives)
    assert found.confidence + sum(other.confidence for other in found.alternatives) <= 1.01


def test_no_calibration_changes_nothing() -> None:
    for confidence in (0.01, 0.3, 0.99):
        assert Calibration(1.0, 0.0, 999).confidence(confidence) == pytest.approx(confidence)


def test_nothing_is_surer_than_the_cases_allow_that_it_was_fitted_on() -> None:
    assert Calibration(1.0, 0.0, 8).confidence(0.99) == 0.9
    assert Calibration(1.0, 0.0, 8).confidence(0.5) == 0.5
