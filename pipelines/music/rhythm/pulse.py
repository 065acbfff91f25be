"""Evidence of the beat activations for each tempo: how alike they are to themselves a beat, two, three and four beats later."""

from __future__ import annotations

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND, TEMPO_BINS
from pipelines.music.rhythm.beat_search import MIN_TEMPO_BIN_BPM, SEARCH_RATE, TEMPO_BINS_PER_OCTAVE

MULTIPLES = (1, 2, 3, 4)
"""Beats after which the activations are compared."""
LAG_FRAMES = 1
"""Deviation of a lag, in frames of 20 ms: beats are not played more exactly."""
PULSE_GAIN = 10.0
"""Nats for a mean autocorrelation of 1."""
WINDOW_FRAMES = 400
"""Part of a clip in which the tempo is taken as constant: 8 s. Windows begin every 4 s."""
MIN_WINDOW_BEATS = 5
MEDIAN_BPM, PRIOR_OCTAVES = 120.0, 0.9
"""Centre and standard deviation of the prior, a normal distribution of the logarithm of the tempo."""


def tempo_bins() -> FloatArray:
    """Return the tempo [64] of each bin in beats per minute, 24 bins an octave from 40 up."""
    bpm: FloatArray = (MIN_TEMPO_BIN_BPM * 2 ** (np.arange(TEMPO_BINS) / TEMPO_BINS_PER_OCTAVE)).astype(np.float32)
    return bpm


def pulse_correlation(activations: FloatArray) -> FloatArray:
    """Return the mean autocorrelation [64], -1 to 1, over `MULTIPLES` of the beat of each of `tempo_bins`.

    Args:
        activations: probabilities of a beat [frames at 50 a second].
    """
    from librosa import autocorrelate
    from scipy.ndimage import maximum_filter1d

    lags = 60 * FRAMES_PER_SECOND / tempo_bins()
    longest = int(np.ceil(MULTIPLES[-1] * lags[0])) + 1
    deviation = activations - activations.mean()
    found = autocorrelate(deviation, max_size=longest)
    # A lag of half the clip has half as many products as one of 0; longer ones have too few to be scaled.
    found /= np.maximum(0.5, 1 - np.arange(len(found)) / len(activations)) * max(1e-6, float(np.square(deviation).sum()))
    found = maximum_filter1d(np.pad(found, (0, max(0, longest - len(found)))), 2 * LAG_FRAMES + 1)
    places = np.arange(longest)
    mean: FloatArray = np.mean([np.interp(multiple * lags, places, found) for multiple in MULTIPLES], axis=0).astype(np.float32)
    return mean


def pulse_logits(correlation: FloatArray) -> FloatArray:
    """Return a logit [64] for each of `tempo_bins` from its `pulse_correlation`."""
    prior = -0.5 * (np.log2(tempo_bins() / MEDIAN_BPM) / PRIOR_OCTAVES) ** 2
    logits: FloatArray = PULSE_GAIN * correlation + prior
    return logits


def pulse_regularity(activations: FloatArray, frames: IntArray) -> float:
    """Return the mean `pulse_correlation` at the tempo of the beats over windows of 8 s, -1 to 1.

    A tempo that changes slowly does not lower it. Windows of fewer than five beats do not count; without others it is 0.

    Args:
        activations: probabilities of a beat [frames at 50 a second].
        frames: of the beats at `SEARCH_RATE`.
    """
    found = []
    for start in range(0, max(1, len(activations) - WINDOW_FRAMES // 2), WINDOW_FRAMES // 2):
        first, last = np.searchsorted(frames, (2 * start, 2 * (start + WINDOW_FRAMES)))
        if last - first >= MIN_WINDOW_BEATS:
            bpm = 60 * SEARCH_RATE / np.median(np.diff(frames[first:last]))
            correlation = pulse_correlation(activations[start : start + WINDOW_FRAMES])
            found.append(float(np.interp(np.log2(bpm), np.log2(tempo_bins()), correlation)))
    return float(np.mean(found)) if found else 0.0
