"""What is to be heard in a clip: YAMNet's 521 AudioSet classes over time, and the few that name the whole.

Scores come from the sound as it is, in blocks that the feature store keeps: beside them, hours of audio need no more memory than
half a minute. The names of a short sound rest on more: the median over 18 looks at it, as loud as it is and softly, faster and
slower. YAMNet was trained on videos, where an animal is seldom as loud and as close as in a sound effect.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidOption
from models.feature_store import FeatureKey, FeatureStore
from models.model_cache import ModelCache, never
from models.model_catalog import AUTO, ModelCatalog, ModelChoice
from pipelines.audio_clip import SILENCE_PEAK, AudioClip, Waveform
from pipelines.background_steps import in_background
from pipelines.sound_names import SPEECH, Scores, Tag, best_names, class_tree
from pipelines.yamnet_features import (
    PATCH_HOP_SAMPLES,
    PATCH_HOP_SECONDS,
    PATCH_SAMPLES,
    PATCH_SECONDS,
    YAMNET_SAMPLE_RATE,
    log_mel_patches,
    patch_count,
)

BLOCK_PATCHES = 64
"""Patches that go through the model at once: 31 s of sound."""
WORKING_BYTES = 100 * 2**20
"""Log-mel frames and activations of one block, with room to spare."""
SHORT_SECONDS = 20.0
"""Up to here a sound is looked at several times; longer ones vary enough by themselves."""
SHORTEST_SECONDS = 0.1
"""A stretch below this is not named."""
SPEEDS = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.25)
SOFT_LEVEL = 0.025
"""RMS (−32 dB of full scale) that the loudest moment has in the soft looks."""
MOST_GAIN = 10.0
"""A quiet sound is made louder for them by no more than 20 dB, which leaves the noise of a silent room below hearing."""
MOMENT_SAMPLES = 6400
"""0.4 s, over which 'the loudest moment' is measured."""
MOST_NAMES = 50
FAINT = 0.01
"""Score below which a class is not among the tags of a clip."""
HEARD = 0.1
"""Score below which a class is not said to be heard; see `sound_names.HEARD_IN_MUSIC` for instruments."""


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
    times: NDArray[np.float32]
    """[patches], seconds at which each patch begins; it lasts `patch_seconds`."""
    scores: Scores
    """[patches, 521], 0 to 1; the columns are `classes`."""
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

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the columns of `scores`."""
        return class_tree().names


