"""Run the logit lens over one window of a clip: transcription by Whisper, or the answer of an audio language model."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from models.arrays import FloatArray
from models.cache.feature_store import FeatureKey
from models.errors import InvalidOption, UnknownModel
from models.loading.loaders import ProcessedModel
from models.model_catalog import ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO, EncoderFamily, ModelSpec
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.interpretability import audio_llm, whisper_decoder
from pipelines.interpretability.logit_lens import LogitLensTrace, TokenRecords
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import ModelUse, model_fields
from pipelines.language_models.prompting import SAMPLE_RATE
from pipelines.speech.windows import speech_windows


@dataclass(frozen=True)
class LogitLensOptions:
    """Options of `trace_window`."""

    model: str = AUTO
    """Key of one of `traceable_models`, or 'auto'."""
    start: float = 0.0
    """Start of the window, in seconds of the clip."""


class TokenTracer(Protocol):
    """A family of models whose generation can be traced."""

    window_seconds: float
    frame_seconds: float
    """Duration of one frame of the attention."""
    working_bytes: int

    def has_output(self, audio: FloatArray, should_stop: Callable[[], bool]) -> bool:
        """Return whether there is anything in `audio` [samples] to generate from."""
        ...

    def trace(
        self, model: ProcessedModel, spec: ModelSpec, audio: FloatArray, should_stop: Callable[[], bool]
    ) -> Iterator[TokenRecords]:
        """Yield all records so far, after each token."""
        ...


class WhisperTracer:
    """Traces a transcription."""

    window_seconds = whisper_decoder.WINDOW_SECONDS
    frame_seconds = whisper_decoder.FRAME_SAMPLES / whisper_decoder.SAMPLE_RATE
    working_bytes = whisper_decoder.WORKING_BYTES

    def has_output(self, audio: FloatArray, should_stop: Callable[[], bool]) -> bool:
        """Return whether there is speech: Whisper hallucinates words in anything else."""
        return next(speech_windows(audio, True, self.window_seconds, should_stop), None) is not None

    def trace(
        self, model: ProcessedModel, spec: ModelSpec, audio: FloatArray, should_stop: Callable[[], bool]
    ) -> Iterator[TokenRecords]:
        """See `whisper_decoder.trace_transcript`."""
        return whisper_decoder.trace_transcript(model, audio, should_stop)


class Qwen2AudioTracer:
    """Traces an answer about the audio."""

    window_seconds = audio_llm.WINDOW_SECONDS
    frame_seconds = audio_llm.FRAME_SECONDS
    working_bytes = audio_llm.WORKING_BYTES

    def has_output(self, audio: FloatArray, should_stop: Callable[[], bool]) -> bool:
        """Return True: there is an answer about any audio."""
        return True

    def trace(
        self, model: ProcessedModel, spec: ModelSpec, audio: FloatArray, should_stop: Callable[[], bool]
    ) -> Iterator[TokenRecords]:
        """See `audio_llm.trace_answer`."""
        return audio_llm.trace_answer(model, spec, audio, should_stop)


TRACERS: dict[EncoderFamily, TokenTracer] = {"whisper": WhisperTracer(), "qwen2_audio": Qwen2AudioTracer()}


@dataclass(frozen=True, kw_only=True, eq=False)
class LogitLensProgress(ModelUse):
    """The trace so far; the last one of a run is the result."""

    state: Literal["loading", "writing", "done", "stopped"]
    start: float
    """Start of the window, in seconds of the clip."""
    end: float
    """End of the window, in seconds of the clip."""
    trace: LogitLensTrace | None = None
    """None until the first token, and to the end where there is no speech."""

    @property
    def position(self) -> float:
        """Attention peak of the last token, in seconds of the clip: how far the generation is."""
        return self.trace.last_peak[1] if self.trace else self.start


def traceable_models(catalog: ModelCatalog) -> tuple[ModelSpec, ...]:
    """Return the models whose tokens can be traced, best first."""
    return tuple(spec for spec in catalog.models("embed_audio") if spec.encoder and spec.encoder.family in TRACERS)


@in_cluster("embeddings", model="options.model")
def trace_window(
    clip: AudioClip,
    options: LogitLensOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[LogitLensProgress]:
    """Generate the tokens of one window: progress after every token, and ten times a second, so that the caller can stop.

    The trace of a window that the same model completed before comes from the feature store at once.

    Raises:
        InvalidOption: the start lies outside the clip; raised before a model is loaded.
        UnknownModel: the model is none of `traceable_models`.
        ModelError: the model cannot be loaded; see `ModelCache.lease`.
    """
    began = clock()
    if not 0 <= options.start < clip.duration:
        raise InvalidOption("start", options.start, f"seconds from 0 to {clip.duration:.1f}")
    choice = _choice(runtime.catalog, options.model)
    job = _WindowJob(clip, options.start, choice.spec, runtime)
    fields = model_fields([choice.spec], runtime.catalog.device, choice.reason)
    now = LogitLensProgress(state="loading", start=job.start, end=job.end, **fields)
    yield now
    for records in in_background(job.records, should_stop):
        if records is not None:
            now = replace(now, trace=job.trace(records), from_store=job.from_store, state="writing")
        now = replace(now, elapsed=clock() - began)
        yield now
    yield replace(now, state="stopped" if should_stop() else "done", elapsed=clock() - began)


def _choice(catalog: ModelCatalog, model: str) -> ModelChoice:
    """Return the named model; for 'auto' the first of the traceable ones."""
    keys = tuple(spec.key for spec in traceable_models(catalog))
    if model not in (AUTO, *keys):
        raise UnknownModel(model, (AUTO, *keys))
    return catalog.choose("embed_audio", keys[0] if model == AUTO else model)


class _WindowJob:
    """One window of a clip and one model."""

    def __init__(self, clip: AudioClip, start: float, spec: ModelSpec, runtime: ModelRuntime) -> None:
        assert spec.encoder
        self._tracer = TRACERS[spec.encoder.family]
        self._clip, self._spec, self._runtime = clip, spec, runtime
        self.start, self.end = start, min(clip.duration, start + self._tracer.window_seconds)
        self._key = FeatureKey(clip.content_hash, spec.key, repr(spec.source), f"token records from {start:.3f} s")
        self.from_store = False

    def trace(self, records: TokenRecords) -> LogitLensTrace:
        return LogitLensTrace(records, self._tracer.frame_seconds, self.start, self.end)

    def records(self, should_stop: Callable[[], bool]) -> Generator[TokenRecords, None, None]:
        """Yield the stored records, or those that the model generates, and store them when they are complete."""
        known: Any = self._runtime.features.find(self._key)
        if known is not None:
            self.from_store = True
            yield known
            return
        waveform = self._clip.waveform(SAMPLE_RATE)
        audio = waveform[round(self.start * SAMPLE_RATE) : round(self.end * SAMPLE_RATE)]
        if not self._tracer.has_output(audio, should_stop):
            return
        records = None
        working_bytes = self._tracer.working_bytes
        with self._runtime.cache.lease(self._spec, working_bytes=working_bytes, should_stop=should_stop) as (model,):
            for records in self._tracer.trace(model, self._spec, audio, should_stop):
                yield records
        if records is not None and not should_stop():
            complete = records.copy()
            self._runtime.features.get_or_compute(self._key, lambda: complete)
