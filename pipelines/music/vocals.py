"""How much of a clip is music, and where it has vocals."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pipelines.clip.series import runs_of_true
from pipelines.music.decisions import (
    MIN_OPEN_SINGING_SCORE,
    MIN_SINGING_SCORE,
    MIN_VOCALS_IN_MUSIC_PROB,
    MIN_VOCALS_MOMENT_PROB,
    has_vocals,
)
from pipelines.music.facts import Vocals
from pipelines.music.tags.tag_fusion import MusicTags
from pipelines.tagging.audioset import SINGING_CLASSES, tree_of
from pipelines.tagging.tags import SoundTags

UNACCOMPANIED_CLASSES = (*SINGING_CLASSES, "Song", "Beatboxing")
"""Classes of singing by itself. The weights of `tag_fusion` were set without the last two."""
MUSIC_CLASSES = ("Music", "Musical instrument")
SMOOTHING_PATCHES = 5
"""Length of the median filter: 2.4 s, so that a single patch is no vocals."""


def find_vocals(sounds: SoundTags, music: MusicTags) -> Vocals:
    """Find vocals: unaccompanied ones by YAMNet, those over music, which YAMNet hardly notices, by musicnn's tags.

    In music the tags decide whether there are any, since their probability is calibrated; in a clip that is mostly no music, the
    mean of the two, and with a trace of singing they are not denied.
    """
    tree = tree_of(sounds.classes)
    columns = [tree.index(name) for name in UNACCOMPANIED_CLASSES if name in tree.names]
    singing = sounds.scores[:, columns].max(axis=1)
    alone = np.minimum(1.0, MIN_VOCALS_MOMENT_PROB * singing / MIN_SINGING_SCORE)
    beyond = SMOOTHING_PATCHES // 2
    smooth = np.median(sliding_window_view(np.pad(alone, beyond, mode="edge"), SMOOTHING_PATCHES), axis=1)
    middles = sounds.times + sounds.patch_seconds / 2
    is_over_music = music.vocals_in_clip >= MIN_VOCALS_IN_MUSIC_PROB
    over_music = np.interp(middles, music.times + music.patch_seconds / 2, music.vocals) if is_over_music else 0.0
    probs = np.maximum(smooth, over_music)
    hop, end_of_clip = sounds.hop_seconds, sounds.duration
    spans = [
        (round(start * hop, 2), round(min(end_of_clip, end * hop), 2))
        for start, end in runs_of_true(probs >= MIN_VOCALS_MOMENT_PROB)
    ]
    strongest = max(float(probs.max()), music.vocals_in_clip)
    if music.is_music is None:
        return vocals_of(strongest, tuple(spans))
    if music.is_music:
        return vocals_of(music.vocals_in_clip, tuple(spans))
    least = MIN_VOCALS_MOMENT_PROB if singing.mean() >= MIN_OPEN_SINGING_SCORE else 0.0
    return vocals_of(max(least, (strongest + music.vocals_in_clip) / 2), tuple(spans))


def vocals_of(probability: float, spans: tuple[tuple[float, float], ...]) -> Vocals:
    """Return the decision for a probability; the spans [(start, end), …] in seconds only where there are vocals."""
    present = has_vocals(probability)
    return Vocals(present, round(probability, 3), spans if present else ())


def music_score(sounds: SoundTags) -> float:
    """Return the mean over the clip of the maximum score of music and instruments, 0 to 1."""
    columns = sorted(tree_of(sounds.classes).below(*MUSIC_CLASSES))
    return round(float(sounds.scores[:, columns].max(axis=1).mean()), 3)
