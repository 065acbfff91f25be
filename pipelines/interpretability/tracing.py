"""The words of a clip as a model writes them: what each of its layers would have written, and which moment each came from."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from models.arrays import FloatArray
from models.cache.feature_store import FeatureKey
from models.errors import InvalidOption, UnknownModel
from models.loading.loaders import ProcessedModel
from models.model_catalog import AUTO, ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import EncoderFamily, ModelSpec
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.interpretability import audio_llm, whisper_decoder
from pipelines.interpretability.logit_lens import Records, TokenPaths
from pipelines.jobs.background import in_background
from pipelines.language_models.prompting import SAMPLE_RATE
from pipelines.speech.vad_windows import speech_windows


@dataclass(frozen=True)
class FollowOptions:
    """What the person can choose."""

    model: str = AUTO
    start: float = 0.0
    """Of the window that is heard, in seconds of the clip."""


class Follower(Protocol):
    """A family of models, as this module sees it."""

    window_seconds: float
    frame_seconds: float
    """Of one place that attention can go to."""
    working_bytes: int

    def may_write(self, sound: FloatArray, stopped: Callable[[], bool]) -> bool:
        """Whether there is anything in `sound` [samples] to be written."""
        ...

    def write(self, model: ProcessedModel, spec: ModelSpec, sound: FloatArray, stopped: Callable[[], bool]) -> Iterator[Records]:
        """All records so far, after each token."""
        ...


class WhisperFollower:
    """Writes what is said."""

    window_seconds = whisper_decoder.WINDOW_SECONDS
    frame_seconds = whisper_decoder.FRAME_SAMPLES / whisper_decoder.SAMPLE_RATE
    working_bytes = whisper_decoder.WORKING_BYTES

    def may_write(self, sound: FloatArray, stopped: Callable[[], bool]) -> bool:
        """Whether somebody speaks: in anything else Whisper would invent words."""
        return next(speech_windows(sound, True, self.window_seconds, stopped), None) is not None

    def write(self, model: ProcessedModel, spec: ModelSpec, sound: FloatArray, stopped: Callable[[], bool]) -> Iterator[Records]:
        """See `whisper_decoder.write_words`."""
        return whisper_decoder.write_words(model, sound, stopped)


class Qwen2AudioFollower:
    """Writes what it thinks of a sound."""

    window_seconds = audio_llm.WINDOW_SECONDS
    frame_seconds = audio_llm.FRAME_SECONDS
    working_bytes = audio_llm.WORKING_BYTES

    def may_write(self, sound: FloatArray, stopped: Callable[[], bool]) -> bool:
        """It has something to say of any sound."""
        return True

    def write(self, model: ProcessedModel, spec: ModelSpec, sound: FloatArray, stopped: Callable[[], bool]) -> Iterator[Records]:
        """See `audio_llm.write_about`."""
        return audio_llm.write_about(model, spec, sound, stopped)


FOLLOWERS: dict[EncoderFamily, Follower] = {"whisper": WhisperFollower(), "qwen2_audio": Qwen2AudioFollower()}


@dataclass(frozen=True, eq=False)
class FollowedWords:
    """What is known so far; the last one of a run is the result."""

    state: Literal["loading", "writing", "done", "stopped"]
    start: float
    """Of the window, in seconds of the clip."""
    end: float
    paths: TokenPaths | None = None
    """None as long as there is no token, and for good where nobody speaks."""
    model: str = ""
    """Title of the model."""
    model_reason: str = ""
    licence: str = ""
    dtype: str = ""
    device: str = ""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    from_store: bool = False
    """Whether it was computed earlier."""

    @property
    def position(self) -> float:
        """How far the writing is, in seconds of the clip: where the last token listens."""
        return self.paths.last_peak[1] if self.paths else self.start


def following_models(catalog: ModelCatalog) -> tuple[ModelSpec, ...]:
    """The models whose words can be followed, best first."""
    return tuple(spec for spec in catalog.models("embed_audio") if spec.encoder and spec.encoder.family in FOLLOWERS)


def follow_words(
    clip: AudioClip,
    options: FollowOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[FollowedWords]:
    """Write the words of one window: a snapshot for every token, ten a second in between, so that the caller can always stop.

    What was written before by the same model for the same window is there at once.

    Raises:
        InvalidOption: the start lies outside the clip; before any model is touched.
        UnknownModel: none whose words can be followed.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    if not 0 <= options.start < clip.duration:
        raise InvalidOption("start", options.start, f"seconds from 0 to {clip.duration:.1f}")
    choice = _choice(runtime.catalog, options.model)
    job = _Job(clip, options.start, choice.spec, runtime)
    spec, device = choice.spec, runtime.catalog.device
    now = FollowedWords(
        state="loading",
        start=job.start,
        end=job.end,
        model=spec.title,
        model_reason=choice.reason,
        licence=spec.licence,
        dtype=spec.dtype(device),
        device=device.upper(),
    )
    yield now
    for records in in_background(job.records, should_stop):
        if records is not None:
            now = replace(now, paths=job.paths(records), from_store=job.from_store, state="writing")
        now = replace(now, elapsed=clock() - began)
        yield now
    yield replace(now, state="stopped" if should_stop() else "done", elapsed=clock() - began)


