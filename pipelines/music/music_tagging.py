"""What kind of music a clip is: genres, instruments, moods, era and voices, over time and for the whole.

Three models listen: musicnn trained on MagnaTagATune, musicnn trained on the Million Song Dataset (Pons and Serra 2019), and
YAMNet, whose scores `sound_tagging` has in the feature store already. `music_evidence` weighs what they say. musicnn hears the
clip at the loudness of the records that it was trained on, however softly it was recorded. Hours of music need no more memory
than half a minute, beside the result: 17 kB for each minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.errors import InvalidOption
from models.model_catalog import ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from models.specs.sound import MUSICNN_MSD, MUSICNN_MTT, YAMNET
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.music.decisions import MIN_MUSIC_SCORE, has_vocals, is_music
from pipelines.music.musicnn_features import (
    MUSICNN_SAMPLE_RATE,
    PATCH_HOP_SAMPLES,
    PATCH_HOP_SECONDS,
    PATCH_SAMPLES,
    PATCH_SECONDS,
    log_mel_patches,
    patch_count,
)
from pipelines.music.tag_fusion import (
    MusicScores,
    MusicTag,
    best_tags,
    confidences,
    musicality,
    vocals,
    vocals_of_clip,
)
from pipelines.music.tag_table import KINDS, TABLE, Kind
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.sound_tagging import ClipListener
from pipelines.tagging.yamnet_features import PATCH_HOP_SECONDS as YAMNET_HOP_SECONDS
from pipelines.tagging.yamnet_features import PATCH_SECONDS as YAMNET_SECONDS

BLOCK_PATCHES = 20
"""Patches of one lease: 32 s of sound."""
BATCH_PATCHES = 2
"""Patches that go through the model at once: one more costs 51 MB and gains no time."""
WORKING_BYTES = 120 * 2**20
"""Activations of one batch, measured, and the log-mel frames of a block."""
LISTENING_LEVEL = 0.1
"""RMS (−20 dB of full scale) at which the music is heard. On the tuning pieces the area under the ROC curve of MagnaTagATune's
instruments was 0.96 at this level and 0.90 as they were recorded."""
MAX_GAIN = 100.0
LEVEL_CELL_SAMPLES = 1600
LEVEL_BLOCK_CELLS = 600
"""The level is measured in cells of 0.1 s, a minute at a time."""
AUDIBLE = 1e-4
"""Of the loudest cell's power (−40 dB): below it a cell is a pause."""
SILENCE, SILENT = "Silence", 0.5
"""YAMNet's class, and the score from which a moment is silent."""
MAX_NAMES = 20


@dataclass(frozen=True)
class MusicTagOptions:
    """What the person can choose."""

    names: int = 5
    """How many tags of each kind may name the clip."""


@dataclass(frozen=True, eq=False)
class MusicTags:
    """What is known so far; the last one of a run is the result."""

    duration: float
    """Of the clip, in seconds."""
    times: FloatArray
    """[patches], seconds at which each patch begins; it lasts `patch_seconds`."""
    confidences: FloatArray
    """[patches, rows of `music_tag_table.TABLE`], 0 to 1; what they say holds where `music` does."""
    music: FloatArray
    """[patches], 0 to 1: the highest score of 'Music' and its kinds; `MIN_MUSIC_SCORE` and more is music."""
    vocals: FloatArray
    """[patches], 0 to 1: probability that somebody sings."""
    tags: tuple[MusicTag, ...] = ()
    """Of the whole clip, by kind and then best first; filled when the job is done, and empty for a clip that is no music."""
    is_music: bool | None = None
    """None until the job is done."""
    music_share: float = 0.0
    """Share of the sound, silence left out, that is music."""
    vocals_in_clip: float = 0.0
    """Probability that somebody sings somewhere in it."""
    hop_seconds: float = PATCH_HOP_SECONDS
    patch_seconds: float = PATCH_SECONDS
    models: tuple[str, ...] = ()
    """Titles of the models in use."""
    licences: tuple[str, ...] = ()
    device: str = ""
    position: float = 0.0
    """How far the job is, in seconds of the clip."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["loading", "listening", "done", "stopped"] = "loading"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of `confidences`; a genre and an instrument may share one."""
        return tuple(row.name for row in TABLE)

    def of_kind(self, kind: Kind) -> tuple[MusicTag, ...]:
        """The clip's tags of one kind, best first."""
        return tuple(tag for tag in self.tags if tag.kind == kind)


