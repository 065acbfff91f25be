"""Whether a clip has a tonal centre: chords, or a clear melody of several notes.

Drums and noise have neither; a hum has notes that are clear but few, and its harmonics look like a chord.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray
from pipelines.music.harmony.harmony_network import chroma_of

MIN_CHORD_PROB = 0.25
"""Mean probability of a chord from which there are chords: 0.01 for drums, 0.41 for a bass line with drums."""
MIN_CHORD_PITCH_CLASSES = 3
"""Pitch classes that begin, from which chords count: 1 for hums and sustained tones (tuning), 3 for the least of 54 modules and
songs."""
MIN_MELODY_PROB = 0.5
"""Mean activation of the clearest note from which it is a melody: at least 0.58 in 23 tunes (tuning) without chords, at most 0.42
in speech and 0.24 in drums and noise, but for one loop of drums, in which no note begins."""
MIN_MELODY_PITCH_CLASSES = 4
"""Pitch classes that begin, from which a melody counts: 5 in the least of these tunes."""
MIN_ONSET = 0.5
"""Activation of an onset from which a note begins."""
MIN_ONSET_SHARE = 0.04
"""Share of a pitch class in the notes that begin below which it is an error."""


@dataclass(frozen=True)
class Tonality:
    """What speaks for a tonal centre."""

    chord_prob: float
    """Mean probability that there is a chord, by the harmony network."""
    note_prob: float
    """Mean activation of the clearest note of each frame, weighted by level."""
    pitch_classes: int
    """Number of pitch classes of the notes that begin."""

    @property
    def has_centre(self) -> bool:
        """Whether there is a tonal centre."""
        has_chords = self.chord_prob >= MIN_CHORD_PROB and self.pitch_classes >= MIN_CHORD_PITCH_CLASSES
        return has_chords or (self.note_prob >= MIN_MELODY_PROB and self.pitch_classes >= MIN_MELODY_PITCH_CLASSES)


def tonality_of(notes: FloatArray, weights: FloatArray, chord_prob: float) -> Tonality:
    """Return the tonality of a clip.

    Args:
        notes: [frames, 2, 88], pooled notes and onsets.
        weights: [frames], 0 to 1 by level.
        chord_prob: mean probability that there is a chord.
    """
    clearest = notes[:, 0].max(axis=1)
    return Tonality(
        chord_prob, float(clearest @ weights / max(float(weights.sum()), 1e-9)), _beginning_pitch_classes(notes[:, 1])
    )


def _beginning_pitch_classes(onsets: FloatArray) -> int:
    """Return the number of pitch classes that begin more than now and then, from the activations [frames, 88] of onsets."""
    before, after = np.roll(onsets, 1, axis=0), np.roll(onsets, -1, axis=0)
    before[:1], after[-1:] = 0.0, 0.0
    begins = (onsets > MIN_ONSET) & (onsets >= before) & (onsets > after)
    counts = chroma_of(begins.astype(np.float32)).sum(axis=0)
    return int((counts > MIN_ONSET_SHARE * counts.sum()).sum())
