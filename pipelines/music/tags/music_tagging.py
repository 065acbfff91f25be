"""Music tags of a clip: genres, instruments, moods, era and voices, over time and for the whole.

Three models are combined by `tag_fusion`: musicnn trained on MagnaTagATune, musicnn trained on the Million Song Dataset (Pons and
Serra 2019), and YAMNet, whose scores are in the feature store once `sound_tagging` has run. Hours of music need no more memory
than half a minute, beside the result: 17 kB for each minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.errors import InvalidOption
from models.model_catalog import ModelChoice
from models.runtime import ModelRuntime
from models.specs.sound import MUSICNN_MSD, MUSICNN_MTT, YAMNET
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import model_fields
from pipelines.music.decisions import MIN_MUSIC_SCORE, has_vocals, is_music
from pipelines.music.tags.musicnn import (
    MUSICNN_SAMPLE_RATE,
    PATCH_HOP_SAMPLES,
    PATCH_HOP_SECONDS,
    PATCH_SAMPLES,
    PATCH_SECONDS,
    input_gain,
    patch_count,
    run_musicnn,
)
from pipelines.music.tags.tag_fusion import (
    MusicScores,
    MusicTagOptions,
    MusicTags,
    best_tags,
    clip_confidences,
    confidences,
    music_scores,
)
from pipelines.music.tags.tag_table import TABLE, TAG_KINDS
from pipelines.music.tags.vocal_evidence import clip_vocals_prob, vocal_probs
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.sound_tagging import ClipTagger
from pipelines.tagging.yamnet import PATCH_HOP_SECONDS as YAMNET_HOP_SECONDS
from pipelines.tagging.yamnet import PATCH_SECONDS as YAMNET_SECONDS

BLOCK_PATCHES = 20
"""Patches under one lease: 32 s of sound."""
WORKING_BYTES = 120 * 2**20
"""Memory for one block, beside the weights: activations of one patch, measured, and the log-mel frames."""
SILENCE_CLASS, MIN_SILENCE_SCORE = "Silence", 0.5
"""YAMNet's class, and its score from which a patch is silent."""
MAX_TAGS_PER_KIND = 20


