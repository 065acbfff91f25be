"""Whether there is music, and whether and when somebody sings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from models.arrays import FloatArray
from pipelines.music.music_tagging import MusicTags
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.sound_tagging import SoundTags

SINGING_CLASSES = (
    "Singing", "Choir", "Yodeling", "Chant", "Mantra", "Child singing", "Synthetic singing", "Rapping", "Humming", "Vocal music",
    "A capella", "Song", "Opera", "Beatboxing",
)  # fmt: skip
MUSIC_CLASSES = ("Music", "Musical instrument")
SMOOTHING_PATCHES = 5
"""2.4 s of which the median counts, so that a moment is not believed."""
EVEN = 0.5
"""Probability from which somebody sings."""
HEARD = 0.12
"""YAMNet's score that is worth so much."""


@dataclass(frozen=True)
class Vocals:
    """Singing, rapping or humming; plain speech is not among them."""

    present: bool
    confidence: float
    """0 to 1, that `present` is right."""
    spans: tuple[tuple[float, float], ...]
    """(start, end) in seconds of each stretch with vocals, ascending and apart from each other."""


def find_vocals(sounds: SoundTags, music: MusicTags) -> Vocals:
    """Who sings alone is heard by YAMNet; who sings over music, which YAMNet hardly notices, by musicnn's tags."""
    tree = class_tree()
    columns = [tree.index(name) for name in SINGING_CLASSES if name in tree.names]
    alone = np.minimum(1.0, EVEN * sounds.scores[:, columns].max(axis=1) / HEARD)
    beyond = SMOOTHING_PATCHES // 2
    smooth = np.median(sliding_window_view(np.pad(alone, beyond, mode="edge"), SMOOTHING_PATCHES), axis=1)
    middles = sounds.times + sounds.patch_seconds / 2
    over_music = np.interp(middles, music.times + music.patch_seconds / 2, music.vocals) if music.vocals_in_clip >= EVEN else 0.0
    singing = np.maximum(smooth, over_music)
    hop, end_of_clip = sounds.hop_seconds, sounds.duration
    spans = [(round(start * hop, 2), round(min(end_of_clip, end * hop), 2)) for start, end in _runs(singing >= EVEN)]
    strongest = float(singing.max())
    return Vocals(bool(spans), round(strongest if spans else 1 - max(strongest, music.vocals_in_clip), 3), tuple(spans))


def musicality(scores: FloatArray) -> float:
    """How much of the clip sounds like music, 0 to 1, for YAMNet's `scores` [patches, 521]."""
    kinds = sorted(class_tree().below(*MUSIC_CLASSES))
    return round(float(scores[:, kinds].max(axis=1).mean()), 3)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, behind the last) of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
