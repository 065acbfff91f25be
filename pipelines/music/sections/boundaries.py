"""Where sections begin: a logistic regression on the novelty at each beat, and the best sequence of phrases.

Sections begin where several features change at once, at the phase of the phrases of the whole clip. The most probable sequence
is that of a semi-Markov model (Viterbi), which prefers sections of 4, 8 and 16 bars.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.arrays import DoubleArray, FloatArray
from pipelines.music.sections.beat_features import BeatGrid
from pipelines.music.sections.novelty import novelty_curve
from pipelines.music.sections.repetition import Repetition
from pipelines.music.sections.weights import weights

WIDTHS = (4, 8, 16, 32)
"""Beats before and after that are compared."""
GROUP_WIDTHS = (8, 16)
"""The same for the groups of repeated beats."""
PHRASES = (4, 8, 16, 32)
"""Beats of a phrase."""
PEAK_REACH = 3
"""Beats on both sides that a peak is compared with."""
LOCAL_BEATS = 32
"""Beats over which the mean of the novelty is local."""
PHRASE_WIDTH = 8
"""Width of the novelty from which the phase of phrases is read."""
EDGE_BEATS = 8
"""Beats from either end where sections rarely begin."""
MIN_SECTION_BEATS, MAX_SECTION_BEATS = 8, 192
LENGTH_LOG_PRIORS = {32: 3.0, 16: 2.2, 8: 1.0, 4: 0.3}
"""Log of how much more often sections have a multiple of so many beats than another length; the first that fits counts."""
MAX_USUAL_BEATS = 64
LONG_LOG_PRIOR = -0.25
"""Log prior for each 32 beats above `MAX_USUAL_BEATS`."""


def boundary_features(
    features: dict[str, FloatArray], accents: dict[str, FloatArray], repetition: Repetition, grid: BeatGrid
) -> tuple[list[str], FloatArray]:
    """Return (names, values [beats, names]) of what the regression is given."""
    columns = {f"{name} accent": accent for name, accent in accents.items()} | dict(_columns(features, repetition, grid))
    return list(columns), np.stack(list(columns.values()), axis=1).astype(np.float32)


def _columns(features: dict[str, FloatArray], repetition: Repetition, grid: BeatGrid) -> Iterator[tuple[str, FloatArray]]:
    from scipy.ndimage import uniform_filter1d

    means: dict[int, FloatArray] = {}
    for width in WIDTHS:
        curves = [np.sqrt(2 * novelty_curve(rows, width)) for rows in features.values()]
        yield from ((f"{name}, {width} beats", curve) for name, curve in zip(features, curves, strict=True))
        mean: FloatArray = np.mean(curves, axis=0)
        means[width] = mean - uniform_filter1d(mean, LOCAL_BEATS, mode="nearest")
        yield f"peak, {width} beats", mean - _highest_beside(mean)
        yield f"above local mean, {width} beats", means[width]
    for phrase in PHRASES:
        yield f"phase of phrases of {phrase} beats", _phase_scores(np.maximum(0, means[PHRASE_WIDTH]), phrase)
    for width in GROUP_WIDTHS:
        yield f"groups, {width} beats", np.sqrt(2 * novelty_curve(repetition.groups, width))
    places = np.arange(len(grid.positions))
    yield "downbeat", (grid.positions == 1).astype(np.float32)
    yield "near an end", (np.minimum(places, len(places) - places) < EDGE_BEATS).astype(np.float32)


def _highest_beside(curve: FloatArray) -> FloatArray:
    """Return the maximum of the values within `PEAK_REACH`, without the value itself."""
    padded = np.pad(curve, PEAK_REACH)
    shifts = [shift for shift in range(2 * PEAK_REACH + 1) if shift != PEAK_REACH]
    highest: FloatArray = np.max([padded[shift : shift + len(curve)] for shift in shifts], axis=0)
    return highest


def _phase_scores(novelty: FloatArray, phrase: int) -> FloatArray:
    """Return how many standard deviations the mean novelty at the phase of each beat is above that of all phases."""
    phases = np.arange(len(novelty)) % phrase
    counts = np.maximum(1, np.bincount(phases, minlength=phrase))
    means = np.bincount(phases, novelty, minlength=phrase) / counts
    scores: FloatArray = ((means - means.mean()) / (means.std() + 1e-6))[phases].astype(np.float32)
    return scores


def boundary_log_odds(
    features: dict[str, FloatArray], accents: dict[str, FloatArray], repetition: Repetition, grid: BeatGrid
) -> DoubleArray:
    """Return the log-odds [beats] that a section begins at each beat."""
    names, values = boundary_features(features, accents, repetition, grid)
    return weights().boundaries.log_odds(names, values)


def best_boundaries(log_odds: DoubleArray) -> list[int]:
    """Return the beats at which sections begin, without the first, in the most probable sequence."""
    count = len(log_odds)
    prior = _length_log_priors()
    open_prior = np.where(np.arange(len(prior)) >= MIN_SECTION_BEATS, np.maximum(prior, 0), prior)
    gains = np.append(log_odds + weights().boundary_bonus, 0.0)
    best, previous = np.full(count + 1, -np.inf), np.zeros(count + 1, dtype=np.int64)
    best[0] = 0.0
    for end in range(1, count + 1):
        first = max(0, end - len(prior) + 1)
        # The last section is cut off by the end of the clip, so that its length says nothing.
        totals = best[first:end] + (open_prior if end == count else prior)[end - np.arange(first, end)]
        previous[end] = first + int(totals.argmax())
        best[end] = totals.max() + gains[end]
    edges = []
    place = count
    while previous[place] > 0:
        place = int(previous[place])
        edges.append(place)
    return edges[::-1]


def _length_log_priors() -> DoubleArray:
    lengths = np.arange(MAX_SECTION_BEATS + 1)
    prior = np.zeros(len(lengths))
    for beats, value in reversed(LENGTH_LOG_PRIORS.items()):
        prior[lengths % beats == 0] = value
    prior += LONG_LOG_PRIOR * np.maximum(0, lengths - MAX_USUAL_BEATS) / 32
    prior[lengths < MIN_SECTION_BEATS] = -1e3
    return prior * weights().length_weight
