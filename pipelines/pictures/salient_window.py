"""The most telling part of a clip: loud enough, and clearly one thing."""

from __future__ import annotations

from math import ceil

import numpy as np

from models.arrays import FloatArray
from models.errors import InvalidOption
from models.runtime import ModelRuntime
from pipelines.clip.clip import SILENCE_PEAK, AudioClip
from pipelines.clip.errors import SilentClip
from pipelines.tagging.audioset import (
    ABOUT_THE_RECORDING,
    MUSIC,
    SPEECH,
    ClassTree,
)
from pipelines.tagging.sound_tagging import WORKING_BYTES, ClipTagger

LOUD_ENOUGH = 0.1
"""Of the loudest moment's RMS (−20 dB); what is softer counts less, in proportion."""
COMMON = 0.5
"""Weight of speech and music, beside which whatever else is there tells more."""
LOUDNESS_SHARE = 0.05
"""What loudness alone adds, so that it decides where nothing is recognised."""


def telling_window(
    clip: AudioClip,
    seconds: float,
    runtime: ModelRuntime,
    within: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """(start, end) in seconds of the most telling stretch of `seconds`; the whole clip where it is no longer.

    `within`: two times between which the stretch lies, all of it where that is no longer; None for the whole clip.

    A stretch tells as much as the mean score of its best class over all moments, the soft ones counting less: it must be one
    thing throughout. Among equals the first is taken.

    Raises:
        InvalidOption: `seconds` is not positive.
        SilentClip: there is nothing to hear.
        ModelError: no model that names sounds can be had; see `ModelCache.lease`.
    """
    if seconds <= 0:
        raise InvalidOption("length of the part", seconds, "seconds above 0")
    first, last = within or (0.0, clip.duration)
    if last - first <= seconds:
        return first, last
    listener = ClipTagger(clip, runtime.catalog.choose("tag_sounds", working_bytes=WORKING_BYTES), runtime)
    hearing = listener.kind
    loudness = _loudness(clip.waveform(hearing.sample_rate), hearing.hop_samples, listener.patches)
    hop = hearing.hop_samples / hearing.sample_rate
    width = max(1, 1 + int((seconds - hearing.patch_samples / hearing.sample_rate) / hop))
    audible = np.minimum(1.0, loudness / (LOUD_ENOUGH * loudness.max())).astype(np.float32)
    scores = listener.patch_scores(0, listener.patches) * _class_weights(listener.tree) * audible[:, np.newaxis]
    tells = _means(scores, width).max(axis=1) + LOUDNESS_SHARE * _means(audible[:, np.newaxis], width)[:, 0]
    inside = slice(ceil(first / hop), max(int((last - seconds) / hop), ceil(first / hop)) + 1)
    start = min((inside.start + float(np.argmax(tells[inside]))) * hop, last - seconds) if len(tells[inside]) else first
    return start, start + seconds


def _class_weights(tree: ClassTree) -> FloatArray:
    """How much each class tells [classes]."""
    weights = np.ones(len(tree.names), dtype=np.float32)
    weights[sorted(tree.below(SPEECH, MUSIC))] = COMMON
    weights[[tree.index(name) for name in ABOUT_THE_RECORDING]] = 0
    return weights


def _loudness(sound: FloatArray, hop: int, count: int) -> FloatArray:
    """RMS [count] of stretches of `hop` samples; memory is that of one stretch.

    Raises:
        SilentClip: no sample is above `SILENCE_PEAK`.
    """
    stretches = [np.asarray(sound[i * hop : (i + 1) * hop]) for i in range(count)]
    if max(float(np.abs(part).max(initial=0.0)) for part in stretches) < SILENCE_PEAK:
        raise SilentClip
    rms = [np.sqrt(np.mean(np.square(part))) if len(part) else 0.0 for part in stretches]
    return np.array(rms, dtype=np.float32)


def _means(values: FloatArray, width: int) -> FloatArray:
    """Means [rows − width + 1, columns] over `width` rows of `values` [rows, columns] in succession."""
    width = min(width, len(values))
    sums = np.cumsum(np.concatenate([np.zeros_like(values[:1]), values]), axis=0, dtype=np.float64)
    means: FloatArray = ((sums[width:] - sums[:-width]) / width).astype(np.float32)
    return means
