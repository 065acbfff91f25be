"""Evidence for the number of beats in a bar that needs no downbeats: what repeats after a bar, and when the harmony changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from models.arrays import DoubleArray, FloatArray, IntArray
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.rhythm.beat_network import BeatActivations
from pipelines.music.rhythm.beat_search import SEARCH_RATE, max_around

MIN_CHROMA = 1e-4
"""Added to note activations, so that frames without notes are alike."""
MIN_DEVIATION = 0.02
"""Added to the standard deviation of the changes of harmony, so that noise is no change."""


def accent_autocorrelation(activations: BeatActivations, frames: IntArray, beats_per_bar: int) -> float:
    """Return the autocorrelation of the drums' onsets at a lag of one bar, -1 to 1; 0 where there are too few beats.

    Args:
        activations: of the beat network.
        frames: of the beats at `SEARCH_RATE`.
        beats_per_bar: the lag.
    """
    if len(frames) <= beats_per_bar + 1:
        return 0.0
    midway = np.append((frames[:-1] + frames[1:]) // 2, frames[-1])
    accents = np.stack([max_around(band, places) for places in (frames, midway) for band in activations.drums.T], axis=1)
    accents = accents - accents.mean(axis=0)
    energy = float(np.square(accents).sum(axis=1).mean()) + 1e-6
    return float((accents[:-beats_per_bar] * accents[beats_per_bar:]).sum(axis=1).mean()) / energy


def chord_change_correlation(chroma: FloatArray, frames: IntArray, beats_per_bar: int) -> float:
    """Return the correlation of the harmonic change at each beat with the best placed bar lines, -1 to 1; 0 without chroma.

    Args:
        chroma: [frames at 10.8 a second, 12].
        frames: of the beats at `SEARCH_RATE`.
        beats_per_bar: distance of the bar lines.
    """
    if not len(chroma) or len(frames) <= 2 * beats_per_bar:
        return 0.0
    change = harmonic_change(chroma, frames)[1:]
    found = []
    for first in range(beats_per_bar):
        on_lines = change[first::beats_per_bar]
        share = len(on_lines) / len(change)
        found.append(float(on_lines.mean()) * np.sqrt(share / (1 - share)))
    return float(max(found))


def harmonic_change(chroma: FloatArray, frames: IntArray) -> DoubleArray:
    """Return how much the harmony changes at each beat [beats], in standard deviations from the mean; 0 without chroma.

    The change is the cosine distance of the chroma of a beat from that of the beat before; there is none at the first.
    """
    if not len(chroma) or len(frames) < 2:
        return np.zeros(len(frames))
    edges = np.round(frames * (HARMONY_FRAMES_PER_SECOND / SEARCH_RATE)).astype(np.int64)
    edges = np.minimum(np.append(edges, 2 * edges[-1] - edges[-2]), len(chroma) - 1)
    beats = np.stack([chroma[start : max(start + 1, end)].mean(axis=0) for start, end in pairwise(edges)])
    beats = np.sqrt(beats + MIN_CHROMA)
    beats /= np.linalg.norm(beats, axis=1, keepdims=True)
    distance = 1.0 - (beats[1:] * beats[:-1]).sum(axis=1)
    change: DoubleArray = np.concatenate([[0.0], (distance - distance.mean()) / (distance.std() + MIN_DEVIATION)])
    return change
