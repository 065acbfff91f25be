"""Which clips have a tonal centre."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.music.harmony.note_activations import PITCHES
from pipelines.music.harmony.tonality import tonality_of

FRAMES_PER_NOTE = 4
SCALE = (40, 42, 44, 45, 47, 49, 51, 52)
DRUMS = tuple(range(20, 32)) * 2


def notes(pitches: tuple[int, ...], level: float = 0.8, onset: float = 0.9) -> FloatArray:
    """What Basic Pitch might find in single notes one after the other: [frames, 2, 88]."""
    found = np.full((len(pitches) * FRAMES_PER_NOTE, 2, PITCHES), 0.1, dtype=np.float32)
    for i, pitch in enumerate(pitches):
        found[i * FRAMES_PER_NOTE : (i + 1) * FRAMES_PER_NOTE, 0, pitch] = level
        found[i * FRAMES_PER_NOTE, 1, pitch] = onset
    return found


@pytest.mark.parametrize(
    ("found", "chord_prob", "expected"),
    [
        (notes(SCALE), 0.02, True),
        (notes(SCALE, level=0.3), 0.02, False),
        (notes((40,) * 8), 0.02, False),
        (notes((40, 44) * 8), 0.34, False),
        (notes((40, 44, 47) * 8, level=0.3), 0.34, True),
        (notes(DRUMS, level=0.3), 0.05, False),
        (notes(SCALE, onset=0.2), 0.5, False),
    ],
    ids=[
        "a melody",
        "an unclear one",
        "one note",
        "a hum with a chord of harmonics",
        "chords",
        "drums",
        "no note begins",
    ],
)
def test_a_centre_needs_chords_or_a_clear_melody(found: FloatArray, chord_prob: float, expected: bool) -> None:
    assert tonality_of(found, np.ones(len(found), dtype=np.float32), chord_prob).has_centre is expected


def test_silence_has_no_centre() -> None:
    silent = np.zeros((8, 2, PITCHES), dtype=np.float32)
    assert not tonality_of(silent, np.zeros(8, dtype=np.float32), 0.9).has_centre
