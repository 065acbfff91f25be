"""What is to be heard in a clip: the AudioSet classes of a model over time, and the few that name the whole.

Scores come from the sound as it is, in blocks that the feature store keeps: beside them, hours of audio need no more memory than
half a minute. With YAMNet, the names of a short sound rest on more: the median over 18 looks at it, as loud as it is and softly,
faster and slower. YAMNet was trained on videos, where an animal is seldom as loud and as close as in a sound effect.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil
from typing import Any, Literal, TypeVar

import numpy as np

from models.arrays import AnyArray, FloatArray
from models.errors import InvalidOption
from models.model_catalog import AUTO, ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import Device
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import SILENCE_PEAK, AudioClip
from pipelines.jobs.background import in_background
from pipelines.tagging.audioset import (
    SPEECH,
    ClassTree,
    Tag,
    best_names,
    class_tree,
    tree_of,
)
from pipelines.tagging.taggers import SoundModel, Yamnet, sound_model
from pipelines.tagging.yamnet_features import PATCH_HOP_SECONDS, PATCH_SECONDS

WORKING_BYTES = Yamnet.working_bytes
"""What `auto` wants to have free beside the model's weights."""
SHORT_SECONDS = 20.0
"""Up to here a sound is looked at several times; longer ones vary enough by themselves."""
SHORTEST_SECONDS = 0.1
"""A stretch below this is not named."""
SPEEDS = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.25)
SOFT_LEVEL = 0.025
"""RMS (−32 dB of full scale) that the loudest moment has in the soft looks."""
MAX_GAIN = 10.0
"""A quiet sound is made louder for them by no more than 20 dB, which leaves the noise of a silent room below hearing."""
MOMENT_SAMPLES = 6400
"""0.4 s, over which 'the loudest moment' is measured."""
MAX_NAMES = 50
FAINT = 0.01
"""Score below which a class is not among the tags of a clip."""
HEARD = 0.1
"""Score below which a class is not said to be heard; see `sound_names.HEARD_IN_MUSIC` for instruments."""

ArrayT = TypeVar("ArrayT", bound=AnyArray)


@dataclass(frozen=True)
class TagOptions:
    """What the person can choose."""

    model: str = AUTO
    names: int = 5
    """How many tags may name the clip."""


@dataclass(frozen=True, eq=False)
class SoundTags:
    """What is known so far; the last one of a run is the result."""

    duration: float
    """Of the clip, in seconds."""
    times: FloatArray
    """[patches], seconds at which each patch begins; it lasts `patch_seconds`."""
    scores: FloatArray
    """[patches, classes], 0 to 1; the columns are `classes`."""
    top: tuple[Tag, ...] = ()
    """What names the whole clip, best first; filled when the job is done."""
    hop_seconds: float = PATCH_HOP_SECONDS
    patch_seconds: float = PATCH_SECONDS
    model: str = ""
    """Title of the model in use."""
    model_reason: str = ""
    licence: str = ""
    dtype: str = ""
    device: str = ""
    position: float = 0.0
    """How far the job is, in seconds of the clip."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["loading", "listening", "done", "stopped"] = "loading"
    classes: tuple[str, ...] = field(default_factory=lambda: class_tree().names)
    """Names of the columns of `scores`: the model's own."""


