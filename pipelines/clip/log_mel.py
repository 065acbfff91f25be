"""Mel filter banks and mel spectrograms, with the parameters of each network or picture that is made of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from models.arrays import FloatArray


@dataclass(frozen=True)
class MelBank:
    """Triangular filters on the bins of a Fourier transform."""

    sample_rate: int
    """Hz."""
    n_fft: int
    """Samples."""
    n_mels: int
    """Bands."""
    fmin: float
    """Hz, lower edge of the lowest band."""
    fmax: float
    """Hz, upper edge of the highest band."""
    scale: Literal["htk", "slaney"] = "htk"
    norm: Literal["slaney"] | None = None
    """'slaney': every band has the same area; None: the peak of every band is 1."""
    linear_in: Literal["hertz", "mel"] = "hertz"
    """Axis on which the sides of the triangles are straight: librosa has 'hertz', TensorFlow 'mel' (with `norm` None)."""


@dataclass(frozen=True)
class MelFrames:
    """How a waveform is cut into frames for a bank."""

    bank: MelBank
    win_length: int
    """Samples of the periodic Hann window; zeros fill the transform up to `n_fft`."""
    hop_length: int
    """Samples from one frame to the next."""
    power: float
    """Exponent of the magnitude: 1 for magnitude, 2 for power."""


@cache
def mel_filters(bank: MelBank) -> FloatArray:
    """Return the weights [n_fft / 2 + 1, n_mels] of a bank. The first call imports librosa, 0.7 s."""
    from librosa import fft_frequencies, hz_to_mel
    from librosa.filters import mel

    if bank.linear_in == "hertz":
        options: dict[str, Any] = {"fmin": bank.fmin, "fmax": bank.fmax, "htk": bank.scale == "htk", "norm": bank.norm}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Empty filters")  # low bands may be narrower than a bin
            weights = mel(sr=bank.sample_rate, n_fft=bank.n_fft, n_mels=bank.n_mels, **options)
        return np.ascontiguousarray(weights.T, dtype=np.float32)
    is_htk = bank.scale == "htk"
    edges = np.linspace(hz_to_mel(bank.fmin, htk=is_htk), hz_to_mel(bank.fmax, htk=is_htk), bank.n_mels + 2)
    bins = hz_to_mel(fft_frequencies(sr=bank.sample_rate, n_fft=bank.n_fft), htk=is_htk)[:, np.newaxis]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters: FloatArray = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters


def mel_spectrogram(waveform: FloatArray, frames: MelFrames) -> FloatArray:
    """Return [frames, n_mels] of `waveform` [samples]; frame i begins at sample i · hop_length, only whole frames count."""
    cut = sliding_window_view(waveform, frames.win_length)[:: frames.hop_length]  # [frames, win_length]
    magnitude = np.abs(np.fft.rfft(cut * periodic_hann(frames.win_length), frames.bank.n_fft)).astype(np.float32)
    return np.asarray(magnitude**frames.power @ mel_filters(frames.bank), dtype=np.float32)


def patches_of(spectrogram: FloatArray, patch_frames: int, hop_frames: int) -> FloatArray:
    """Return the overlapping patches [patches, patch_frames, n_mels] of [frames, n_mels]."""
    patches = sliding_window_view(spectrogram, patch_frames, axis=0)[::hop_frames]  # [patches, n_mels, patch_frames]
    return np.ascontiguousarray(patches.transpose(0, 2, 1), dtype=np.float32)


@cache
def periodic_hann(length: int) -> FloatArray:
    """Return the Hann window [length] of a period of `length` samples."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
