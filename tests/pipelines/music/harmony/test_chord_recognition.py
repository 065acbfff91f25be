"""Chords from what the networks might find, and the names of keys and chords."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arrays import FloatArray
from pipelines.music.harmony.chord_recognition import (
    CHANGE_COST,
    CHORD_COUNT,
    GRID_SECONDS,
    NO_CHORD,
    chord_grid,
    chord_name,
    chord_probability,
    find_chords,
    fused_log_probs,
)
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.harmony.notation import (
    FLATS,
    SHARPS,
    pitch_class,
    spelling,
    tonic_name,
)
from pipelines.music.harmony.viterbi import best_path

C_MAJOR, A_MINOR, G_SEVENTH = 0, 9 * 3 + 1, 7 * 3 + 2


def chord_logits(spans: list[tuple[float, float, int]], duration: float) -> FloatArray:
    """[frames, 37] logits in which the chord of each span stands out a little, with noise."""
    logits = (
        np.random.default_rng(0).normal(0, 1.0, (round(duration * HARMONY_FRAMES_PER_SECOND), CHORD_COUNT)).astype(np.float32)
    )
    for start, end, chord in spans:
        logits[round(start * HARMONY_FRAMES_PER_SECOND) : round(end * HARMONY_FRAMES_PER_SECOND), chord] += 4
    return logits


def probabilities(logits: FloatArray) -> FloatArray:
    found: FloatArray = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    return found


def test_the_probability_of_a_chord_does_not_need_a_best_one() -> None:
    certain, none = chord_logits([(0.0, 6.0, C_MAJOR)], 6), chord_logits([(0.0, 6.0, NO_CHORD)], 6)
    undecided = np.zeros((64, CHORD_COUNT), dtype=np.float32)
    undecided[:, NO_CHORD] = 1.0
    assert chord_probability(certain) > 0.95 and chord_probability(none) < 0.6
    assert chord_probability(undecided) > 0.9


def test_chords_change_at_beats_and_cover_the_clip() -> None:
    beats = tuple(np.arange(0.5, 12, 0.5).tolist())
    spans = [(0.0, 0.5, NO_CHORD), (0.5, 4.5, C_MAJOR), (4.5, 6.5, A_MINOR), (6.5, 12.0, G_SEVENTH)]
    chords = find_chords(probabilities(chord_logits(spans, 12)), 12.0, beats, FLATS)
    assert [(chord.start, chord.end, chord.name) for chord in chords] == [
        (0.0, 0.5, "N"),
        (0.5, 4.5, "C:maj"),
        (4.5, 6.5, "A:min"),
        (6.5, 12.0, "G:7"),
    ]
    for chord in chords:
        assert chord.confidence > max((other.confidence for other in chord.alternatives), default=0)


@given(
    beats=st.lists(st.floats(-1, 40), max_size=30).map(lambda times: tuple(sorted(times))),
    duration=st.floats(0.2, 30),
    seed=st.integers(0, 100),
)
@settings(max_examples=30, deadline=None)
def test_any_beats_give_chords_without_gaps(beats: tuple[float, ...], duration: float, seed: int) -> None:
    edges = chord_grid(beats, duration)
    assert edges[0] == 0 and edges[-1] == duration
    assert (np.diff(edges) >= 0).all() and (np.diff(edges) <= 3 * GRID_SECONDS + 1e-9).all()
    frames = max(1, round(duration * HARMONY_FRAMES_PER_SECOND))
    chords = find_chords(
        probabilities(np.random.default_rng(seed).normal(0, 2, (frames, CHORD_COUNT)).astype(np.float32)), duration, beats
    )
    assert chords[0].start == 0 and chords[-1].end == pytest.approx(duration, abs=1e-3)
    assert all(one.end == other.start and one.name != other.name for one, other in pairwise(chords))


@given(st.integers(0, 10_000), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_the_path_is_the_best_of_all(seed: int, steps: int) -> None:
    evidence = np.random.default_rng(seed).normal(0, 2, (steps, 4))

    def score(path: tuple[int, ...]) -> float:
        changes = sum(one != other for one, other in pairwise(path))
        return float(sum(evidence[i, chord] for i, chord in enumerate(path)) - CHANGE_COST * changes)

    found = tuple(best_path(evidence, CHANGE_COST).tolist())
    assert score(found) == pytest.approx(max(score(path) for path in product(range(4), repeat=steps)))


@pytest.mark.parametrize(
    ("tonic", "mode", "name"),
    [(10, "major", "Bb"), (6, "major", "F#"), (8, "minor", "G#"), (10, "minor", "Bb"), (3, "minor", "D#")],
)
def test_keys_are_spelled_as_musicians_do(tonic: int, mode: str, name: str) -> None:
    assert tonic_name(tonic, mode) == name  # type: ignore[arg-type]
    assert spelling(name, mode)[tonic] == name  # type: ignore[arg-type]


def test_every_name_is_known_and_read_back() -> None:
    assert [pitch_class(name) for name in SHARPS] == [pitch_class(name) for name in FLATS] == list(range(12))
    names = {chord_name(i) for i in range(CHORD_COUNT)}
    assert len(names) == CHORD_COUNT and {"N", "C:maj", "A#:7"} <= names


@pytest.mark.parametrize(("own", "crema", "is_chord"), [(0.99, 0.02, True), (0.02, 0.99, True), (0.99, 0.99, False)])
def test_there_is_no_chord_only_where_both_networks_say_so(own: float, crema: float, is_chord: bool) -> None:
    f_major = 5 * 3

    def probs(no_chord: float) -> FloatArray:
        row = np.full((1, CHORD_COUNT), 0.1 * (1 - no_chord) / (CHORD_COUNT - 2), np.float32)
        row[0, [f_major, NO_CHORD]] = 0.9 * (1 - no_chord), no_chord
        return row

    fused = fused_log_probs(np.log(probs(own)), probs(crema))[0]
    assert int(fused.argmax()) == (f_major if is_chord else NO_CHORD)
    assert np.exp(fused).sum() == pytest.approx(1.0, abs=1e-5)
