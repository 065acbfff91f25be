"""Test-time augmentation for YAMNet: a short sound as it is, softer, slower and faster.

YAMNet was trained on videos, where an animal is seldom as loud and as close as in a sound effect.
"""

from __future__ import annotations

import numpy as np

from models.arrays import FloatArray
from pipelines.clip.clip_folders import SILENCE_PEAK

TAG_SPEEDS = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.25)
"""For the scores of a short sound."""
EMBEDDING_SPEEDS = (0.87, 1.0, 1.12)
"""For the embeddings that our audio encoder was trained on."""
SOFT_RMS = 0.025
"""RMS (-32 dB of full scale) of the loudest 0.4 s in the soft copies."""
MAX_GAIN = 10.0
"""Limit of the gain of a quiet sound, 20 dB: the noise of a silent room stays inaudible."""
LEVEL_WINDOW_SAMPLES = 6400
"""0.4 s, the window of the loudest moment."""


def augmented(sound: FloatArray, sample_rate: int, speeds: tuple[float, ...]) -> list[FloatArray]:
    """Return `sound` [samples] at every speed, as loud as it is and soft: two copies for each speed."""
    import soxr

    gain = soft_gain(sound)
    copies: list[FloatArray] = []
    for speed in speeds:
        resampled = soxr.resample(sound, sample_rate * speed, sample_rate, "HQ") if speed != 1 else sound
        copies += [resampled, gain * resampled]
    return copies


def soft_gain(sound: FloatArray) -> np.float32:
    """Return the factor that brings the loudest 0.4 s of `sound` [samples at 16 kHz] to `SOFT_RMS`."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    width = min(len(sound), LEVEL_WINDOW_SAMPLES)
    loudest = float(np.sqrt(np.max(energy[width:] - energy[:-width]) / width))
    return np.float32(min(MAX_GAIN, SOFT_RMS / max(loudest, SILENCE_PEAK)))
