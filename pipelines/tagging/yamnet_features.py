"""What YAMNet hears: log-mel patches, computed as it was trained (tensorflow/models, research/audioset/yamnet/features.py)."""

from __future__ import annotations

from functools import cache
from math import ceil

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from models.arrays import DoubleArray, FloatArray

YAMNET_SAMPLE_RATE = 16_000
WINDOW_SAMPLES = 400
FRAME_HOP_SAMPLES = 160
FFT_SIZE = 512
MEL_BANDS = 64
MEL_LOWEST_HZ = 125.0
MEL_HIGHEST_HZ = 7500.0
LOG_OFFSET = 1e-3
PATCH_FRAMES = 96
PATCH_HOP_FRAMES = 48
PATCH_SAMPLES = (PATCH_FRAMES - 1) * FRAME_HOP_SAMPLES + WINDOW_SAMPLES
PATCH_HOP_SAMPLES = PATCH_HOP_FRAMES * FRAME_HOP_SAMPLES
PATCH_SECONDS = PATCH_SAMPLES / YAMNET_SAMPLE_RATE
PATCH_HOP_SECONDS = PATCH_HOP_SAMPLES / YAMNET_SAMPLE_RATE


def patch_count(samples: int) -> int:
    """How many patches it takes until the last one reaches the end of `samples` samples; at least one."""
    return 1 + max(0, ceil((samples - PATCH_SAMPLES) / PATCH_HOP_SAMPLES))


def log_mel_patches(waveform: FloatArray) -> FloatArray:
    """Patches [n, 1, 96, 64] of `waveform` [samples], mono at 16 kHz: one every 0.48 s, each 0.975 s long.

    The waveform must hold whole patches: 15_600 samples and any number of times 7_680 more.
    """
    frames = sliding_window_view(waveform, WINDOW_SAMPLES)[::FRAME_HOP_SAMPLES]  # [frames, 400]
    magnitude = np.abs(np.fft.rfft(frames * _periodic_hann(), FFT_SIZE))  # [frames, 257]
    log_mel = np.log(magnitude.astype(np.float32) @ _mel_filters() + LOG_OFFSET)  # [frames, 64]
    patches = sliding_window_view(log_mel, PATCH_FRAMES, axis=0)[::PATCH_HOP_FRAMES]  # [n, 64, 96]
    return np.ascontiguousarray(patches.transpose(0, 2, 1)[:, np.newaxis], dtype=np.float32)


@cache
def _periodic_hann() -> FloatArray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)).astype(np.float32)


@cache
def _mel_filters() -> FloatArray:
    """Triangles [257, 64] that are straight on the HTK mel scale, as in `tf.signal.linear_to_mel_weight_matrix`."""
    lowest, highest = _mel(np.array([MEL_LOWEST_HZ, MEL_HIGHEST_HZ]))
    edges = np.linspace(lowest, highest, MEL_BANDS + 2)
    bins = _mel(np.fft.rfftfreq(FFT_SIZE, 1 / YAMNET_SAMPLE_RATE).astype(np.float64))[:, np.newaxis]  # [257, 1]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters: FloatArray = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters


def _mel(hertz: DoubleArray) -> DoubleArray:
    mel: DoubleArray = 1127.0 * np.log1p(hertz / 700.0)
    return mel
