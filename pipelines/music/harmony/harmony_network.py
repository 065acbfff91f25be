"""Runs the harmony network over the note activations of a clip, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.arrays import FloatArray
from pipelines.music.harmony.note_activations import LOWEST_PITCH, NOTE_HOP_SAMPLES, NOTE_SAMPLE_RATE, PITCHES

POOL_FRAMES = 8
"""Note frames that are pooled to one of the harmony network: 93 ms."""
HARMONY_HOP_SAMPLES = POOL_FRAMES * NOTE_HOP_SAMPLES
HARMONY_FRAMES_PER_SECOND = NOTE_SAMPLE_RATE / HARMONY_HOP_SAMPLES
HARMONY_RUN_FRAMES = 2048
"""Frames of one run: three minutes."""
CONTEXT_FRAMES = 32
"""Receptive field before and after a frame: convolutions of 3 with dilations 1, 2, 4, 8, 16 and 1."""


def harmony_logits(harmony: Any, notes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Run the harmony network.

    Args:
        harmony: its onnxruntime session.
        notes: [frames, 2, 88] as `pooled_notes` returns them, 10.8 a second.

    Returns:
        (chord logits [frames, 37], key logits [frames, 24]). Chords are major, minor and dominant seventh on C, then
        on C sharp and so on, last no chord; keys are C major, C minor, C sharp major and so on.
    """
    chords, keys = [], []
    for start in range(0, len(notes), HARMONY_RUN_FRAMES):
        end = min(len(notes), start + HARMONY_RUN_FRAMES)
        first, last = max(0, start - CONTEXT_FRAMES), min(len(notes), end + CONTEXT_FRAMES)
        chord_logits, key_logits = harmony.run(["chords", "keys"], {"notes": notes[np.newaxis, first:last]})
        chords.append(chord_logits[0, start - first : end - first])
        keys.append(key_logits[0, start - first : end - first])
    return np.concatenate(chords), np.concatenate(keys)


def pooled_notes(notes: FloatArray, onsets: FloatArray) -> FloatArray:
    """Return [frames / 8, 2, 88] from [frames, 88] each: the mean of the notes and the maximum of the onsets over 93 ms."""
    note = notes.reshape(-1, POOL_FRAMES, PITCHES).mean(axis=1)
    onset = onsets.reshape(-1, POOL_FRAMES, PITCHES).max(axis=1)
    return np.stack([note, onset], axis=1)


def chroma_of(notes: FloatArray) -> FloatArray:
    """Return the chroma [frames, 12], C first: the sum of the activations of `notes` [frames, 88] over the octaves."""
    from librosa import midi_to_hz
    from librosa.filters import cq_to_chroma

    chroma: FloatArray = notes @ cq_to_chroma(PITCHES, fmin=midi_to_hz(LOWEST_PITCH), dtype=np.float32).T
    return chroma
