from __future__ import annotations

import pytest

from models.errors import InvalidOption
from pipelines.music.rhythm.types import Beats
from pipelines.notes.notes import Note, without_overlaps
from pipelines.notes.quantisation import quantised, scaled_velocities

BEATS = Beats(tuple(0.5 * beat for beat in range(20)), tuple(beat % 4 + 1 for beat in range(20)), 4, 4, 0.9)


def note(onset: float, offset: float, pitch: int = 60, velocity: int = 80) -> Note:
    return Note(onset, offset, pitch, velocity, "Piano")


@pytest.mark.parametrize(("strength", "onset"), [(0.0, 1.04), (0.5, 1.02), (1.0, 1.0)])
def test_onsets_are_drawn_to_the_grid_by_the_strength(strength: float, onset: float) -> None:
    (found,) = quantised([note(1.04, 1.5)], BEATS, 4, strength)
    assert (found.onset, found.duration) == pytest.approx((onset, 0.46))


def test_the_grid_has_triplets_too() -> None:
    (found,) = quantised([note(1.15, 1.4)], BEATS, 3)
    assert found.onset == pytest.approx(1 + 0.5 / 3, abs=1e-3)


def test_without_beats_notes_stay() -> None:
    assert quantised([note(1.04, 1.5)], None, 4) == (note(1.04, 1.5),)


def test_a_note_ends_where_its_pitch_begins_anew() -> None:
    assert without_overlaps([note(1.0, 2.5), note(2.0, 3.0), note(1.0, 2.5, 64)]) == (
        note(1.0, 2.0),
        note(1.0, 2.5, 64),
        note(2.0, 3.0),
    )


def test_velocities_stay_within_those_of_midi() -> None:
    assert [found.velocity for found in scaled_velocities([note(0, 1, 60, 100), note(0, 1, 60, 1)], 1.5)] == [127, 2]
    assert scaled_velocities([note(0, 1)], 0.0)[0].velocity == 1


@pytest.mark.parametrize(("division", "strength"), [(5, 1.0), (4, 1.5)])
def test_other_grids_and_strengths_are_refused(division: int, strength: float) -> None:
    with pytest.raises(InvalidOption):
        quantised([note(0, 1)], BEATS, division, strength)