@in_cluster("music")
def tag_music(
    clip: AudioClip,
    options: MusicTagOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[MusicTags]:
    """Tag `clip`: yield a snapshot for every block of 30 s, and ten a second in between, so that the caller can stop.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    if not 1 <= options.names <= MAX_TAGS_PER_KIND:
        raise InvalidOption("number of tags", options.names, f"1 to {MAX_TAGS_PER_KIND}")
    tagger = _ClipMusicTagger(clip, runtime)
    now = tagger.beginning()
    yield now
    blocks: list[_BlockTags] = []
    for step in in_background(lambda stopped: tagger.blocks(), should_stop):
        if step is not None:
            blocks.append(step)
            now = _so_far(now, blocks)
        now = replace(now, elapsed=clock() - began)
        yield now
    if len(now.times) == tagger.patches:
        yield replace(_whole(now, blocks, options.names), elapsed=clock() - began)
    else:
        yield replace(now, state="stopped", elapsed=clock() - began)


def has_music(clip: AudioClip, runtime: ModelRuntime, should_stop: Callable[[], bool]) -> bool:
    """Return whether a clip is music, as the music tags decide it; True after a stop."""
    *_, tags = tag_music(clip, MusicTagOptions(), runtime, should_stop)
    return tags.is_music is not False


def model_scores(clip: AudioClip, runtime: ModelRuntime) -> MusicScores:
    """Return the scores of all models for the patches of a clip, from which `tag_fusion` makes tags."""
    blocks = list(_ClipMusicTagger(clip, runtime).scores())
    return MusicScores(*(np.concatenate([getattr(block, model) for block in blocks]) for model in ("mtt", "msd", "yamnet")))


def is_audible(scores: MusicScores) -> NDArray[np.bool_]:
    """Return whether each segment is not silent."""
    audible: NDArray[np.bool_] = scores.yamnet[:, class_tree().index(SILENCE_CLASS)] < MIN_SILENCE_SCORE
    return audible


@dataclass(frozen=True, eq=False)
class _BlockTags:
    """The tags of one block."""

    confidences: FloatArray
    music: FloatArray
    vocals: FloatArray
    audible: NDArray[np.bool_]
    """[patches], whether a patch is not silent."""


def _so_far(tags: MusicTags, blocks: list[_BlockTags]) -> MusicTags:
    patches = sum(len(block.music) for block in blocks)
    return replace(
        tags,
        times=np.arange(patches, dtype=np.float32) * np.float32(PATCH_HOP_SECONDS),
        confidences=np.concatenate([block.confidences for block in blocks]),
        music=np.concatenate([block.music for block in blocks]),
        vocals=np.concatenate([block.vocals for block in blocks]),
        position=min(tags.duration, patches * PATCH_HOP_SECONDS),
        state="tagging",
    )


def _whole(tags: MusicTags, blocks: list[_BlockTags], names: int) -> MusicTags:
    """Return the clip's tags, the mean over its patches of music, where these are enough."""
    audible = np.concatenate([block.audible for block in blocks])
    musical = audible & (tags.music >= MIN_MUSIC_SCORE)
    fraction = float(musical.sum() / max(1, audible.sum()))
    tags = replace(tags, music_fraction=fraction, is_music=is_music(fraction), position=tags.duration, state="done")
    if not tags.is_music:
        return tags
    mean = clip_confidences(tags.confidences[musical])
    sung = clip_vocals_prob(tags.vocals, tags.music)
    kinds = [kind for kind in TAG_KINDS if kind != "vocals" or has_vocals(sung)]
    return replace(tags, vocals_in_clip=sung, tags=tuple(tag for kind in kinds for tag in best_tags(mean, kind, names)))


class _ClipMusicTagger:
    """One clip and three models. The feature store keeps scores: each lease is for one block, and stored blocks need none."""

    def __init__(self, clip: AudioClip, runtime: ModelRuntime) -> None:
        self._clip = clip
        self._runtime = runtime
        self._choices = [runtime.catalog.choose("tag_music", spec.key, WORKING_BYTES) for spec in (MUSICNN_MTT, MUSICNN_MSD)]
        self._sounds = ClipTagger(clip, runtime.catalog.choose("tag_sounds", YAMNET.key), runtime)
        self._waveform = clip.waveform(MUSICNN_SAMPLE_RATE)
        self.patches = patch_count(len(self._waveform))

    def beginning(self) -> MusicTags:
        """Return the snapshot before the first block."""
        nothing = np.empty(0, dtype=np.float32)
        specs = [*(choice.spec for choice in self._choices), YAMNET]
        return MusicTags(
            self._clip.duration,
            times=nothing,
            confidences=nothing.reshape(0, len(TABLE)),
            music=nothing,
            vocals=nothing,
            hop_seconds=PATCH_HOP_SECONDS,
            patch_seconds=PATCH_SECONDS,
            **model_fields(specs, self._runtime.catalog.device, self._choices[0].reason),
        )

    def blocks(self) -> Generator[_BlockTags, None, None]:
        """Yield the tags of every block."""
        for scores in self.scores():
            yield _BlockTags(confidences(scores), music_scores(scores), vocal_probs(scores), is_audible(scores))

    def scores(self) -> Iterator[MusicScores]:
        """Yield the scores of the models, block by block."""
        gain = input_gain(self._waveform)
        for block in range(ceil(self.patches / BLOCK_PATCHES)):
            mtt, msd = (self._block_scores(choice, block, gain) for choice in self._choices)
            yield MusicScores(mtt, msd, self._yamnet_scores(block * BLOCK_PATCHES, len(mtt)))

    def _block_scores(self, choice: ModelChoice, block: int, gain: np.float32) -> FloatArray:
        """Return scores [up to 20, 50] of block `block`."""
        first = block * BLOCK_PATCHES
        count = min(BLOCK_PATCHES, self.patches - first)
        begin = first * PATCH_HOP_SAMPLES
        sound = self._waveform[begin : begin + PATCH_SAMPLES + (count - 1) * PATCH_HOP_SAMPLES]

        def compute(session: Any) -> FloatArray:
            return run_musicnn(session, gain * sound, ["scores"])[0]

        return cached_features(self._clip, choice.spec, f"scores of block {block}", compute, self._runtime, WORKING_BYTES)

    def _yamnet_scores(self, first: int, count: int) -> FloatArray:
        """Return YAMNet's mean scores [count, 521] within each patch of musicnn from `first` on."""
        within = [self._yamnet_patches(first + patch) for patch in range(count)]
        begin = within[0].start
        scores = self._sounds.patch_scores(begin, within[-1].stop)
        means: FloatArray = np.stack([scores[part.start - begin : part.stop - begin].mean(axis=0) for part in within])
        return means

    def _yamnet_patches(self, patch: int) -> range:
        """Return the patches of YAMNet that lie within a patch of musicnn; at the end of the clip at least the last."""
        begin = patch * PATCH_HOP_SECONDS
        first = min(ceil(begin / YAMNET_HOP_SECONDS), self._sounds.patches - 1)
        last = int((begin + PATCH_SECONDS - YAMNET_SECONDS) / YAMNET_HOP_SECONDS) + 1
        return range(first, max(first + 1, min(last, self._sounds.patches)))
