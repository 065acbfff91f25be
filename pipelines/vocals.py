"""Whether there is music, and whether and when somebody sings, from YAMNet's classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipelines.sound_names import Scores, class_tree

SINGING_CLASSES = (
    "Singing", "Choir", "Yodeling", "Chant", "Mantra", "Child singing", "Synthetic singing", "Rapping", "Humming", "Vocal music",
    "A capella", "Song", "Opera", "Beatboxing",
)  # fmt: skip
MUSIC_CLASSES = ("Music", "Musical instrument")
SMOOTHING_PATCHES = 5
"""2.4 s of which the median counts, so that a moment is not believed."""
HEARD = 0.12
"""Smoothed score from which somebody sings; beside 'Music' near 1, YAMNet gives voices little."""
SURE = 0.35


@dataclass(frozen=True)
class Vocals:
    """Singing, rapping or humming; plain speech is not among them."""

    present: bool
    confidence: float
    """0 to 1, that `present` is right."""
    spans: tuple[tuple[float, float], ...]
    """(start, end) in seconds of each stretch with vocals, ascending and apart from each other."""


def find_vocals(scores: Scores, hop_seconds: float, duration: float) -> Vocals:
    """The vocals for YAMNet's `scores` [patches, 521], one every `hop_seconds`."""
    tree = class_tree()
    singing = scores[:, [tree.index(name) for name in SINGING_CLASSES if name in tree.names]].max(axis=1)
    beyond = SMOOTHING_PATCHES // 2
    smooth = np.median(sliding_window_view(np.pad(singing, beyond, mode="edge"), SMOOTHING_PATCHES), axis=1)
    spans = [(start * hop_seconds, min(duration, end * hop_seconds)) for start, end in _runs(smooth >= HEARD)]
    strongest = float(smooth.max())
    if spans:
        rounded = tuple((round(start, 2), round(end, 2)) for start, end in spans)
        return Vocals(True, round(min(1.0, 0.5 + 0.5 * strongest / SURE), 3), rounded)
    return Vocals(False, round(max(0.5, 1 - 0.5 * strongest / HEARD), 3), ())


def musicality(scores: Scores) -> float:
    """How much of the clip sounds like music, 0 to 1, for YAMNet's `scores` [patches, 521]."""
    kinds = sorted(class_tree().below(*MUSIC_CLASSES))
    return round(float(scores[:, kinds].max(axis=1).mean()), 3)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, behind the last) of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
