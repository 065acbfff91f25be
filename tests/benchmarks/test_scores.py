from __future__ import annotations

import pytest

from benchmarks.accuracy.scores import Reading, scores
from benchmarks.accuracy.tracks import Annotation

BEATS = tuple(0.5 * i for i in range(60))


def test_only_what_is_known_is_measured() -> None:
    assert scores(Annotation(), Reading(bpm=120, key="C major")) == {}
    assert set(scores(Annotation(bpm=120, is_octave_known=False), Reading(bpm=60))) == {"tempo but for octaves"}


@pytest.mark.parametrize(("bpm", "exact", "but_for_octaves"), [(124, 1, 1), (60, 0, 1), (240, 0, 1), (90, 0, 0), (0, 0, 0)])
def test_a_tempo_is_right_within_four_per_cent(bpm: float, exact: float, but_for_octaves: float) -> None:
    found = scores(Annotation(bpm=120), Reading(bpm=bpm))
    assert (found["tempo"], found["tempo but for octaves"]) == (exact, but_for_octaves)


def test_of_several_grids_the_best_counts() -> None:
    found = scores(Annotation(beats=(BEATS, BEATS[::2])), Reading(beats=BEATS[::2]))
    assert found["beats"] == 1


@pytest.mark.parametrize(("key", "exact", "weighted"), [("Db major", 1, 1), ("Bb minor", 0, 0.3), ("", 0, 0)])
def test_keys_are_compared_by_what_they_sound_like(key: str, exact: float, weighted: float) -> None:
    found = scores(Annotation(key="C# major"), Reading(key=key))
    assert found["key"] == exact and found["key, weighted"] == pytest.approx(weighted)


def test_silence_about_chords_and_sections_scores_nothing() -> None:
    truth = Annotation(chords=((0.0, 9.0, "C:maj"),), sections=((0.0, 5.0, "A"), (5.0, 9.0, "B")))
    assert set(scores(truth, Reading()).values()) == {0.0}


def test_instruments_are_measured_by_precision_unless_others_may_play() -> None:
    reading = Reading(instruments=("Piano", "Guitar"))
    assert scores(Annotation(instruments=("Piano",)), reading)["instruments"] == 0.5
    assert scores(Annotation(instruments=("Piano",), has_other_instruments=True), reading) == {}