def tag_sounds(
    clip: AudioClip,
    options: TagOptions,
    catalog: ModelCatalog,
    cache: ModelCache,
    features: FeatureStore,
    should_stop: Callable[[], bool] = never,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[SoundTags]:
    """Tag `clip`: a snapshot for every block of 31 s, and ten a second in between, so that the caller can stop at any time.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    if not 1 <= options.names <= MOST_NAMES:
        raise InvalidOption("number of tags", options.names, f"1 to {MOST_NAMES}")
    choice = catalog.choose("tag_sounds", options.model, WORKING_BYTES)
    listener = _Listener(clip, choice, cache, features)
    times = np.arange(listener.patches, dtype=np.float32) * np.float32(PATCH_HOP_SECONDS)
    scores = np.empty((listener.patches, len(class_tree().names)), dtype=np.float32)
    spec, device = choice.spec, catalog.device
    now = SoundTags(clip.duration, times[:0], scores[:0], model=spec.title, model_reason=choice.reason, licence=spec.licence)
    now = replace(now, dtype=spec.dtype(device), device=device.upper())
    yield now
    done = 0
    for step in in_background(lambda stopped: _listen(listener, options.names), should_stop):
        match step:
            case np.ndarray():
                scores[done : done + len(step)] = step
                done += len(step)
                position = min(clip.duration, done * PATCH_HOP_SECONDS)
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
    catalog: ModelCatalog,
    cache: ModelCache,
    features: FeatureStore,
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
    listener = _Listener(clip, catalog.choose("tag_sounds", model, WORKING_BYTES), cache, features)
    return best_names(listener.overall(start, end), names, at_least=HEARD, leave_out=(SPEECH,))


def _listen(listener: _Listener, names: int) -> Generator[Scores | tuple[Tag, ...], None, None]:
    """The scores of block after block, then the tags of the whole."""
    for block in range(listener.blocks):
        yield listener.block_scores(block)
    yield best_names(listener.overall(0.0, listener.clip.duration), names, at_least=FAINT)


class _Listener:
    """One clip and one model. Computed scores are in the feature store: each lease is for one block, and known ones need none."""

    def __init__(self, clip: AudioClip, choice: ModelChoice, cache: ModelCache, features: FeatureStore) -> None:
        self.clip = clip
        self._spec = choice.spec
        self._cache = cache
        self._features = features
        self._waveform = clip.waveform(YAMNET_SAMPLE_RATE)
        self.patches = patch_count(len(self._waveform))
        self.blocks = ceil(self.patches / BLOCK_PATCHES)

    def block_scores(self, block: int) -> Scores:
        """Scores [up to 64, 521] of block `block`."""
        first = block * BLOCK_PATCHES
        count = min(BLOCK_PATCHES, self.patches - first)
        begin = first * PATCH_HOP_SAMPLES
        sound = self._waveform[begin : begin + PATCH_SAMPLES + (count - 1) * PATCH_HOP_SAMPLES]
        return self._remembered(f"scores of block {block}", lambda yamnet: _scores(yamnet, sound))

    def overall(self, start: float, end: float) -> Scores:
        """Scores [521] of the stretch as a whole, times in seconds."""
        begin, stop = (round(seconds * YAMNET_SAMPLE_RATE) for seconds in (start, end))
        if end - start <= SHORT_SECONDS:
            sound = self._waveform[begin:stop]
            return self._remembered(f"looks at {begin} to {stop}", lambda yamnet: _scores_of_looks(yamnet, sound))
        first, last = begin // PATCH_HOP_SAMPLES, min(self.patches, ceil(stop / PATCH_HOP_SAMPLES))
        total = np.zeros(len(class_tree().names), dtype=np.float64)
        for block in range(first // BLOCK_PATCHES, ceil(last / BLOCK_PATCHES)):
            offset = block * BLOCK_PATCHES
            total += self.block_scores(block)[max(0, first - offset) : last - offset].sum(axis=0, dtype=np.float64)
        return (total / (last - first)).astype(np.float32)

    def _remembered(self, layer: str, compute: Callable[[Any], Scores]) -> Scores:
        """What the feature store has, else `compute` with the model on loan."""

        def compute_on_loan() -> Scores:
            # Whoever stops must not stop others who wait for the same block, so this wait does not look at a stop flag.
            with self._cache.lease(self._spec, working_bytes=WORKING_BYTES) as (yamnet,):
                return compute(yamnet)

        key = FeatureKey(self.clip.content_hash, self._spec.key, repr(self._spec.source), layer)
        return self._features.get_or_compute(key, compute_on_loan)  # type: ignore[return-value]


def _scores(yamnet: Any, sound: Waveform) -> Scores:
    """Scores [patches, 521] of `sound` [samples] at 16 kHz; silence fills the last patch."""
    missing = PATCH_SAMPLES + (patch_count(len(sound)) - 1) * PATCH_HOP_SAMPLES - len(sound)
    (scores,) = yamnet.run(["scores"], {"patches": log_mel_patches(np.pad(sound, (0, missing)))})
    result: Scores = scores
    return result


def _scores_of_looks(yamnet: Any, sound: Waveform) -> Scores:
    """Median [521] over the looks at a short sound, each the mean over its patches: what most looks agree on."""
    import soxr

    looks = []
    for speed in SPEEDS:
        paced = soxr.resample(sound, YAMNET_SAMPLE_RATE * speed, YAMNET_SAMPLE_RATE, "HQ") if speed != 1 else sound
        looks += [_scores(yamnet, level * paced).mean(axis=0) for level in (np.float32(1), _soft_gain(sound))]
    result: Scores = np.median(looks, axis=0).astype(np.float32)
    return result


def _soft_gain(sound: Waveform) -> np.float32:
    """Factor that brings the loudest moment to `SOFT_LEVEL`."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    width = min(len(sound), MOMENT_SAMPLES)
    loudest = float(np.sqrt(np.max(energy[width:] - energy[:-width]) / width))
    return np.float32(min(MOST_GAIN, SOFT_LEVEL / max(loudest, SILENCE_PEAK)))
