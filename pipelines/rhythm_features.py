"""What the beat network hears: a log-mel spectrogram at 50 frames a second, of a clip brought to one level."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

RHYTHM_SAMPLE_RATE = 22_050
HOP_SAMPLES = 441
FRAMES_PER_SECOND = RHYTHM_SAMPLE_RATE / HOP_SAMPLES
FFT_SIZE = 1024
MEL_BANDS = 80
MEL_LOWEST_HZ = 30.0
MEL_HIGHEST_HZ = 10_500.0
LOG_GAIN = 1000.0
LEVEL = 0.1
"""RMS (-20 dB of full scale) that every clip is brought to."""
SOFTEST = 1e-5
"""RMS below which a clip is not made any louder."""
RMS_BLOCK_SAMPLES = 2**20

Floats = NDArray[np.float32]


def frame_count(samples: int) -> int:
    """How many frames `samples` samples have: frame i is centred at sample 441 i."""
    return 1 + samples // HOP_SAMPLES


def level_gain(waveform: Floats) -> float:
    """Factor that brings `waveform` [samples], of any length, to `LEVEL`."""
    energy = 0.0
    for start in range(0, len(waveform), RMS_BLOCK_SAMPLES):
        energy += float(np.square(waveform[start : start + RMS_BLOCK_SAMPLES], dtype=np.float64).sum())
    return LEVEL / max(SOFTEST, float(np.sqrt(energy / max(1, len(waveform)))))


def log_mel(waveform: Floats, first: int, count: int, gain: float = 1.0) -> Floats:
    """Frames [count, 80] from frame `first` on of `waveform` [samples], mono at 22 050 Hz; beyond its ends there is silence."""
    begin = first * HOP_SAMPLES - FFT_SIZE // 2
    end = begin + (count - 1) * HOP_SAMPLES + FFT_SIZE
    inside = np.asarray(waveform[max(0, begin) : max(0, end)], dtype=np.float32)
    padded = np.pad(inside, (max(0, -begin), max(0, end - max(0, begin) - len(inside))))
    frames = sliding_window_view(padded, FFT_SIZE)[::HOP_SAMPLES] * _hann()  # [count, 1024]
    magnitude = np.abs(np.fft.rfft(frames)).astype(np.float32)  # [count, 513]
    result: Floats = np.log1p(np.float32(LOG_GAIN * gain / FFT_SIZE) * (magnitude @ _mel_filters()))
    return result


@cache
def _hann() -> Floats:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SIZE) / FFT_SIZE)).astype(np.float32)


@cache
def _mel_filters() -> Floats:
    """Triangles [513, 80] between `MEL_LOWEST_HZ` and `MEL_HIGHEST_HZ`, evenly spaced on the HTK mel scale."""
    lowest, highest = (1127 * np.log1p(hertz / 700) for hertz in (MEL_LOWEST_HZ, MEL_HIGHEST_HZ))
    edges = np.linspace(lowest, highest, MEL_BANDS + 2)
    bins = 1127 * np.log1p(np.fft.rfftfreq(FFT_SIZE, 1 / RHYTHM_SAMPLE_RATE) / 700)[:, np.newaxis]  # [513, 1]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters: Floats = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters
