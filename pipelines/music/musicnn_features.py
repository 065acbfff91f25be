"""What musicnn hears: log-mel patches, computed as it was trained (Pons & Serra 2019; librosa's mel spectrogram)."""

from __future__ import annotations

from functools import cache
from math import ceil

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from models.arrays import DoubleArray, FloatArray

MUSICNN_SAMPLE_RATE = 16_000
FFT_SIZE = 512
FRAME_HOP_SAMPLES = 256
MEL_BANDS = 96
POWER_GAIN = 10_000.0
PATCH_FRAMES = 187
PATCH_HOP_FRAMES = 94
"""Half a patch: every moment is heard by two."""
PATCH_SAMPLES = (PATCH_FRAMES - 1) * FRAME_HOP_SAMPLES + FFT_SIZE
PATCH_HOP_SAMPLES = PATCH_HOP_FRAMES * FRAME_HOP_SAMPLES
PATCH_SECONDS = PATCH_SAMPLES / MUSICNN_SAMPLE_RATE
PATCH_HOP_SECONDS = PATCH_HOP_SAMPLES / MUSICNN_SAMPLE_RATE

LINEAR_HZ_PER_MEL = 200 / 3
LOGARITHMIC_FROM_HZ = 1000.0
OCTAVES_PER_MEL = np.log(6.4) / 27
"""Slaney's mel scale: straight up to 1 kHz, then 27 steps for each factor of 6.4."""


def patch_count(samples: int) -> int:
    """How many patches it takes until the last one reaches the end of `samples` samples; at least one."""
    return 1 + max(0, ceil((samples - PATCH_SAMPLES) / PATCH_HOP_SAMPLES))


def log_mel_patches(waveform: FloatArray) -> FloatArray:
    """Patches [n, 187, 96] of `waveform` [samples], mono at 16 kHz: one every 1.504 s, each 3.008 s long.

    The waveform must hold whole patches: 48_128 samples and any number of times 24_064 more.
    """
    frames = sliding_window_view(waveform, FFT_SIZE)[::FRAME_HOP_SAMPLES]  # [frames, 512]
    power = np.abs(np.fft.rfft(frames * _periodic_hann())).astype(np.float32) ** 2  # [frames, 257]
    log_mel = np.log10(POWER_GAIN * (power @ _mel_filters()) + 1)  # [frames, 96]
    patches = sliding_window_view(log_mel, PATCH_FRAMES, axis=0)[::PATCH_HOP_FRAMES]  # [n, 96, 187]
    return np.ascontiguousarray(patches.transpose(0, 2, 1), dtype=np.float32)


@cache
def _periodic_hann() -> FloatArray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SIZE) / FFT_SIZE)).astype(np.float32)


@cache
def _mel_filters() -> FloatArray:
    """Triangles [257, 96] of equal area, from 0 Hz to 8 kHz."""
    highest = _mel(np.array([MUSICNN_SAMPLE_RATE / 2]))[0]
    edges = _hertz(np.linspace(0.0, highest, MEL_BANDS + 2))
    bins = np.fft.rfftfreq(FFT_SIZE, 1 / MUSICNN_SAMPLE_RATE)[:, np.newaxis]  # [257, 1]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    filters: FloatArray = triangles.astype(np.float32)
    return filters


def _mel(hertz: DoubleArray) -> DoubleArray:
    corner = LOGARITHMIC_FROM_HZ / LINEAR_HZ_PER_MEL
    above = corner + np.log(np.maximum(hertz, LOGARITHMIC_FROM_HZ) / LOGARITHMIC_FROM_HZ) / OCTAVES_PER_MEL
    mel: DoubleArray = np.where(hertz < LOGARITHMIC_FROM_HZ, hertz / LINEAR_HZ_PER_MEL, above)
    return mel


def _hertz(mel: DoubleArray) -> DoubleArray:
    corner = LOGARITHMIC_FROM_HZ / LINEAR_HZ_PER_MEL
    above = LOGARITHMIC_FROM_HZ * np.exp(OCTAVES_PER_MEL * np.maximum(mel - corner, 0))
    hertz: DoubleArray = np.where(mel < corner, mel * LINEAR_HZ_PER_MEL, above)
    return hertz
