"""Speech to text with Whisper, segment by segment, as they are decoded."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.batching.whisper import shared_whisper
from models.errors import InvalidOption, ModelError, UnsuitableModel
from models.loading.loaders import usable_cores
from models.model_catalog import ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from models.specs.whisper_memory import fitting_windows, working_bytes
from models.stopping import never_stop
from models.zero_gpu.refusals import GpuRefused
from pipelines.clip.clip import AudioClip
from pipelines.clip.stored_results import ClipResults
from pipelines.jobs.background import in_background
from pipelines.jobs.batch_budget import BatchBudget
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.gpu_calls import gpu_steps
from pipelines.jobs.model_use import model_fields
from pipelines.speech.decoding import decode_speech, fits_one_window
from pipelines.speech.diarization.last_step import with_speakers_last
from pipelines.speech.hallucinations import is_hallucination
from pipelines.speech.language_id import Language
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.speech.non_speech import non_speech_segments
from pipelines.speech.sides import in_order, with_line
from pipelines.speech.transcript import (
    NO_SPEAKERS,
    SPEAKER_CHOICES,
    Segment,
    ShortenedField,
    Transcription,
    TranscriptionOptions,
    held_between,
    shifted,
)
from pipelines.speech.voice_activity import SAMPLE_RATE
from pipelines.speech.zero_gpu.calls import decode_in_calls, transcription_seconds, window_seconds

MAX_WORKERS = 4
LINE_PADDING_SECONDS = 0.2
"""Decoded on either side of a line that is decoded again."""


RESULTS = ClipResults("transcription", Transcription)
STOPPED = ClipResults("stopped-transcription", Transcription)
"""What runs gave that did not come to their end."""


@in_cluster("speech", model="options.model")
def transcribe(
    clip: AudioClip,
    options: TranscriptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Transcription]:
    """Transcribe `clip`: a snapshot for every segment, and ten a second in between, so that the caller can stop at any time.

    A clip that was transcribed with the same options by the same model before gives that result at once; a run that did not come
    to its end goes on from there. One that has as many words as it may is done, says so in `limit`, and goes on with more.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: the model cannot be had; see `ModelCache.lease`.
        GpuRefused: no GPU was given; the last snapshot before it has what is done, and the next run goes on from there.
    """
    choice = choose_whisper(options, runtime.catalog)
    words = _transcribe_words(clip, options.without_speakers(), choice, runtime, should_stop, clock)
    if options.speakers == NO_SPEAKERS:
        yield from words
    elif known := _stored(clip, options, choice, runtime.catalog):
        yield known
    else:
        for now in with_speakers_last(words, clip, options, choice, runtime, should_stop, clock):
            if now.state == "done" and not now.limit:
                store_result(clip, options, choice, runtime.catalog, now)
            yield now


def _transcribe_words(
    clip: AudioClip,
    options: TranscriptionOptions,
    choice: ModelChoice,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
    clock: Callable[[], float],
) -> Iterator[Transcription]:
    known = _stored(clip, options, choice, runtime.catalog)
    if known is not None:
        yield known
        return
    key = _result_key(options, choice, runtime.catalog)
    stopped = None if choice.spec.on_zero_gpu else STOPPED.find(clip, key)  # ZeroGPU keeps what its calls gave
    began = clock() - (stopped.elapsed if stopped else 0.0)
    use = model_fields([choice.spec], runtime.catalog.device, choice.reason)
    now = replace(stopped, **use, state="loading") if stopped else Transcription(duration=clip.duration, **use)
    now = now.within(runtime.outputs)
    try:
        yield now
        for step in () if now.limit else in_background(partial(_decode, clip, options, choice, runtime, stopped), should_stop):
            now = replace(_with_step(now, step, clip, runtime), elapsed=clock() - began).within(runtime.outputs)
            yield now
            if now.limit:
                break
        if now.limit:
            now = replace(now, state="done")
        elif not should_stop():
            now = replace(now, non_speech=non_speech_segments(clip, now.speech_spans, runtime))
            now = replace(now, state="done", position=clip.duration, elapsed=clock() - began)
            store_result(clip, options, choice, runtime.catalog, now)
        yield now if now.state == "done" else replace(now, state="stopped", elapsed=clock() - began)
    except GpuRefused:
        if now.segments:
            yield replace(now, state="stopped", elapsed=clock() - began)
        raise
    finally:
        _keep_stopped(clip, key, now)


def _keep_stopped(clip: AudioClip, key: object, now: Transcription) -> None:
    """Store the last snapshot of a run that did not come to its end."""
    with suppress(FileNotFoundError):  # the clip was deleted meanwhile
        if now.state == "done" and not now.limit:
            STOPPED.remove(clip, key)
        elif now.segments:
            STOPPED.store(clip, key, replace(now, state="stopped", limit=""))


def _with_step(now: Transcription, step: object, clip: AudioClip, runtime: ModelRuntime) -> Transcription:
    """Return the snapshot with what was decoded next; what is no news leaves it as it is."""
    match step:
        case Language(code, probability, others) if probability > now.language_probability:  # the surer one of two sides
            return replace(now, language=code, language_probability=probability, alternatives=others, state="decoding")
        case ShortenedField() if step not in now.shortened:
            return replace(now, shortened=(*now.shortened, step))
        case Segment() if not is_hallucination(step, clip.speech_waveform(SAMPLE_RATE, step.side), runtime.cache):
            with_line_added = now.with_segments(with_line(now.segments, step, clip))
            return replace(with_line_added, state="decoding", position=min(max(now.position, step.end), clip.duration))
    return now


def transcription_gpu_seconds(clip: AudioClip, options: TranscriptionOptions, runtime: ModelRuntime) -> float:
    """Return the estimated time of a transcription on ZeroGPU; 0 for one that needs none.

    Raises:
        InvalidOption, ModelError: see `choose_whisper`.
    """
    choice = choose_whisper(options, runtime.catalog)
    known = _stored(clip, options.without_speakers(), choice, runtime.catalog)
    if runtime.gpu is None or not choice.spec.on_zero_gpu or known is not None:
        return 0.0
    return transcription_seconds(choice.spec, clip.duration, runtime.gpu)


def choose_whisper(options: TranscriptionOptions, catalog: ModelCatalog, is_live: bool = False) -> ModelChoice:
    """Choose the model for these options: the one that they name, or the best that fits and can do what they ask for.

    Args:
        options: what to decode and how.
        catalog: the models.
        is_live: whether it decodes every second or so, for which no call on ZeroGPU is made.

    Raises:
        InvalidOption: a value that no model takes.
        UnsuitableModel: the model that was named cannot do it.
        ModelError: see `ModelCatalog.choose`.
    """
    check_options(options)
    refusal_of = partial(_refusal, options, is_live=is_live)
    choice = catalog.choose(
        "transcribe",
        options.model,
        lambda spec: working_bytes(spec, catalog.device, options.beam_size),
        suits=lambda spec: refusal_of(spec) is None,
    )
    refusal = refusal_of(choice.spec)
    if refusal is not None:
        raise refusal
    return choice


def check_options(options: TranscriptionOptions) -> None:
    """Raise InvalidOption for a value that no model takes."""
    if options.language is not None and options.language not in WHISPER_LANGUAGES:
        raise InvalidOption("language", options.language, "'auto' or a code such as en, de, fr, es, zh")
    for code in options.allowed_languages:
        if code not in WHISPER_LANGUAGES:
            raise InvalidOption("allowed language", code, "a code such as en, de, fr, es, zh")
    if options.task not in ("transcribe", "translate"):
        raise InvalidOption("task", options.task, "transcribe or translate")
    if not 1 <= options.beam_size <= 10:
        raise InvalidOption("beam size", options.beam_size, "1 to 10")
    if options.speakers not in SPEAKER_CHOICES:
        raise InvalidOption("speakers", options.speakers, "off, auto, or 2 to 10")


def _refusal(options: TranscriptionOptions, spec: ModelSpec, is_live: bool) -> UnsuitableModel | None:
    """Return why a model cannot do what the options ask for, or None."""
    if options.task == "translate" and not spec.can_translate:
        return UnsuitableModel(spec.title, "translate")
    if spec.english_only and options.language not in (None, "en"):
        return UnsuitableModel(spec.title, f"transcribe {WHISPER_LANGUAGES[options.language]}")
    if is_live and spec.on_zero_gpu:
        return UnsuitableModel(spec.title, "transcribe while you speak, since it runs in calls on ZeroGPU")
    return None


def find_stored(clip: AudioClip, options: TranscriptionOptions, catalog: ModelCatalog) -> Transcription | None:
    """Return what `transcribe` gave for the same content, with the same options and model, if it is still stored.

    Options or a model that would be refused now have no result.
    """
    try:
        choice = choose_whisper(options, catalog)
    except (InvalidOption, ModelError):
        return None
    return _stored(clip, options, choice, catalog)


def find_stopped(clip: AudioClip, options: TranscriptionOptions, catalog: ModelCatalog) -> Transcription | None:
    """Return what `transcribe` gave before it was stopped, from which its next run goes on."""
    try:
        choice = choose_whisper(options, catalog)
    except (InvalidOption, ModelError):
        return None
    return STOPPED.find(clip, _result_key(options.without_speakers(), choice, catalog))


def _stored(clip: AudioClip, options: TranscriptionOptions, choice: ModelChoice, catalog: ModelCatalog) -> Transcription | None:
    known = RESULTS.find(clip, _result_key(options, choice, catalog))
    return known and replace(known, model_reason=choice.reason, from_store=True)


def store_result(
    clip: AudioClip, options: TranscriptionOptions, choice: ModelChoice, catalog: ModelCatalog, result: Transcription
) -> None:
    """Store a result for `find_stored`."""
    RESULTS.store(clip, _result_key(options, choice, catalog), result)


def _result_key(options: TranscriptionOptions, choice: ModelChoice, catalog: ModelCatalog) -> object:
    return replace(options, model=choice.spec.key), choice.spec.source, choice.spec.dtype(catalog.device)


def _decode(
    clip: AudioClip,
    options: TranscriptionOptions,
    choice: ModelChoice,
    runtime: ModelRuntime,
    stopped: Transcription | None,
    should_stop: Callable[[], bool],
) -> Generator[ShortenedField | Language | Segment, None, None]:
    """Decode what follows the lines of a stopped run."""
    sides = clip.sides if options.separate_sides else ()
    if choice.spec.on_zero_gpu:
        key = _result_key(options, choice, runtime.catalog)
        yield from decode_in_calls(clip, options, choice.spec, sides, key, runtime, should_stop)
        return
    waveforms = {side: clip.speech_waveform(SAMPLE_RATE, side) for side in sides or ("",)}
    is_short = all(fits_one_window(len(waveform)) for waveform in waveforms.values())
    with borrow_whisper(choice.spec, runtime, options.beam_size, should_stop, many_windows=not is_short) as (whisper, budget):
        yield from in_order(
            {
                side: decode_speech(whisper, waveform, options, should_stop, budget, stopped.end_of(side) if stopped else 0.0)
                for side, waveform in waveforms.items()
            }
        )


@contextmanager
def borrow_whisper(
    spec: ModelSpec,
    runtime: ModelRuntime,
    beam_size: int,
    should_stop: Callable[[], bool] = never_stop,
    many_windows: bool = False,
) -> Iterator[tuple[Any, BatchBudget]]:
    """Lend a Whisper model that several people decode with at the same time, and how many windows one of them decodes at once.

    On the CPU one window is decoded on all cores, and many windows, of one clip or of several people's, by a worker on each core.

    Args:
        spec: the model.
        runtime: where it is borrowed.
        beam_size: of the search.
        should_stop: called while this job waits for the model and in its line.
        many_windows: whether this job has more than one window.
    """
    device = runtime.catalog.device
    crowded = with_workers(spec) if spec.place(device) == "cpu" else spec
    wanted = crowded if many_windows else spec
    free = runtime.catalog.attainable_bytes() - spec.memory_bytes(device)
    windows = fitting_windows(wanted, device, beam_size, free) if many_windows else 1
    needed = working_bytes(wanted, device, beam_size, windows)
    with runtime.cache.share(wanted, crowded=crowded, working_bytes=needed, should_stop=should_stop) as shared:
        yield shared_whisper(shared), BatchBudget(windows, runtime.cache.clear)


def with_workers(spec: ModelSpec) -> ModelSpec:
    """Return the form of a Whisper model for many windows on the CPU, of one clip or of several people's."""
    return replace(spec, workers=min(MAX_WORKERS, usable_cores()))


