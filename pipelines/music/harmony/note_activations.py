"""Note activations of Basic Pitch: one network for all instruments, trained on real recordings.

Bittner et al. 2022, "A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription and Multipitch Estimation".

The model has windows of 2 s, and its outputs are wrong near their ends, so windows overlap and only their middles are kept; the
distance between windows is a whole number of frames, so that times do not drift.
"""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

import numpy as np

from models.arrays import FloatArray

NOTE_SAMPLE_RATE = 22_050
NOTE_HOP_SAMPLES = 256
WINDOW_SAMPLES = 43_844
WINDOW_FRAMES = 172
EDGE_FRAMES = 15
"""Frames that are dropped at both ends of a window."""
KEPT_FRAMES = WINDOW_FRAMES - 2 * EDGE_FRAMES
WINDOWS_PER_BLOCK = 16
BLOCK_FRAMES = WINDOWS_PER_BLOCK * KEPT_FRAMES
BLOCK_SAMPLES = BLOCK_FRAMES * NOTE_HOP_SAMPLES
PITCHES = 88
"""Keys of a piano."""
LOWEST_PITCH = 21
"""MIDI pitch of the first column: A0."""
CONTOUR_BINS_PER_PITCH = 3
CONTOUR_BINS = CONTOUR_BINS_PER_PITCH * PITCHES
"""Frequency bins of the contours. The middle one of each pitch's three bins has the pitch's own frequency."""
NOTE_OUTPUT, ONSET_OUTPUT, CONTOUR_OUTPUT = "StatefulPartitionedCall:1", "StatefulPartitionedCall:2", "StatefulPartitionedCall:0"
INPUT = "serving_default_input_2:0"


class NoteFrames(NamedTuple):
    """Activations of consecutive frames, 0 to 1."""

    notes: FloatArray
    """[frames, 88]: a note sounds."""
    onsets: FloatArray
    """[frames, 88]: a note begins."""
    contours: FloatArray
    """[frames, 264]: a pitch sounds, in thirds of a semitone."""


def note_block_count(samples: int) -> int:
    """Return the number of blocks of 26.4 s that cover `samples` samples, at least one."""
    return max(1, ceil(samples / BLOCK_SAMPLES))


def note_block(basic_pitch: Any, waveform: FloatArray, block: int) -> NoteFrames:
    """Run Basic Pitch over one block. Frame i begins at sample 256 i of the block; beyond the clip there is silence.

    Args:
        basic_pitch: its onnxruntime session.
        waveform: float32 [samples], mono at 22 050 Hz.
        block: number of the block.

    Returns:
        Activations of 2272 frames.
    """
    first = block * BLOCK_SAMPLES - EDGE_FRAMES * NOTE_HOP_SAMPLES
    hop = KEPT_FRAMES * NOTE_HOP_SAMPLES
    end = first + (WINDOWS_PER_BLOCK - 1) * hop + WINDOW_SAMPLES
    inside = np.asarray(waveform[max(0, first) : max(0, end)], dtype=np.float32)
    padded = np.pad(inside, (max(0, -first), max(0, end - max(0, first) - len(inside))))
    left = max(0, len(waveform) - block * BLOCK_SAMPLES)
    used = min(WINDOWS_PER_BLOCK, max(1, ceil(left / hop)))
    windows = np.stack([padded[i * hop : i * hop + WINDOW_SAMPLES] for i in range(used)])[..., np.newaxis]  # [windows, 43844, 1]
    outputs = basic_pitch.run([NOTE_OUTPUT, ONSET_OUTPUT, CONTOUR_OUTPUT], {INPUT: windows})  # each [windows, 172, bins]
    return NoteFrames(*(_joined(output) for output in outputs))


def _joined(windows: FloatArray) -> FloatArray:
    """Join the middles of [windows, 172, bins] to [2272, bins]; missing windows are silent."""
    frames = windows[:, EDGE_FRAMES : EDGE_FRAMES + KEPT_FRAMES].reshape(-1, windows.shape[-1])
    return np.pad(frames, ((0, BLOCK_FRAMES - len(frames)), (0, 0)))
