"""The salient window of a clip: loud enough, and clearly one thing."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np

from models.arrays import FloatArray
from models.errors import InvalidOption, JobStopped
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_folders import SILENCE_PEAK
from pipelines.clip.errors import SilentClip
from pipelines.clip.series import moving_mean
from pipelines.tagging.audioset import (
    ABOUT_THE_RECORDING,
    MUSIC,
    SPEECH,
    ClassTree,
)
from pipelines.tagging.sound_tagging import WORKING_BYTES, ClipTagger

LOUD_RMS_RATIO = 0.1
"""RMS relative to the clip's maximum (-20 dB) above which a moment has full weight; below, weight is proportional to RMS."""
COMMON_CLASS_WEIGHT = 0.5
"""Weight of speech and music, beside which any other sound is more salient."""
LOUDNESS_WEIGHT = 0.05
"""Weight of loudness alone, so that it decides where no sound is recognised."""


def salient_window(
    clip: AudioClip,
    duration: float,
    runtime: ModelRuntime,
    within: tuple[float, float] | None = None,
    should_stop: Callable[[], bool] = never_stop,
) -> tuple[float, float]:
    """Return (start, end) in seconds of the most salient window of `clip`.

    The salience of a window is the mean score of its best class over all moments, soft moments with less weight, so that the
    window is one thing throughout. Of equal windows the first is taken.

    Args:
        clip: the clip.
        duration: length of the window in seconds.
        runtime: catalogue, cache and feature store.
        within: (start, end) in seconds of the range to search; None for the whole clip. A shorter range is returned as it is.
        should_stop: polled before each block of the clip.

    Raises:
        JobStopped: `should_stop` returned true.
        InvalidOption: `duration` is not positive.
        SilentClip: the clip is silent.
        ModelError: no sound tagger can be had; see `ModelCache.lease`.
    """
    if duration <= 0:
        raise InvalidOption("length of the segment", duration, "seconds above 0")
    first, last = within or (0.0, clip.duration)
    if last - first <= duration:
        return first, last
    tagger = ClipTagger(clip, runtime.catalog.choose("tag_sounds", working_bytes=WORKING_BYTES), runtime)
    kind = tagger.kind
    rms = _frame_rms(clip.waveform(kind.sample_rate), kind.hop_samples, tagger.patches)
    hop = kind.hop_samples / kind.sample_rate
    width = min(tagger.patches, max(1, 1 + int((duration - kind.patch_samples / kind.sample_rate) / hop)))
    loudness = np.minimum(1.0, rms / (LOUD_RMS_RATIO * rms.max())).astype(np.float32)
    scores = _patch_scores(tagger, should_stop) * _class_weights(tagger.tree) * loudness[:, np.newaxis]
    salience = moving_mean(scores, width).max(axis=1) + LOUDNESS_WEIGHT * moving_mean(loudness, width)
    inside = slice(ceil(first / hop), max(int((last - duration) / hop), ceil(first / hop)) + 1)
    best = (inside.start + float(np.argmax(salience[inside]))) * hop if len(salience[inside]) else first
    start = min(best, last - duration)
    return start, start + duration


def _patch_scores(tagger: ClipTagger, should_stop: Callable[[], bool]) -> FloatArray:
    """Return the scores [patches, classes] of the whole clip."""
    blocks = []
    for block in range(tagger.blocks):
        if should_stop():
            raise JobStopped
        blocks.append(tagger.block_scores(block))
    return np.concatenate(blocks)


def _class_weights(tree: ClassTree) -> FloatArray:
    """Return the weight of each class [classes]."""
    weights = np.ones(len(tree.names), dtype=np.float32)
    weights[sorted(tree.below(SPEECH, MUSIC))] = COMMON_CLASS_WEIGHT
    weights[[tree.index(name) for name in ABOUT_THE_RECORDING]] = 0
    return weights


def _frame_rms(waveform: FloatArray, hop: int, count: int) -> FloatArray:
    """Return the RMS [count] of frames of `hop` samples, reading one frame at a time.

    Raises:
        SilentClip: no sample is above `SILENCE_PEAK`.
    """
    frames = [np.asarray(waveform[i * hop : (i + 1) * hop]) for i in range(count)]
    if max(float(np.abs(frame).max(initial=0.0)) for frame in frames) < SILENCE_PEAK:
        raise SilentClip
    rms = [np.sqrt(np.mean(np.square(frame))) if len(frame) else 0.0 for frame in frames]
    return np.array(rms, dtype=np.float32)
