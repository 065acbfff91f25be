"""The sections of a clip, from its beats and from what the networks made of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from models.arrays import DoubleArray
from pipelines.music.rhythm.types import Beats
from pipelines.music.sections.beat_features import BeatGrid, SoundFrames, beat_features, beat_grid
from pipelines.music.sections.boundaries import MIN_SECTION_BEATS, best_boundaries
from pipelines.music.sections.boundary_features import boundary_features
from pipelines.music.sections.labels import section_labels
from pipelines.music.sections.repetition import Keep, compute_anew, find_repetition
from pipelines.music.sections.types import Section
from pipelines.music.sections.weights import weights

LEVEL_COLUMN, MIN_LEVEL_CHANGE = "level, 16 beats", 0.1
"""Feature of boundaries, and its value below which no section begins: in loops that never change it is 0.05 at most, and at true
boundaries of the tuning pieces above 0.2 in 99 of 100."""
NO_BOUNDARY_LOG_ODDS = -20.0
NEAR_SECONDS = 3.0
"""Distance from a boundary within which its confidence says that there is one."""


def find_sections(frames: SoundFrames, beats: Beats | None, duration: float, keep: Keep = compute_anew) -> tuple[Section, ...]:
    """Return the sections of a clip of `duration` seconds; one where there is no boundary.

    Args:
        frames: outputs of the networks.
        beats: None where there are none.
        duration: seconds.
        keep: see `find_repetition`.
    """
    grid = beat_grid(beats, duration)
    count = len(grid.positions)
    whole = (Section(0.0, round(duration, 3), "A", None),)
    if count < 2 * MIN_SECTION_BEATS:
        return whole
    features = beat_features(frames, grid)
    repetition = find_repetition(features, keep)
    names, values = boundary_features(frames, grid, features, repetition)
    changes = values[:, names.index(LEVEL_COLUMN)] >= MIN_LEVEL_CHANGE
    log_odds = np.where(changes, weights().boundaries.log_odds(names, values), NO_BOUNDARY_LOG_ODDS)
    edges = best_boundaries(log_odds)
    if not edges:
        return whole
    labels = section_labels(features, repetition, list(pairwise([0, *edges, count])))
    near = [_probability_near(log_odds, edge, grid) for edge in edges]
    # The start of the clip is certain; what is not is whether its first section ends where it is said to.
    confidences = [near[0], *near]
    times = [0.0, *grid.times[edges].tolist(), duration]
    return tuple(
        Section(round(start, 3), round(end, 3), label, round(confidence, 3))
        for (start, end), label, confidence in zip(pairwise(times), labels, confidences, strict=True)
    )


def _probability_near(log_odds: DoubleArray, edge: int, grid: BeatGrid) -> float:
    """Return the probability that one of the beats near `edge` is a boundary."""
    is_near = np.abs(grid.times[:-1] - grid.times[edge]) <= NEAR_SECONDS
    return float(1 - np.exp(-np.logaddexp(0, log_odds[is_near]).sum()))
