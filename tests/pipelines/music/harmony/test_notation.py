"""Pitch classes of chords."""

from __future__ import annotations

import pytest

from pipelines.music.harmony.chord_recognition import NO_CHORD, chord_name
from pipelines.music.harmony.notation import FLATS, SHARPS, pitch_class, pitch_classes


@pytest.mark.parametrize(("name", "classes"), [("C:maj", (0, 4, 7)), ("F#:min", (6, 9, 1)), ("Bb:7", (10, 2, 5, 8))])
def test_a_chord_has_its_pitch_classes_with_the_root_first(name: str, classes: tuple[int, ...]) -> None:
    assert pitch_classes(name) == classes


def test_every_chord_that_is_recognised_can_be_played() -> None:
    for spelling in (SHARPS, FLATS):
        for index in range(NO_CHORD):
            name = chord_name(index, spelling)
            assert pitch_classes(name)[0] == pitch_class(name.partition(":")[0])
