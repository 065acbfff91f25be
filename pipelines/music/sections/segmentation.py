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

MIN_REPEAT_PROBABILITY = 0.28
"""Probability of a boundary below which sections of one label on both sides of it are joined: of such boundaries of the tuning
pieces fewer than half were right; cross-validated, F within 0.5 s is the same without them, 0.428 instead of 0.426."""


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
        return (Section(0.0, round(duration, 3), "A", None),)
    features = beat_features(frames, grid)
    repetition = find_repetition(features)
    log_odds = boundary_log_odds(features, accents(frames, grid), repetition, grid)
    edges = best_boundaries(log_odds)
    labels = section_labels(features, repetition, list(pairwise([0, *edges, count])))
    probabilities = [float(1 / (1 + np.exp(-log_odds[edge]))) for edge in edges]
    begins = [(0.0, labels[0], 1.0)]
    for edge, label, probability in zip(edges, labels[1:], probabilities, strict=True):
        if label != begins[-1][1] or probability >= MIN_REPEAT_PROBABILITY:
            begins.append((float(grid.times[edge]), label, probability))
    if len(begins) == 1:
        return (Section(0.0, round(duration, 3), labels[0], None),)
    # The start of the clip is certain; what is not is whether its first section ends where it is said to.
    begins[0] = (*begins[0][:2], begins[1][2])
    ends = [*(start for start, _, _ in begins[1:]), duration]
    return tuple(
        Section(round(start, 3), round(end, 3), label, round(confidence, 3))
        for (start, label, confidence), end in zip(begins, ends, strict=True)
    )
