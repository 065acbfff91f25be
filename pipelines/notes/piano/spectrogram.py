"""The input of the piano network: log-mel frames as in Kong et al. 2021, at any hop."""

from __future__ import annotations

from functools import cache

import numpy as np

from models.arrays import FloatArray
from pipelines.clip.log_mel import MelBank, MelFrames, mel_spectrogram

PIANO_SAMPLE_RATE = 16_000
FFT_SIZE = 2048
MEL_BANDS = 229
MIN_POWER = 1e-10
"""Power below which the logarithm is cut off: -100 dB."""
MEL_BANK = MelBank(PIANO_SAMPLE_RATE, FFT_SIZE, MEL_BANDS, fmin=30.0, fmax=8000.0, scale="slaney", norm="slaney")


def frame_count(samples: int, hop_length: int) -> int:
    """Return the number of frames of `samples` samples; frame i is centred on sample i · hop_length."""
    return 1 + samples // hop_length


def log_mel(waveform: FloatArray, hop_length: int, first: int, count: int) -> FloatArray:
    """Return frames [count, 229] in dB.

    Args:
        waveform: float32 [samples], mono at 16 kHz; beyond it there is silence.
        hop_length: samples from one frame to the next.
        first: the first frame, which may be negative.
        count: number of frames.
    """
    begin = first * hop_length - FFT_SIZE // 2
    end = begin + (count - 1) * hop_length + FFT_SIZE
    inside = np.asarray(waveform[max(0, begin) : max(0, end)], dtype=np.float32)
    padded = np.pad(inside, (max(0, -begin), max(0, end - max(0, begin) - len(inside))))
    power = mel_spectrogram(padded, _frames(hop_length))
    result: FloatArray = 10 * np.log10(np.maximum(power, np.float32(MIN_POWER)))
    return result


@cache
def _frames(hop_length: int) -> MelFrames:
    return MelFrames(MEL_BANK, win_length=FFT_SIZE, hop_length=hop_length, power=2)
