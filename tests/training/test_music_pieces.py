"""Composed pieces agree with their annotations: every style, rendered and not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pipelines.music.harmony.notation import SHARPS
from pipelines.music.harmony.note_activations import LOWEST_PITCH
from training.data.recording_effects import augment
from training.music.pieces.composition import styled_piece
from training.music.pieces.piece import BASS, CHORDS, DRUM_CHANNEL, Piece
from training.music.pieces.plan import marks_every_beat
from training.music.pieces.rendering import TEST_SOUNDFONT, Synthesizer, midi_of, render
from training.music.pieces.styles import STYLES

RATE = 22_050


@pytest.fixture(scope="module")
def pieces() -> list[Piece]:
    """One of each style."""
    return [styled_piece(seed, "validation") for seed in range(len(STYLES))]


def test_the_same_seed_is_the_same_piece_and_splits_differ() -> None:
    assert styled_piece(3, "test") == styled_piece(3, "test")
    assert styled_piece(3, "test") != styled_piece(3, "validation") != styled_piece(3, "train")


def test_annotations_are_consistent(pieces: list[Piece]) -> None:
    for piece, style in zip(pieces, STYLES, strict=True):
        truth = piece.truth
        assert style.slowest_bpm * 0.95 <= truth.bpm <= style.fastest_bpm * 1.05
        assert (truth.beats_per_bar, truth.beat_unit) == (style.beats_per_bar, style.beat_unit)
        gaps = np.diff(truth.beats)
        np.testing.assert_allclose(gaps, 60 / truth.bpm, rtol=0.1)
        assert all(other == one % truth.beats_per_bar + 1 for one, other in pairwise(truth.positions))
        for spans in (truth.chords, truth.sections):
            assert all(one.end == pytest.approx(other.start) for one, other in pairwise(spans))
        downbeats = [beat for beat, position in zip(truth.beats, truth.positions, strict=True) if position == 1]
        assert truth.sections[0].start == pytest.approx(downbeats[0])
        assert 30 < piece.duration < 130


def test_played_chords_are_the_annotated_ones(pieces: list[Piece]) -> None:
    for piece in pieces:
        edges = np.array([span.start for span in piece.truth.chords])
        matching = 0
        counted = [note for note in piece.notes if note.channel == CHORDS]
        for note in counted:
            span = piece.truth.chords[max(0, int(np.searchsorted(edges, note.start + 0.06)) - 1)]
            root, _, quality = span.label.partition(":")
            thirds = (3,) if quality in ("min", "min7", "dim") else (4,)
            matching += (note.pitch - SHARPS.index(root)) % 12 in (0, *thirds, 6, 7, 10, 11)
        assert matching > 0.97 * len(counted)


def test_every_style_can_mark_its_beats_without_drums_and_tune() -> None:
    for style in STYLES:
        assert any(marks_every_beat(style, bass, chords) for bass in style.bass for chords in style.chords), style.name
        bar = style.beats_per_bar * style.steps_per_beat
        patterns = [*style.bass, *style.chords, *(pattern for drums in style.drums for pattern in drums.values())]
        assert {len(pattern) for pattern in patterns} == {bar}, style.name


def test_midi_has_every_note_at_its_millisecond(pieces: list[Piece]) -> None:
    midi = midi_of(pieces[0])
    started = sum(message.type == "note_on" and message.velocity > 0 for message in midi.tracks[0])
    assert started == len(pieces[0].notes)
    assert midi.length == pytest.approx(pieces[0].duration + 1, abs=0.01)


def test_a_rendered_piece_sounds_when_it_should(pieces: list[Piece]) -> None:
    piece = pieces[2]
    sound = render(piece, Synthesizer(TEST_SOUNDFONT, RATE, 0.0))
    assert len(sound) / RATE == pytest.approx(piece.duration, abs=5)
    first = piece.notes[0].start
    level = np.abs(sound)
    assert level[: round(max(0, first - 0.03) * RATE)].max(initial=0) < 0.02
    assert level[round(first * RATE) : round((first + 0.3) * RATE)].max() > 0.02


def test_augmentation_keeps_length_and_timing() -> None:
    rng = np.random.default_rng(0)
    clicks = np.zeros(4 * RATE, dtype=np.float32)
    clicks[RATE // 2 :: RATE // 2] = 1
    for seed in range(8):
        augmented = augment(clicks, RATE, np.random.default_rng(seed), rng.normal(0, 0.1, RATE).astype(np.float32))
        assert augmented.shape == clicks.shape and np.isfinite(augmented).all() and np.abs(augmented).max() <= 1.2
        match = np.fft.irfft(np.fft.rfft(augmented) * np.conj(np.fft.rfft(clicks)))
        shift = int(match.argmax()) % (RATE // 2)
        assert min(shift, RATE // 2 - shift) < 0.005 * RATE


def test_channels_and_pitches_are_in_range(pieces: list[Piece]) -> None:
    for piece in pieces:
        assert {note.channel for note in piece.notes} <= {*piece.programs, DRUM_CHANNEL}
        assert all(0 <= note.start < note.end and LOWEST_PITCH - 9 <= note.pitch <= 127 for note in piece.notes)
        assert any(note.channel == BASS for note in piece.notes)