@in_cluster("speech", model="options.model")
def decode_line(clip: AudioClip, line: Segment, options: TranscriptionOptions, runtime: ModelRuntime) -> tuple[Segment, ...]:
    """Decode one line of a transcript with other options, from the side of the clip that it was read from.

    Returns:
        The segments that replace it, in the clip's times; none where nothing was recognised.

    Raises:
        InvalidOption, ModelError, GpuRefused: see `transcribe`.
    """
    choice = choose_whisper(options, runtime.catalog)
    start = max(0.0, line.start - LINE_PADDING_SECONDS)
    end = min(clip.duration, line.end + LINE_PADDING_SECONDS)
    samples = np.array(clip.speech_waveform(SAMPLE_RATE, line.side)[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)])
    unfiltered = replace(options, vad_filter=False)
    steps = gpu_steps(
        partial(_decode_samples, samples, unfiltered, choice.spec),
        runtime,
        choice.spec,
        window_seconds(choice.spec, 1),
        never_stop,
    )
    lines = [held_between(shifted(step, start), line.start, line.end) for step in steps]
    return tuple(replace(each, side=line.side, speaker=line.speaker) for each in lines)


def _decode_samples(
    samples: FloatArray, options: TranscriptionOptions, spec: ModelSpec, runtime: ModelRuntime, should_stop: Callable[[], bool]
) -> Generator[Segment, None, None]:
    with borrow_whisper(spec, runtime, options.beam_size, should_stop) as (whisper, budget):
        steps = decode_speech(whisper, samples, options, should_stop, budget)
        yield from (step for step in steps if isinstance(step, Segment))
