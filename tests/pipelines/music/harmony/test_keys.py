"""The key of a clip and of its parts, from what the networks might find."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arrays import DoubleArray, FloatArray
from pipelines.music.harmony.chord_recognition import CHORD_COUNT
from pipelines.music.harmony.crema import CremaActivations
from pipelines.music.harmony.harmonies import consistent_spans
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.harmony.key_detection import CLIP, clip_key_log_probs, find_key, key_weights, window_key_log_probs
from pipelines.music.harmony.key_evidence import (
    KEY_COUNT,
    LOCAL,
    HarmonyActivations,
    correlations,
    level_weights,
    melody_chroma,
)
from pipelines.music.harmony.key_spans import find_key_spans
from pipelines.music.harmony.notation import pitch_class
from pipelines.music.harmony.tonality import Tonality
from pipelines.music.harmony.types import Key, KeyCandidate, KeySpan

CHORD_SECONDS = 2.0
CADENCE = ((0, "maj"), (5, "maj"), (7, "maj"), (0, "maj"), (9, "min"), (2, "min"), (7, "maj"), (0, "maj"))
MINOR_CADENCE = ((0, "min"), (5, "min"), (7, "maj"), (0, "min"), (8, "maj"), (5, "min"), (7, "maj"), (0, "min"))
"""Semitones from the tonic, and kinds of chords."""
CHORDS = Tonality(chord_prob=0.9, note_prob=0.6, pitch_classes=7)


def activations(parts: list[tuple[int, tuple[tuple[int, str], ...], int]]) -> HarmonyActivations:
    """What networks that are certain would find in cadences; parts are (tonic, chords, repeats)."""
    frames = round(CHORD_SECONDS * HARMONY_FRAMES_PER_SECOND)
    rows = [((tonic + root) % 12, kind) for tonic, chords, repeats in parts for root, kind in chords * repeats]
    chord = np.full((len(rows), CHORD_COUNT), 0.05 / CHORD_COUNT, dtype=np.float32)
    pitch, root = np.full((len(rows), 12), 0.03, dtype=np.float32), np.full((len(rows), 13), 0.01, dtype=np.float32)
    for i, (name, kind) in enumerate(rows):
        chord[i, 3 * name + (kind == "min")] += 0.95
        pitch[i, [name, (name + 3 + (kind == "maj")) % 12, (name + 7) % 12]] = 0.9
        root[i, name] += 0.85
    held: list[FloatArray] = [np.repeat(array, frames, axis=0) for array in (chord, pitch, root)]
    logits, weights = np.zeros((len(held[0]), KEY_COUNT), dtype=np.float32), np.ones(len(held[0]), dtype=np.float32)
    crema = CremaActivations(held[0], held[1], held[2], held[2])
    return HarmonyActivations(held[0], logits, held[1], held[2][:, :12], crema, weights)


def probabilities_of(found: HarmonyActivations) -> DoubleArray:
    return clip_key_log_probs(found, window_key_log_probs(found))


def turned(found: HarmonyActivations, semitones: int) -> HarmonyActivations:
    def turn(columns: FloatArray, step: int) -> FloatArray:
        used = 12 * step
        return np.concatenate([np.roll(columns[:, :used], semitones * step, axis=1), columns[:, used:]], axis=1)

    crema = found.crema
    crema = CremaActivations(turn(crema.chords, 3), turn(crema.pitch, 1), turn(crema.root, 1), turn(crema.bass, 1))
    melody = turn(found.melody, 1)
    return HarmonyActivations(turn(found.chords, 3), turn(found.keys, 2), turn(found.chroma, 1), melody, crema, found.weights)


@pytest.mark.parametrize(("chords", "mode"), [(CADENCE, "major"), (MINOR_CADENCE, "minor")])
@pytest.mark.parametrize("tonic", [0, 3, 10])
def test_a_cadence_has_its_key_and_not_the_relative_one(tonic: int, chords: tuple[tuple[int, str], ...], mode: str) -> None:
    key = find_key(probabilities_of(activations([(tonic, chords, 2)])), CHORDS)
    assert key is not None and (pitch_class(key.tonic), key.mode) == (tonic, mode)
    assert key.confidence > max((other.confidence for other in key.alternatives), default=0)


@given(st.integers(0, 11), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_transposed_clip_has_the_transposed_key(semitones: int, seed: int) -> None:
    found = activations([(0, CADENCE, 1)])
    noise = np.random.default_rng(seed).uniform(0, 0.5, found.chroma.shape).astype(np.float32)
    here = replace(found, chroma=found.chroma + noise)
    moved = np.roll(probabilities_of(here), 2 * semitones)
    np.testing.assert_allclose(probabilities_of(turned(here, semitones)), moved, atol=1e-4)


def test_the_probabilities_of_all_keys_add_up() -> None:
    log_probs = probabilities_of(activations([(7, MINOR_CADENCE, 1)]))
    assert np.exp(log_probs).sum() == pytest.approx(1)
    key = find_key(log_probs, CHORDS)
    assert key is not None and key.confidence + sum(other.confidence for other in key.alternatives) <= 1.001


def test_there_is_no_key_without_chords_or_without_a_best_one() -> None:
    certain = probabilities_of(activations([(0, CADENCE, 1)]))
    assert find_key(certain, Tonality(0.1, 0.3, 9)) is None
    assert find_key(np.full(KEY_COUNT, -np.log(KEY_COUNT)), CHORDS) is None


def test_a_modulation_is_found_where_it_is_and_the_same_key_is_one_span() -> None:
    found = activations([(0, CADENCE, 3), (4, MINOR_CADENCE, 3)])
    duration = len(found.chords) / HARMONY_FRAMES_PER_SECOND
    spans = find_key_spans(found, window_key_log_probs(found), duration)
    assert [span.key.name for span in spans] == ["C major", "E minor"]
    assert spans[0].end == pytest.approx(duration / 2, abs=6)
    assert spans[0].start == 0 and spans[-1].end == pytest.approx(duration, abs=0.01)
    assert all(one.end == other.start for one, other in pairwise(spans))
    steady = activations([(0, CADENCE, 6)])
    assert [span.key.name for span in find_key_spans(steady, window_key_log_probs(steady), duration)] == ["C major"]


def test_the_shortest_clip_has_one_span() -> None:
    found = activations([(0, CADENCE[:1], 1)])
    (span,) = find_key_spans(found, window_key_log_probs(found), 0.3)
    assert (span.start, span.end) == (0.0, 0.3)


def test_silence_has_no_weight_and_equal_amounts_speak_for_no_key() -> None:
    assert level_weights(np.zeros(4, dtype=np.float32)).max() == 0
    np.testing.assert_allclose(level_weights(np.array([1.0, 0.5, 0.05, 0.0], dtype=np.float32)), [1, 1, 0.5, 0])
    assert not correlations(((1.0,) + (0.0,) * 11,), np.ones(12)).any()


def test_the_melody_is_the_highest_clear_note() -> None:
    notes = np.full((2, 88), 0.1, dtype=np.float32)
    notes[0, [3, 15, 43]] = 0.8
    melody = melody_chroma(notes)
    assert melody[0].tolist() == [0.0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0] and not melody[1].any()


def test_every_kind_of_evidence_has_a_weight() -> None:
    assert set(key_weights()["clip"]) == set(CLIP)
    assert set(key_weights()["part"]) == set(LOCAL)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["F major"], ["F major"]),
        (["Bb major"], ["F major"]),
        (["Bb major", "F major"], ["Bb major", "F major"]),
        (["Bb major", "C major", "Bb major"], ["F major"]),
    ],
)
def test_the_keys_of_the_parts_never_contradict_the_key_of_the_clip(names: list[str], expected: list[str]) -> None:
    def candidate(name: str) -> KeyCandidate:
        tonic, mode = name.split()
        return KeyCandidate(tonic, "major" if mode == "major" else "minor", 0.6)

    spans = tuple(KeySpan(10.0 * i, 10.0 * (i + 1), candidate(name)) for i, name in enumerate(names))
    found = consistent_spans(Key("F", "major", 0.64, (candidate("Bb major"),)), spans, 10.0 * len(names))
    assert [span.key.name for span in found] == expected
    assert (found[0].start, found[-1].end) == (0.0, 10.0 * len(names))
