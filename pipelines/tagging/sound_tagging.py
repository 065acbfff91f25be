"""Sound tags of a clip: the scores of AudioSet's classes over time, and the few classes that name the whole clip.

Scores are computed in blocks that the feature store keeps: beside them, hours of audio need no more memory than half a minute.
With YAMNet, the tags of a short sound are the median over 18 augmented copies of it (see `augmentation`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import cached_property, partial
from math import ceil
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.errors import InvalidOption
from models.model_catalog import ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO, Device
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import model_fields
from pipelines.tagging.audioset import (
    SPEECH,
    ClassTree,
    Tag,
    best_names,
    class_tree,
    tree_of,
)
from pipelines.tagging.augmentation import TAG_SPEEDS, augmented
from pipelines.tagging.taggers import SoundTagger, YamnetTagger, sound_tagger
from pipelines.tagging.tags import MIN_CLIP_SCORE, SoundTags, TagOptions

WORKING_BYTES = YamnetTagger.working_bytes
"""Memory that `auto` needs beside the weights."""
MAX_AUGMENTED_SECONDS = 20.0
"""Duration up to which a sound is augmented; longer ones vary enough by themselves."""
MIN_SEGMENT_SECONDS = 0.1
"""Duration below which a segment has no tags."""
MAX_TAGS = 50
MIN_SEGMENT_SCORE = 0.1
"""Score below which a class is not among the tags of a segment; see `audioset.MIN_INSTRUMENT_SCORE` for instruments."""


@in_cluster("music", model="options.model")
def tag_sounds(
    clip: AudioClip,
    options: TagOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[SoundTags]:
    """Tag `clip`: yield a snapshot for every block of half a minute, and ten a second in between, so that the caller can stop.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    if not 1 <= options.names <= MAX_TAGS:
        raise InvalidOption("number of tags", options.names, f"1 to {MAX_TAGS}")
    choice = runtime.catalog.choose("tag_sounds", options.model, WORKING_BYTES)
    tagger = ClipTagger(clip, choice, runtime)
    now = _beginning(tagger, choice, runtime.catalog.device)
    yield now
    times = np.arange(tagger.patches, dtype=np.float32) * np.float32(now.hop_seconds)
    scores, done = now.scores, 0
    for step in in_background(lambda stopped: _steps(tagger, options.names), should_stop):
        match step:
            case ClassTree():
                scores = np.empty((tagger.patches, len(step.names)), dtype=np.float32)
                now = replace(now, classes=step.names, scores=scores[:0])
            case np.ndarray():
                scores[done : done + len(step)] = step
                done += len(step)
                position = min(clip.duration, done * now.hop_seconds)
                now = replace(now, times=times[:done], scores=scores[:done], position=position, state="tagging")
            case tuple():
                now = replace(now, top=step, position=clip.duration, state="done")
        now = replace(now, elapsed=clock() - began)
        yield now
    if now.state != "done":
        yield replace(now, state="stopped", elapsed=clock() - began)


def segment_tags(
    clip: AudioClip,
    start: float,
    end: float,
    runtime: ModelRuntime,
    names: int = 1,
    model: str = AUTO,
) -> tuple[Tag, ...]:
    """Return the tags of the segment from `start` to `end` seconds, which holds no speech; empty where no class scores enough.

    Raises:
        InvalidOption: the segment is not inside the clip.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    end = min(end, clip.duration)
    if not 0 <= start <= end:
        raise InvalidOption("segment", f"{start:.2f} to {end:.2f} s", f"times between 0 and {clip.duration:.2f} s")
    if end - start < MIN_SEGMENT_SECONDS:
        return ()
    tagger = ClipTagger(clip, runtime.catalog.choose("tag_sounds", model, WORKING_BYTES), runtime)
    return best_names(tagger.segment_scores(start, end), names, min_score=MIN_SEGMENT_SCORE, excluded=(SPEECH,), tree=tagger.tree)


def _beginning(tagger: ClipTagger, choice: ModelChoice, device: Device) -> SoundTags:
    """Return the snapshot before the first block."""
    rate = tagger.kind.sample_rate
    nothing = np.empty(0, dtype=np.float32)
    return SoundTags(
        tagger.clip.duration,
        times=nothing,
        scores=nothing.reshape(0, len(class_tree().names)),
        hop_seconds=tagger.kind.hop_samples / rate,
        patch_seconds=tagger.kind.patch_samples / rate,
        **model_fields([choice.spec], device, choice.reason),
    )


def _steps(tagger: ClipTagger, names: int) -> Generator[ClassTree | FloatArray | tuple[Tag, ...], None, None]:
    """Yield the model's classes, the scores of every block, then the tags of the whole clip."""
    yield tagger.tree
    for block in range(tagger.blocks):
        yield tagger.block_scores(block)
    yield best_names(tagger.segment_scores(0.0, tagger.clip.duration), names, min_score=MIN_CLIP_SCORE, tree=tagger.tree)