@dataclass(frozen=True, eq=False)
class VocalActivity:
    """Whether somebody sings."""

    times: FloatArray
    """[patches], seconds at which each patch of `patch_seconds` begins, one every `hop_seconds`."""
    probability: FloatArray
    """[patches], 0 to 1; 0 where there is no music."""
    in_clip: float
    """Probability that somebody sings somewhere in the clip."""
    hop_seconds: float = PATCH_HOP_SECONDS
    patch_seconds: float = PATCH_SECONDS


def tag_music(
    clip: AudioClip,
    options: MusicTagOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[MusicTags]:
    """Tag `clip`: a snapshot for every block of 30 s, and ten a second in between, so that the caller can stop at any time.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    if not 1 <= options.names <= MAX_NAMES:
        raise InvalidOption("number of tags", options.names, f"1 to {MAX_NAMES}")
    listener = _MusicListener(clip, runtime)
    now = listener.beginning(runtime.catalog.device.upper())
    yield now
    heard: list[_Heard] = []
    for step in in_background(lambda stopped: listener.blocks_heard(), should_stop):
        if step is not None:
            heard.append(step)
            now = _so_far(now, heard)
        now = replace(now, elapsed=clock() - began)
        yield now
    if len(now.times) == listener.patches:
        yield replace(_whole(now, heard, options.names), elapsed=clock() - began)
    else:
        yield replace(now, state="stopped", elapsed=clock() - began)


def vocal_activity(clip: AudioClip, runtime: ModelRuntime) -> VocalActivity:
    """Where in `clip` somebody sings. What `tag_music` computed is found, and the other way round.

    Raises:
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    *_, tags = tag_music(clip, MusicTagOptions(), runtime)
    return VocalActivity(tags.times, tags.vocals, tags.vocals_in_clip)


@dataclass(frozen=True, eq=False)
class _Heard:
    """What is to be kept of one block."""

    confidences: FloatArray
    music: FloatArray
    vocals: FloatArray
    audible: NDArray[np.bool_]
    """[patches]: not silent."""


def _so_far(tags: MusicTags, heard: list[_Heard]) -> MusicTags:
    patches = sum(len(block.music) for block in heard)
    return replace(
        tags,
        times=np.arange(patches, dtype=np.float32) * np.float32(PATCH_HOP_SECONDS),
        confidences=np.concatenate([block.confidences for block in heard]),
        music=np.concatenate([block.music for block in heard]),
        vocals=np.concatenate([block.vocals for block in heard]),
        position=min(tags.duration, patches * PATCH_HOP_SECONDS),
        state="listening",
    )


def _whole(tags: MusicTags, heard: list[_Heard], names: int) -> MusicTags:
    """The clip's tags are those of its musical patches, if they are enough."""
    audible = np.concatenate([block.audible for block in heard])
    musical = audible & (tags.music >= MIN_MUSIC_SCORE)
    share = float(musical.sum() / max(1, audible.sum()))
    tags = replace(tags, music_share=share, is_music=is_music(share), position=tags.duration, state="done")
    if not tags.is_music:
        return tags
    mean = tags.confidences[musical].mean(axis=0)
    sung = vocals_of_clip(tags.vocals, tags.music)
    kinds = [kind for kind in KINDS if kind != "vocals" or has_vocals(sung)]
    return replace(tags, vocals_in_clip=sung, tags=tuple(tag for kind in kinds for tag in best_tags(mean, kind, names)))


class _MusicListener:
    """One clip and three models. Computed scores are in the feature store: each lease is for one block, known ones need none."""

    def __init__(self, clip: AudioClip, runtime: ModelRuntime) -> None:
        self._clip = clip
        self._runtime = runtime
        self._choices = [runtime.catalog.choose("tag_music", spec.key, WORKING_BYTES) for spec in (MUSICNN_MTT, MUSICNN_MSD)]
        self._sounds = ClipListener(clip, runtime.catalog.choose("tag_sounds", YAMNET.key), runtime)
        self._waveform = clip.waveform(MUSICNN_SAMPLE_RATE)
        self.patches = patch_count(len(self._waveform))

    def beginning(self, device: str) -> MusicTags:
        """Nothing is heard yet."""
        nothing = np.empty(0, dtype=np.float32)
        specs = [*(choice.spec for choice in self._choices), YAMNET]
        return MusicTags(
            self._clip.duration,
            times=nothing,
            confidences=nothing.reshape(0, len(TABLE)),
            music=nothing,
            vocals=nothing,
            models=tuple(spec.title for spec in specs),
            licences=tuple(spec.licence for spec in specs),
            device=device,
        )

    def blocks_heard(self) -> Generator[_Heard, None, None]:
        """Block after block."""
        gain = listening_gain(self._waveform)
        for block in range(ceil(self.patches / BLOCK_PATCHES)):
            mtt, msd = (self._block_scores(choice, block, gain) for choice in self._choices)
            yamnet = self._yamnet_scores(block * BLOCK_PATCHES, len(mtt))
            scores = MusicScores(mtt, msd, yamnet)
            audible = yamnet[:, class_tree().index(SILENCE)] < SILENT
            yield _Heard(confidences(scores), musicality(scores), vocals(scores), audible)

    def _block_scores(self, choice: ModelChoice, block: int, gain: np.float32) -> FloatArray:
        """Scores [up to 20, 50] of block `block`."""
        first = block * BLOCK_PATCHES
        count = min(BLOCK_PATCHES, self.patches - first)
        begin = first * PATCH_HOP_SAMPLES
        sound = self._waveform[begin : begin + PATCH_SAMPLES + (count - 1) * PATCH_HOP_SAMPLES]
        return self._remembered(choice.spec, f"scores of block {block}", lambda musicnn: _scores(musicnn, gain * sound))

    def _yamnet_scores(self, first: int, count: int) -> FloatArray:
        """Means [count, 521] of YAMNet's scores within the patches of musicnn from `first`."""
        within = [self._yamnet_patches(first + patch) for patch in range(count)]
        begin = within[0].start
        scores = self._sounds.patch_scores(begin, within[-1].stop)
        means: FloatArray = np.stack([scores[part.start - begin : part.stop - begin].mean(axis=0) for part in within])
        return means

    def _yamnet_patches(self, patch: int) -> range:
        """The patches of YAMNet that lie within a patch of musicnn; at the end of the clip at least the last."""
        begin = patch * PATCH_HOP_SECONDS
        first = min(ceil(begin / YAMNET_HOP_SECONDS), self._sounds.patches - 1)
        last = int((begin + PATCH_SECONDS - YAMNET_SECONDS) / YAMNET_HOP_SECONDS) + 1
        return range(first, max(first + 1, min(last, self._sounds.patches)))

    def _remembered(self, spec: ModelSpec, layer: str, compute: Callable[[Any], FloatArray]) -> FloatArray:
        """What the feature store has, else `compute` with the model on loan."""
        return cached_features(self._clip, spec, layer, compute, self._runtime, WORKING_BYTES)


def _scores(musicnn: Any, sound: FloatArray) -> FloatArray:
    """Scores [patches, 50] of `sound` [samples] at 16 kHz; silence fills the last patch."""
    patches = patch_count(len(sound))
    inputs = log_mel_patches(np.pad(sound, (0, PATCH_SAMPLES + (patches - 1) * PATCH_HOP_SAMPLES - len(sound))))
    batches = [inputs[first : first + BATCH_PATCHES] for first in range(0, patches, BATCH_PATCHES)]
    return np.concatenate([musicnn.run(["scores"], {"patches": batch})[0] for batch in batches])


def listening_gain(waveform: FloatArray) -> np.float32:
    """Factor that brings the RMS of what is no pause to `LISTENING_LEVEL`."""
    cells = len(waveform) // LEVEL_CELL_SAMPLES
    if cells == 0:
        power = np.array([np.mean(np.square(waveform, dtype=np.float64))])
    else:
        power = np.concatenate(
            [
                np.square(waveform[first * LEVEL_CELL_SAMPLES : last * LEVEL_CELL_SAMPLES], dtype=np.float64)
                .reshape(-1, LEVEL_CELL_SAMPLES)
                .mean(axis=1)
                for first in range(0, cells, LEVEL_BLOCK_CELLS)
                for last in [min(cells, first + LEVEL_BLOCK_CELLS)]
            ]
        )
    level = float(np.sqrt(power[power >= AUDIBLE * power.max()].mean()))
    return np.float32(min(MAX_GAIN, LISTENING_LEVEL / max(level, 1e-9)))
