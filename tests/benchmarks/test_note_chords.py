"""The truth of chords from known notes."""

from __future__ import annotations

from benchmarks.accuracy.readers.note_chords import note_chords

BEATS = (0.0, 1.0, 2.0, 3.0)


def test_only_what_is_exactly_one_chord_has_a_label() -> None:
    triad = [(0.0, 1.0, pitch) for pitch in (48, 64, 67)]
    cluster = [(1.0, 2.0, pitch) for pitch in (60, 61, 62)]
    seventh = [(2.0, 3.0, pitch) for pitch in (43, 59, 62, 65)]
    found = note_chords(triad + cluster + seventh, BEATS)
    assert found == ((0.0, 1.0, "C:maj"), (1.0, 2.0, "X"), (2.0, 3.0, "G:7"))


def test_a_short_passing_note_does_not_count_and_a_held_one_does() -> None:
    held = [(0.0, 3.0, pitch) for pitch in (45, 60, 64)]
    passing = [(1.0, 1.1, 62)]
    assert note_chords(held + passing, BEATS) == ((0.0, 3.0, "A:min"),)


def test_a_single_note_is_no_chord() -> None:
    sixth = [(0.0, 3.0, pitch) for pitch in (45, 60, 64, 67)]  # A minor seventh
    assert note_chords(sixth, BEATS) == ((0.0, 3.0, "A:min7"),)
    assert note_chords([(0.0, 3.0, 60)], BEATS) == ((0.0, 3.0, "X"),)
