"""Runs the harmony network over the note activations of a clip, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.arrays import FloatArray
from pipelines.music.note_activations import BLOCK_FRAMES, NOTE_HOP_SAMPLES, NOTE_SAMPLE_RATE, PITCHES

HARMONY_RUN_FRAMES = 2048
"""Three minutes."""
CONTEXT_FRAMES = 32
"""What the network hears before and after a frame: convolutions of 3 with dilations 1, 2, 4, 8, 16 and 1."""


def harmony_logits(harmony: Any, notes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(chords [frames, 37], keys [24]) for `notes` [frames, 2, 88], eleven a second; the keys are the mean over the clip.

    Chords are major, minor and dominant seventh on C, then on C sharp and so on, last none; keys are C major, C minor, C sharp
    major and so on. `harmony` is an onnxruntime session.
    """
    chords, keys = [], np.zeros(24, dtype=np.float64)
    for start in range(0, len(notes), HARMONY_RUN_FRAMES):
        end = min(len(notes), start + HARMONY_RUN_FRAMES)
        first, last = max(0, start - CONTEXT_FRAMES), min(len(notes), end + CONTEXT_FRAMES)
        of_chords, of_keys = harmony.run(["chords", "keys"], {"notes": notes[np.newaxis, first:last]})
        chords.append(of_chords[0, start - first : end - first])
        keys += of_keys[0, start - first : end - first].sum(axis=0)
    return np.concatenate(chords), (keys / len(notes)).astype(np.float32)


POOL_FRAMES = 8


HARMONY_HOP_SAMPLES = POOL_FRAMES * NOTE_HOP_SAMPLES


HARMONY_FRAMES_PER_SECOND = NOTE_SAMPLE_RATE / HARMONY_HOP_SAMPLES


HARMONY_BLOCK_FRAMES = BLOCK_FRAMES // POOL_FRAMES


def pooled_notes(notes: FloatArray, onsets: FloatArray) -> FloatArray:
    """[frames / 8, 2, 88] from [frames, 88] each: the mean of the notes, the strongest of the onsets, over 93 ms."""
    note = notes.reshape(-1, POOL_FRAMES, PITCHES).mean(axis=1)
    onset = onsets.reshape(-1, POOL_FRAMES, PITCHES).max(axis=1)
    return np.stack([note, onset], axis=1)
