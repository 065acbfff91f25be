"""The tuning of a clip: how far its notes are from equal temperament at A4 = 440 Hz."""

from __future__ import annotations

import numpy as np

from models.arrays import DoubleArray, FloatArray

MIN_TUNING_CENTS = 10.0
"""Deviation from which the notes are read at the clip's own tuning; smaller ones do not change what the note network reads."""
MIN_CONCENTRATION = 0.35
"""Length of the mean vector of the deviations on the circle of a semitone, 0 to 1, from which there is one tuning."""
MAX_SHARP_CENTS = 47.0
"""A tuning nearer to the next semitone is read as low of that semitone."""
MIN_QUARTER_TONE_CENTS = 40.0
"""Deviation from which the notes could as well be those of the neighbouring semitone, which are 60 cents away at most."""
BLOCK_SECONDS = 20
MAX_BLOCKS = 9
"""Blocks that are measured, evenly spaced over the clip."""
MIN_HZ, MAX_HZ = 80.0, 2000.0
"""Limits of the spectral peaks."""
MIN_PEAK_RATIO = 0.1
"""Magnitude of a spectral peak relative to the maximum of the block below which it does not count."""
MIN_PEAKS = 50
"""Spectral peaks below which there is no tuning: a single note."""
FFT_SIZE = 4096
RESOLUTION = 0.02
"""Width of the bins of the histogram of deviations, in semitones."""


def tuning_cents(waveform: FloatArray, sample_rate: int) -> float:
    """Return the tuning in cents, above -53 and up to 47; 0 where the clip has no single tuning.

    Args:
        waveform: float32 [samples], mono.
        sample_rate: Hz.
    """
    from librosa import pitch_tuning

    frequencies = _peak_frequencies(waveform, sample_rate) if len(waveform) >= FFT_SIZE else np.empty(0)
    if len(frequencies) < MIN_PEAKS:
        return 0.0
    deviations = 2j * np.pi * 12 * np.log2(frequencies / 440)
    if abs(np.exp(deviations).mean()) < MIN_CONCENTRATION:
        return 0.0
    # librosa returns the lower edge of the bin.
    cents = 100 * float(pitch_tuning(frequencies, resolution=RESOLUTION) + RESOLUTION / 2)
    return cents - 100 if cents > MAX_SHARP_CENTS else cents


def concert_pitch(cents: float) -> float:
    """Return the frequency of A4 in Hz at a tuning in cents."""
    return float(440 * 2 ** (cents / 1200))


def other_reading(cents: float) -> float | None:
    """Return the tuning in cents by which the notes are those of the neighbouring semitone; None unless both are close."""
    return None if abs(cents) < MIN_QUARTER_TONE_CENTS else cents - 100 if cents > 0 else cents + 100


def _peak_frequencies(waveform: FloatArray, sample_rate: int) -> DoubleArray:
    """Return the frequencies in Hz of the strong spectral peaks of a few blocks."""
    from librosa import piptrack

    size = BLOCK_SECONDS * sample_rate
    starts = np.linspace(0, max(0, len(waveform) - size), min(MAX_BLOCKS, 1 + len(waveform) // size)).astype(int)
    found = []
    for start in starts:
        block = np.array(waveform[start : start + size])
        pitches, magnitudes = piptrack(y=block, sr=sample_rate, n_fft=FFT_SIZE, fmin=MIN_HZ, fmax=MAX_HZ)
        found.append(pitches[(pitches > 0) & (magnitudes >= MIN_PEAK_RATIO * magnitudes.max())])
    frequencies: DoubleArray = np.concatenate(found).astype(np.float64)
    return frequencies
