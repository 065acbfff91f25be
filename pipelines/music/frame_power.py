"""Power of the frames of a sound of any length."""

from __future__ import annotations

import numpy as np

from models.arrays import DoubleArray, FloatArray

BLOCK_SAMPLES = 2**21
"""Samples that are squared at once: of a two-hour clip all squares together are gigabytes."""


def frame_power(waveform: FloatArray, frame: int) -> DoubleArray:
    """Return the sum of the squares [frames] in every `frame` samples of `waveform` [samples]; the last frame may be shorter."""
    step = max(1, BLOCK_SAMPLES // frame) * frame
    starts = range(0, max(1, len(waveform)), step)
    return np.concatenate([_power(np.asarray(waveform[start : start + step]), frame) for start in starts])


def _power(block: FloatArray, frame: int) -> DoubleArray:
    padded = np.pad(block, (0, -len(block) % frame))
    power: DoubleArray = np.square(padded, dtype=np.float64).reshape(-1, frame).sum(axis=1)
    return power
