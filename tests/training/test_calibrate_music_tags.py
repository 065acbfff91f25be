"""The fit of the confidences of instruments and vocals, on made recordings."""

from __future__ import annotations

import numpy as np

from pipelines.music.tags.tag_calibration import Coefficients
from pipelines.music.tags.tag_table import INSTRUMENTS
from pipelines.music.tags.vocal_evidence import VOCAL_SCORES
from training.calibrate_music_tags import (
    MIN_PRECISION,
    fit,
    fit_named,
    fit_vocals,
    naming_thresholds,
    predicted,
    predicted_apart,
)
from training.music.tagged_recordings import Recording
from training.music_tag_report import calibration_error, report

NAMES = [row.name for row in INSTRUMENTS]
FLUTE, HARP, BANJO = (NAMES.index(name) for name in ("Flute", "Harp", "Banjo"))


def recordings(source: str, count: int = 60, seed: int = 0) -> list[Recording]:
    """Flutes whose evidence tells them from harps; banjos whose evidence says nothing."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        plays = np.zeros(len(INSTRUMENTS), dtype=bool)
        plays[(FLUTE, HARP)[number % 2]] = True
        plays[BANJO] = number % 4 == 0
        regressors = rng.normal(-4, 1, (len(INSTRUMENTS), 2))
        regressors[plays] += 7
        regressors[BANJO] = rng.normal(0, 1, 2)
        sung = number % 3 == 0
        vocals = rng.normal(3 * sung, 1, (1, len(VOCAL_SCORES)))
        made.append(Recording(source, "real", plays, False, regressors, sung, vocals))
    return made


def test_an_instrument_is_as_likely_as_its_evidence_was_right() -> None:
    common, own = fit(recordings("a"))
    apart = recordings("b", seed=1)
    confidence = predicted(common, own, apart)
    plays = np.stack([one.plays for one in apart])
    assert confidence[plays[:, FLUTE], FLUTE].mean() > 0.9
    assert confidence[~plays[:, FLUTE], FLUTE].mean() < 0.1
    assert abs(confidence[:, BANJO].mean() - plays[:, BANJO].mean()) < 0.1


def test_an_instrument_that_cannot_be_told_has_no_confidence_from_which_it_is_named() -> None:
    made = [*recordings("a"), *recordings("b", seed=1)]
    found = naming_thresholds(("Flute", "Banjo"), made, predicted_apart(made))
    assert "Flute" in found
    assert "Banjo" not in found
    assert MIN_PRECISION == 0.75


def test_named_instruments_that_are_right_more_often_than_they_were_sure_become_surer() -> None:
    made = [*recordings("a"), *recordings("b", seed=1)]
    apart = np.where(np.stack([one.plays for one in made]), 0.7, 0.01)
    apart[:6, HARP] = 0.7
    named = fit_named(made, apart, {"Flute": 0.6, "Harp": 0.6})
    assert named.intercept + named.log_odds * np.log(0.7 / 0.3) > np.log(0.9 / 0.1)


def test_what_else_may_play_is_no_error() -> None:
    made = recordings("a")
    open_ones = [Recording(**{**vars(one), "plays": one.plays & False, "has_others": True}) for one in recordings("b", seed=2)]
    assert fit([*made, *open_ones]) == fit(made)


def test_vocals_are_fitted_as_if_half_of_the_music_were_sung() -> None:
    fitted = fit_vocals(recordings("a", count=300))
    middle = fitted.intercept + 1.5 * sum(fitted.factors.values())
    assert abs(middle) < 0.7


def test_the_table_has_a_row_for_each_group_and_each_instrument() -> None:
    made = [*recordings("a"), *recordings("b", seed=1)]
    common, own = fit(made)
    lines = report(made, predicted(common, own, made), {"Flute": 0.6}).splitlines()
    assert lines[1].split()[:2] == ["real", "120"]
    (flute,) = (line.split() for line in lines if line.startswith("Flute"))
    assert flute[1:] == ["60", "60", "1.00", "1.00"]


def test_the_calibration_error_is_the_distance_of_confidence_and_share() -> None:
    assert calibration_error(np.full(10, 0.75), np.arange(10) < 5) == 0.25
    assert calibration_error(np.full(4, 0.75), np.arange(4) < 3) == 0.0


def test_predictions_use_the_common_coefficients_where_an_instrument_has_none() -> None:
    one = recordings("a", count=1)
    alone = predicted(Coefficients(-1.0, 0.0, 0.0), {"Flute": Coefficients(2.0, 0.0, 0.0)}, one)
    assert alone[0, FLUTE] > 0.8 and alone[0, HARP] < 0.3