class ClipTagger:
    """One clip and one tagger. The feature store keeps scores: each lease is for one block, and stored blocks need none."""

    def __init__(self, clip: AudioClip, choice: ModelChoice, runtime: ModelRuntime) -> None:
        self.clip = clip
        self.kind = sound_tagger(choice.spec)
        self._features = partial(
            cached_features, clip, choice.spec, runtime=runtime, working_bytes=self.kind.working_bytes, lend=self.kind.lend
        )
        self._waveform = clip.waveform(self.kind.sample_rate)
        self.patches = _patch_count(self.kind, len(self._waveform))
        self.blocks = ceil(self.patches / self.kind.block_patches)

    @cached_property
    def tree(self) -> ClassTree:
        """Classes of the model."""
        names = self._features("class names", lambda model: np.array(self.kind.class_names(model)))
        return tree_of(tuple(names.tolist()))

    def block_scores(self, block: int) -> FloatArray:
        """Return scores [up to `block_patches`, classes] of block `block`."""
        first = block * self.kind.block_patches
        count = min(self.kind.block_patches, self.patches - first)
        begin = first * self.kind.hop_samples
        sound = self._waveform[begin : begin + self.kind.patch_samples + (count - 1) * self.kind.hop_samples]
        return self._features(f"scores of block {block}", lambda model: _scores(self.kind, model, sound))

    def segment_scores(self, start: float, end: float) -> FloatArray:
        """Return scores [classes] of the segment from `start` to `end` seconds as a whole."""
        begin, stop = (round(seconds * self.kind.sample_rate) for seconds in (start, end))
        if end - start <= MAX_AUGMENTED_SECONDS:
            sound = self._waveform[begin:stop]
            score = _augmented_scores if self.kind.has_test_time_augmentation else _mean_scores
            return self._features(f"scores of {begin} to {stop}", lambda model: score(self.kind, model, sound))
        first, last = begin // self.kind.hop_samples, min(self.patches, ceil(stop / self.kind.hop_samples))
        total = sum(part.sum(axis=0, dtype=np.float64) for part in self._parts(first, last))
        return np.asarray(total / (last - first), dtype=np.float32)

    def patch_scores(self, first: int, last: int) -> FloatArray:
        """Return scores [last - first, classes] of the patches from `first` to before `last`."""
        return np.concatenate(list(self._parts(first, last)))

    def _parts(self, first: int, last: int) -> Iterator[FloatArray]:
        """Yield the scores between two patches, block by block."""
        size = self.kind.block_patches
        for block in range(first // size, ceil(last / size)):
            yield self.block_scores(block)[max(0, first - block * size) : last - block * size]


def _patch_count(kind: SoundTagger, samples: int) -> int:
    """Return the number of patches that cover `samples` samples, at least one."""
    return 1 + max(0, ceil((samples - kind.patch_samples) / kind.hop_samples))


def _scores(kind: SoundTagger, model: Any, sound: FloatArray) -> FloatArray:
    """Return scores [patches, classes] of `sound` [samples]; the last patch is padded with zeros."""
    missing = kind.patch_samples + (_patch_count(kind, len(sound)) - 1) * kind.hop_samples - len(sound)
    return kind.scores(model, np.pad(sound, (0, missing)))


def _mean_scores(kind: SoundTagger, model: Any, sound: FloatArray) -> FloatArray:
    """Return the mean [classes] over the patches."""
    mean: FloatArray = _scores(kind, model, sound).mean(axis=0)
    return mean


def _augmented_scores(kind: SoundTagger, model: Any, sound: FloatArray) -> FloatArray:
    """Return the median [classes] over the augmented copies of a short sound, each the mean over its patches."""
    copies = augmented(sound, kind.sample_rate, TAG_SPEEDS)
    result: FloatArray = np.median([_mean_scores(kind, model, copy) for copy in copies], axis=0).astype(np.float32)
    return result