def tag_sounds(
    clip: AudioClip,
    options: TagOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[SoundTags]:
    """Tag `clip`: a snapshot for every block of half a minute, ten a second in between, so that the caller can stop at any time.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    if not 1 <= options.names <= MAX_NAMES:
        raise InvalidOption("number of tags", options.names, f"1 to {MAX_NAMES}")
    choice = runtime.catalog.choose("tag_sounds", options.model, WORKING_BYTES)
    listener = ClipListener(clip, choice, runtime)
    now = _beginning(listener, choice, runtime.catalog.device)
    yield now
    times = np.arange(listener.patches, dtype=np.float32) * np.float32(now.hop_seconds)
    scores, done = now.scores, 0
    for step in in_background(lambda stopped: _listen(listener, options.names), should_stop):
        match step:
            case ClassTree():
                scores = np.empty((listener.patches, len(step.names)), dtype=np.float32)
                now = replace(now, classes=step.names, scores=scores[:0])
            case np.ndarray():
                scores[done : done + len(step)] = step
                done += len(step)
                position = min(clip.duration, done * now.hop_seconds)
                now = replace(now, times=times[:done], scores=scores[:done], position=position, state="listening")
            case tuple():
                now = replace(now, top=step, position=clip.duration, state="done")
        now = replace(now, elapsed=clock() - began)
        yield now
    if now.state != "done":
        yield replace(now, state="stopped", elapsed=clock() - began)


def what_it_sounds_like(
    clip: AudioClip,
    start: float,
    end: float,
    runtime: ModelRuntime,
    names: int = 1,
    model: str = AUTO,
) -> tuple[Tag, ...]:
    """The best names for the stretch from `start` to `end` seconds in which nobody speaks; none if nothing stands out.

    Raises:
        InvalidOption: the stretch is not inside the clip.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    end = min(end, clip.duration)
    if not 0 <= start <= end:
        raise InvalidOption("stretch", f"{start:.2f} to {end:.2f} s", f"times between 0 and {clip.duration:.2f} s")
    if end - start < SHORTEST_SECONDS:
        return ()
    listener = ClipListener(clip, runtime.catalog.choose("tag_sounds", model, WORKING_BYTES), runtime)
    return best_names(listener.overall(start, end), names, at_least=HEARD, leave_out=(SPEECH,), tree=listener.tree)


def _beginning(listener: ClipListener, choice: ModelChoice, device: Device) -> SoundTags:
    """Nothing is heard yet."""
    spec, rate = choice.spec, listener.hearing.sample_rate
    nothing = np.empty(0, dtype=np.float32)
    return SoundTags(
        listener.clip.duration,
        times=nothing,
        scores=nothing.reshape(0, len(class_tree().names)),
        hop_seconds=listener.hearing.hop_samples / rate,
        patch_seconds=listener.hearing.patch_samples / rate,
        model=spec.title,
        model_reason=choice.reason,
        licence=spec.licence,
        dtype=spec.dtype(device),
        device=device.upper(),
    )


def _listen(listener: ClipListener, names: int) -> Generator[ClassTree | FloatArray | tuple[Tag, ...], None, None]:
    """The model's classes, the scores of block after block, then the tags of the whole."""
    yield listener.tree
    for block in range(listener.blocks):
        yield listener.block_scores(block)
    yield best_names(listener.overall(0.0, listener.clip.duration), names, at_least=FAINT, tree=listener.tree)


class ClipListener:
    """One clip and one model. Computed scores are in the feature store: each lease is for one block, and known ones need none."""

    def __init__(self, clip: AudioClip, choice: ModelChoice, runtime: ModelRuntime) -> None:
        self.clip = clip
        self.hearing = sound_model(choice.spec)
        self._spec = choice.spec
        self._runtime = runtime
        self._waveform = clip.waveform(self.hearing.sample_rate)
        self.patches = _patch_count(self.hearing, len(self._waveform))
        self.blocks = ceil(self.patches / self.hearing.block_patches)

    @cached_property
    def tree(self) -> ClassTree:
        """The classes of the model."""
        names = self._remembered("class names", lambda model: np.array(self.hearing.class_names(model)))
        return tree_of(tuple(names.tolist()))

    def block_scores(self, block: int) -> FloatArray:
        """Scores [up to `block_patches`, classes] of block `block`."""
        first = block * self.hearing.block_patches
        count = min(self.hearing.block_patches, self.patches - first)
        begin = first * self.hearing.hop_samples
        sound = self._waveform[begin : begin + self.hearing.patch_samples + (count - 1) * self.hearing.hop_samples]
        return self._remembered(f"scores of block {block}", lambda model: _scores(self.hearing, model, sound))

    def overall(self, start: float, end: float) -> FloatArray:
        """Scores [classes] of the stretch as a whole, times in seconds."""
        begin, stop = (round(seconds * self.hearing.sample_rate) for seconds in (start, end))
        if end - start <= SHORT_SECONDS:
            sound = self._waveform[begin:stop]
            look = _scores_of_looks if self.hearing.looks_at_short_sounds else _mean_scores
            return self._remembered(f"looks at {begin} to {stop}", lambda model: look(self.hearing, model, sound))
        first, last = begin // self.hearing.hop_samples, min(self.patches, ceil(stop / self.hearing.hop_samples))
        total = sum(part.sum(axis=0, dtype=np.float64) for part in self._parts(first, last))
        return np.asarray(total / (last - first), dtype=np.float32)

    def patch_scores(self, first: int, last: int) -> FloatArray:
        """Scores [last − first, classes] of some of the patches."""
        return np.concatenate(list(self._parts(first, last)))

    def _parts(self, first: int, last: int) -> Iterator[FloatArray]:
        """Block by block, what lies between two patches."""
        size = self.hearing.block_patches
        for block in range(first // size, ceil(last / size)):
            yield self.block_scores(block)[max(0, first - block * size) : last - block * size]

    def _remembered(self, layer: str, compute: Callable[[Any], ArrayT]) -> ArrayT:
        """What the feature store has, else `compute` with the model on loan."""
        working_bytes = self.hearing.working_bytes
        return cached_features(self.clip, self._spec, layer, compute, self._runtime, working_bytes)


def _patch_count(hearing: SoundModel, samples: int) -> int:
    """How many patches it takes until the last one reaches the end of `samples` samples; at least one."""
    return 1 + max(0, ceil((samples - hearing.patch_samples) / hearing.hop_samples))


def _scores(hearing: SoundModel, model: Any, sound: FloatArray) -> FloatArray:
    """Scores [patches, classes] of `sound` [samples]; silence fills the last patch."""
    missing = hearing.patch_samples + (_patch_count(hearing, len(sound)) - 1) * hearing.hop_samples - len(sound)
    return hearing.scores(model, np.pad(sound, (0, missing)))


def _mean_scores(hearing: SoundModel, model: Any, sound: FloatArray) -> FloatArray:
    """Mean [classes] over the patches."""
    mean: FloatArray = _scores(hearing, model, sound).mean(axis=0)
    return mean


def _scores_of_looks(hearing: SoundModel, model: Any, sound: FloatArray) -> FloatArray:
    """Median [classes] over the looks at a short sound, each the mean over its patches: what most looks agree on."""
    import soxr

    looks = []
    for speed in SPEEDS:
        paced = soxr.resample(sound, hearing.sample_rate * speed, hearing.sample_rate, "HQ") if speed != 1 else sound
        looks += [_mean_scores(hearing, model, level * paced) for level in (np.float32(1), soft_gain(sound))]
    result: FloatArray = np.median(looks, axis=0).astype(np.float32)
    return result


def soft_gain(sound: FloatArray) -> np.float32:
    """Factor that brings the loudest moment to `SOFT_LEVEL`."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    width = min(len(sound), MOMENT_SAMPLES)
    loudest = float(np.sqrt(np.max(energy[width:] - energy[:-width]) / width))
    return np.float32(min(MAX_GAIN, SOFT_LEVEL / max(loudest, SILENCE_PEAK)))
