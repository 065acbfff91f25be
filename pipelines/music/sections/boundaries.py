"""Where sections begin: the sequence of boundaries with the largest expected F-measure.

A logistic regression says how probable a boundary is at each beat. A semi-Markov model (Viterbi), which prefers sections of 4, 8
and 16 bars, finds the most probable sequence for each of several numbers of boundaries. Among these the one with the largest
expected F-measure is taken, since no threshold fits all clips: the best one is half of the F-measure that can be reached (Lipton
et al. 2014), which depends on how clear the boundaries of the clip are.
"""

from __future__ import annotations

import numpy as np

from models.arrays import DoubleArray

MIN_SECTION_BEATS, MAX_SECTION_BEATS = 12, 192
LENGTH_LOG_PRIORS = {32: 1.5, 16: 1.1, 8: 0.5, 4: 0.15}
"""Log of how much more often sections have a multiple of so many beats than another length; the first that fits counts."""
MAX_USUAL_BEATS = 64
LONG_LOG_PRIOR = -0.125
"""Log prior for each 32 beats above `MAX_USUAL_BEATS`."""
BOUNDARY_BONUSES = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
"""Added to the log-odds of every boundary: the more, the more boundaries."""
MIN_EXPECTED_F = 0.1
"""Expected F-measure below which a clip is one section."""


def best_boundaries(log_odds: DoubleArray) -> list[int]:
    """Return the beats at which sections begin, without the first.

    Args:
        log_odds: [beats] that a section begins at each beat.
    """
    probabilities = 1 / (1 + np.exp(-log_odds))
    best, most = [], MIN_EXPECTED_F
    for bonus in BOUNDARY_BONUSES:
        edges = _likeliest_boundaries(log_odds + bonus)
        expected = expected_f_measure(probabilities, edges)
        if expected > most:
            best, most = edges, expected
    return best


def expected_f_measure(probabilities: DoubleArray, edges: list[int]) -> float:
    """Return twice the expected number of right boundaries over the number of those found and the expected number of all."""
    return float(2 * probabilities[edges].sum() / (len(edges) + probabilities.sum())) if edges else 0.0


def _likeliest_boundaries(log_odds: DoubleArray) -> list[int]:
    """Return the beats at which sections begin, without the first, in the most probable sequence."""
    count = len(log_odds)
    prior = _length_log_priors()
    open_prior = np.where(np.arange(len(prior)) >= MIN_SECTION_BEATS, np.maximum(prior, 0), prior)
    gains = np.append(log_odds, 0.0)
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
    return prior
