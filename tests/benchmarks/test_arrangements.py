"""Sections that follow from who plays when."""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.arrangements.arrangement import Arrangement, Bar, change
from benchmarks.accuracy.arrangements.modules import PlayedRow, module_arrangement
from benchmarks.accuracy.arrangements.projects import project_arrangement

VERSE: Bar = {"drums": frozenset({36}), "bass": frozenset({0, 7})}
CHORUS: Bar = {"drums": frozenset({36}), "bass": frozenset({5, 9}), "lead": frozenset({5})}


def arrangement(*bars: Bar) -> Arrangement:
    return Arrangement(tuple(2.0 * bar for bar in range(len(bars) + 1)), bars)


def test_a_section_begins_where_voices_enter_and_other_notes_are_played() -> None:
    found = arrangement(*[VERSE] * 8, *[CHORUS] * 8, *[VERSE] * 8).sections(49.0)
    assert found == ((0.0, 16.0, "1"), (16.0, 32.0, "2"), (32.0, 49.0, "1"))


def test_silent_bars_belong_to_the_first_section() -> None:
    assert arrangement({}, {}, *[VERSE] * 8).sections(20.0) == ((0.0, 20.0, "1"),)


def test_nothing_played_has_no_sections() -> None:
    assert arrangement({}, {}).sections(4.0) == ()


def test_a_voice_of_three_that_plays_half_as_often_is_a_sixth_of_the_change() -> None:
    rest: Bar = {"drums": frozenset({36}), "bass": frozenset({0})}
    full: Bar = {**rest, "lead": frozenset({5})}
    np.testing.assert_allclose(change((full, full), (full, rest)), 1 / 6)


def test_a_pattern_of_a_module_begins_a_bar_and_instruments_last_on_their_channel() -> None:
    rows = [PlayedRow(0.1 * row, row // 20, row % 20, ((60 if row % 4 == 0 else 0, 3 if row == 0 else 0),)) for row in range(40)]
    found = module_arrangement(rows, 64, 4.0)
    np.testing.assert_allclose(found.times, [0.0, 1.6, 2.0, 3.6, 4.0])
    assert all(bar == {"3": frozenset({0})} for bar in found.bars)


def test_a_beat_pattern_and_the_notes_of_an_instrument_are_voices_of_a_project() -> None:
    found = project_arrangement(
        '<lmms-project><head bpm="120" timesig_numerator="4" timesig_denominator="4"/><song><trackcontainer>'
        '<track type="1" muted="0"><bbtco pos="0" len="384"/></track>'
        '<track type="0" muted="0"><pattern pos="192" muted="0"><note pos="0" len="-192" key="57"/></pattern></track>'
        '<track type="0" muted="1"><pattern pos="0" muted="0"><note pos="0" len="48" key="57"/></pattern></track>'
        "</trackcontainer></song></lmms-project>"
    )
    assert found.times == (0.0, 2.0, 4.0)
    assert found.bars == ({"0": frozenset({0})}, {"0": frozenset({0}), "1": frozenset({9})})
