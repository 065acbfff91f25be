"""What the harmony network hears: how strongly each of 88 notes sounds and begins, eleven times a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.music.note_activations import (
    BLOCK_FRAMES,
    NOTE_HOP_SAMPLES,
    NOTE_SAMPLE_RATE,
    PITCHES,
)

POOL_FRAMES = 8
HARMONY_HOP_SAMPLES = POOL_FRAMES * NOTE_HOP_SAMPLES
HARMONY_FRAMES_PER_SECOND = NOTE_SAMPLE_RATE / HARMONY_HOP_SAMPLES
HARMONY_BLOCK_FRAMES = BLOCK_FRAMES // POOL_FRAMES

Floats = NDArray[np.float32]


def pooled_notes(notes: Floats, onsets: Floats) -> Floats:
    """[frames / 8, 2, 88] from [frames, 88] each: the mean of the notes, the strongest of the onsets, over 93 ms."""
    note = notes.reshape(-1, POOL_FRAMES, PITCHES).mean(axis=1)
    onset = onsets.reshape(-1, POOL_FRAMES, PITCHES).max(axis=1)
    return np.stack([note, onset], axis=1)
