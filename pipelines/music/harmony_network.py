"""Runs the harmony network over the note activations of a clip, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.harmony_features import Floats

HARMONY_RUN_FRAMES = 2048
"""Three minutes."""
CONTEXT_FRAMES = 32
"""What the network hears before and after a frame: convolutions of 3 with dilations 1, 2, 4, 8, 16 and 1."""


def harmony_logits(harmony: Any, notes: Floats) -> tuple[Floats, Floats]:
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