def paths_of_clip(
    clip: AudioClip, spec: ModelSpec, runtime: ModelRuntime, should_stop: Callable[[], bool] = never_stop
) -> Iterator[TokenPaths]:
    """What was written for each window of the clip, one after the other; nothing for those in which nobody speaks.

    `records["hidden"]` of each has the states [tokens, layers, width], and its `tokens` their times. Looks at `should_stop` after
    each token; what was written for a window that it ended is left out.

    Args:
        clip: the whole of it is heard.
        spec: one of `following_models`.
        runtime: where the model is borrowed and windows are kept.
        should_stop: whether to end.

    Raises:
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    start = 0.0
    while start < clip.duration and not should_stop():
        job = _Job(clip, start, spec, runtime)
        whole = None
        for records in job.records(should_stop):
            whole = records
        if whole is not None and not should_stop():
            yield job.paths(whole)
        start = job.end


def _choice(catalog: ModelCatalog, model: str) -> ModelChoice:
    """The model that is named; for 'auto' the first of those that can be followed."""
    keys = tuple(spec.key for spec in following_models(catalog))
    if model not in (AUTO, *keys):
        raise UnknownModel(model, (AUTO, *keys))
    return catalog.choose("embed_audio", keys[0] if model == AUTO else model)


class _Job:
    """One window of a clip and one model."""

    def __init__(self, clip: AudioClip, start: float, spec: ModelSpec, runtime: ModelRuntime) -> None:
        assert spec.encoder
        self._follower = FOLLOWERS[spec.encoder.family]
        self._clip, self._spec, self._runtime = clip, spec, runtime
        self.start, self.end = start, min(clip.duration, start + self._follower.window_seconds)
        self._key = FeatureKey(clip.content_hash, spec.key, repr(spec.source), f"words from {start:.3f} s")
        self.from_store = False

    def paths(self, records: Records) -> TokenPaths:
        return TokenPaths(records, self._follower.frame_seconds, self.start, self.end)

    def records(self, stopped: Callable[[], bool]) -> Generator[Records, None, None]:
        """What the store has, or what the model writes, which the store then has."""
        known: Any = self._runtime.features.find(self._key)
        if known is not None:
            self.from_store = True
            yield known
            return
        waveform = self._clip.waveform(SAMPLE_RATE)
        sound = waveform[round(self.start * SAMPLE_RATE) : round(self.end * SAMPLE_RATE)]
        if not self._follower.may_write(sound, stopped):
            return
        records = None
        working_bytes = self._follower.working_bytes
        with self._runtime.cache.lease(self._spec, working_bytes=working_bytes, should_stop=stopped) as (model,):
            for records in self._follower.write(model, self._spec, sound, stopped):
                yield records
        if records is not None and not stopped():
            whole = records.copy()
            self._runtime.features.get_or_compute(self._key, lambda: whole)
