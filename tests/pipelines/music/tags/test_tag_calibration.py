"""Instruments are named as far as recordings of known instruments show that they can be told apart."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.music.tags.tag_calibration import (
    CALIBRATION_FILE,
    families,
    instrument_log_odds,
    margins,
    tag_calibration,
)
from pipelines.music.tags.tag_fusion import INSTRUMENT_COLUMNS, best_tags, clip_confidences, probability
from pipelines.music.tags.tag_table import INSTRUMENTS, TABLE

NAMES = [row.name for row in INSTRUMENTS]


def evidence(**values: float) -> FloatArray:
    """One segment; an underscore stands for a space."""
    found = np.full((1, len(INSTRUMENTS)), -6, dtype=np.float32)
    for name, value in values.items():
        found[0, NAMES.index(name.replace("_", " "))] = value
    return found


def confidence(name: str, found: FloatArray) -> float:
    return float(probability(instrument_log_odds(found))[0, NAMES.index(name)])


def named(found: FloatArray) -> list[str]:
    table = np.zeros(len(TABLE), dtype=np.float32)
    table[INSTRUMENT_COLUMNS] = probability(instrument_log_odds(found))[0]
    return [tag.name for tag in best_tags(table, "instrument", 5)]


def test_a_rival_makes_an_instrument_less_likely_and_a_relative_does_not() -> None:
    alone = confidence("Trombone", evidence(Trombone=2, Brass=2))
    assert confidence("Trombone", evidence(Trombone=2, Brass=2, Trumpet=5)) < 0.7 * alone
    assert confidence("Trombone", evidence(Trombone=2, Brass=5)) == pytest.approx(alone)
    assert confidence("Brass", evidence(Brass=5, Trumpet=5, Trombone=2)) == pytest.approx(confidence("Brass", evidence(Brass=5)))


def test_a_trumpet_does_not_bring_a_trombone() -> None:
    found = named(evidence(Trumpet=5, Brass=5, Wind=5, Trombone=2, French_horn=1))
    assert found == ["Trumpet"]


def test_a_family_is_named_where_none_of_its_members_is_sure() -> None:
    found = named(evidence(Wind=4, Brass=4, Trumpet=0, Trombone=0))
    assert found[:1] in (["Brass"], ["Wind"])


def test_margins_are_over_single_instruments_that_are_not_related() -> None:
    found = margins(evidence(Guitar=1, Electric_guitar=3, Plucked_strings=4, Piano=2))
    assert found[0, NAMES.index("Guitar")] == pytest.approx(1 - 2)
    assert found[0, NAMES.index("Plucked strings")] == pytest.approx(4 - 2)
    assert found[0, NAMES.index("Piano")] == pytest.approx(2 - 3)


def test_families_are_listed_from_the_nearest_to_the_widest() -> None:
    rows = dict(zip(NAMES, INSTRUMENTS, strict=True))
    assert families(rows["Electric piano"]) == ("Piano", "Keyboard")
    assert families(rows["Trumpet"]) == ("Brass", "Wind")
    assert families(rows["Wind"]) == ()


def test_an_instrument_that_was_not_right_often_enough_is_never_named() -> None:
    unnamed = [name for name in NAMES if name not in tag_calibration().named_from]
    assert unnamed
    for name in unnamed:
        assert name not in named(evidence(**{name: 20}))


def test_the_fitted_table_is_of_instruments_and_none_of_its_factors_is_negative() -> None:
    table = json.loads(CALIBRATION_FILE.read_text(encoding="utf-8"))
    assert set(table["own"]) <= set(NAMES)
    assert all(one["evidence"] >= 0 and one["margin"] >= 0 for one in (table["common"], *table["own"].values()))


def test_a_clip_is_as_sure_as_the_mean_log_odds_of_its_music() -> None:
    segments = np.array([[0.9, 0.5], [0.1, 0.5]], dtype=np.float32)
    np.testing.assert_allclose(clip_confidences(segments), [0.5, 0.5], atol=1e-6)
