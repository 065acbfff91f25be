"""A speaker for each word: the most probable sequence, in which a change costs something (Viterbi 1967)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.speech.diarization.voices import VoiceWindows

Unit = tuple[float, float]
"""Start and end of what is never cut, in seconds: a word, or a line without words."""

NEAR_SECONDS = 0.25
"""Standard deviation of the weights of windows around the middle of a unit."""
SIMILARITY_WEIGHT = 30.0
"""Logarithm of a probability for a cosine similarity of 1."""
CHANGE_COST = 3.0
"""Logarithm of a probability that a change of speakers costs between two units."""
UNIT_SECONDS = 0.2
"""Length of the unit that counts once; a longer one counts in proportion, up to the length of a window."""
MAX_UNIT_SECONDS = 1.6


def label_units(units: Sequence[Unit], windows: VoiceWindows, speakers: FloatArray) -> IntArray:
    """Return the index of the speaker of each unit, [units]; 0 for all where there is no window.

    Args:
        units: in order of time.
        windows: of the same waveform.
        speakers: [speakers, width], mean embeddings of unit length.
    """
    if not units or not len(windows.centres):
        return np.zeros(len(units), np.int64)
    bounds = np.asarray(units, dtype=np.float64)
    distances = (bounds.mean(axis=1)[:, np.newaxis] - windows.centres) / NEAR_SECONDS  # [units, windows]
    squares = distances**2 - (distances**2).min(axis=1, keepdims=True)  # the nearest window counts, however far it is
    weights = np.exp(-squares / 2)
    similarity = weights / weights.sum(axis=1, keepdims=True) @ (windows.embeds @ speakers.T)
    log_odds = SIMILARITY_WEIGHT * similarity
    log_probs = log_odds - np.logaddexp.reduce(log_odds, axis=1, keepdims=True)
    lengths = np.clip(bounds[:, 1] - bounds[:, 0], 0.0, MAX_UNIT_SECONDS) / UNIT_SECONDS
    return _best_path(log_probs * lengths[:, np.newaxis])


def _best_path(log_probs: FloatArray) -> IntArray:
    """Return the most probable sequence of speakers for [units, speakers]."""
    own = np.arange(log_probs.shape[1])
    before = np.zeros(log_probs.shape, np.int64)
    total = log_probs[0].copy()
    for unit in range(1, len(log_probs)):
        best = int(total.argmax())
        changed = total[best] - CHANGE_COST
        before[unit] = np.where(total >= changed, own, best)
        total = np.maximum(total, changed) + log_probs[unit]
    path = np.zeros(len(log_probs), np.int64)
    path[-1] = total.argmax()
    for unit in range(len(log_probs) - 1, 0, -1):
        path[unit - 1] = before[unit, path[unit]]
    return path
