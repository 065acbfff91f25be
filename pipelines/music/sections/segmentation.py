"""The sections of a clip, from its beats and from what the networks made of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pipelines.music.rhythm.types import Beats
from pipelines.music.sections.beat_features import SoundFrames, accents, beat_features, beat_grid
from pipelines.music.sections.boundaries import MIN_SECTION_BEATS, best_boundaries, boundary_log_odds
from pipelines.music.sections.labels import section_labels
from pipelines.music.sections.repetition import find_repetition
from pipelines.music.sections.types import Section


def find_sections(frames: SoundFrames, beats: Beats | None, duration: float) -> tuple[Section, ...]:
    """Return the sections of a clip of `duration` seconds; one where there is no boundary.

    Args:
        frames: outputs of the networks.
        beats: None where there are none.
        duration: seconds.
    """
    grid = beat_grid(beats, duration)
    count = len(grid.positions)
    if count < 2 * MIN_SECTION_BEATS:
        return (Section(0.0, round(duration, 3), "A", 1.0),)
    features = beat_features(frames, grid)
    repetition = find_repetition(features)
    log_odds = boundary_log_odds(features, accents(frames, grid), repetition, grid)
    edges = best_boundaries(log_odds)
    labels = section_labels(features, repetition, list(pairwise([0, *edges, count])))
    times = [0.0, *(float(grid.times[edge]) for edge in edges), duration]
    probabilities = [float(1 / (1 + np.exp(-log_odds[edge]))) for edge in edges]
    # The start of the clip is certain; what is not is whether its first section ends where it is said to.
    confidences = [probabilities[0] if probabilities else 1.0, *probabilities]
    return tuple(
        Section(round(start, 3), round(end, 3), label, round(confidence, 3))
        for (start, end), label, confidence in zip(pairwise(times), labels, confidences, strict=True)
    )
