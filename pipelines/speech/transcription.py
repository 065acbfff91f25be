"""Speech to text with Whisper, segment by segment, as they are decoded."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from models.cache.model_cache import ModelCache
from models.errors import InvalidOption
from models.loading.loaders import usable_cores
from models.model_catalog import AUTO, ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import Device, ModelSpec
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.clip.stored_results import ClipResults
from pipelines.jobs.background import in_background
from pipelines.speech.decoding import decode_speech, fits_one_window
from pipelines.speech.hallucinations import believed
from pipelines.speech.language_id import Language, LanguageGuess
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.speech.non_speech import Unspoken, unspoken_stretches
from pipelines.speech.transcript import DecodingOptions, Segment
from pipelines.speech.vad_windows import SAMPLE_RATE

WORKING_BYTES = 300 * 2**20
"""Log-mel features, encoder output and beams of one 30 s window, with room to spare."""
MAX_WORKERS = 4
LINE_MARGIN_SECONDS = 0.2
"""Heard on either side when one line is decoded again."""


@dataclass(frozen=True)
class TranscriptionOptions(DecodingOptions):
    """What the person can choose: the model, and how it decodes."""

    model: str = AUTO


@dataclass(frozen=True)
class Transcription:
    """What is known so far; the last one of a run is the result."""

    duration: float
    """Of the clip, in seconds."""
    model: str = ""
    """Title of the model in use."""
    model_reason: str = ""
    licence: str = ""
    dtype: str = ""
    device: str = ""
    language: str = ""
    language_probability: float = 0.0
    runners_up: tuple[LanguageGuess, ...] = ()
    """What the language could also be."""
    segments: tuple[Segment, ...] = ()
    unspoken: tuple[Unspoken, ...] = ()
    """Long stretches without speech and what is heard in them; filled when the job is done."""
    position: float = 0.0
    """How far the decoding is, in seconds of the clip."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["loading", "decoding", "dictating", "done", "stopped"] = "loading"
    from_store: bool = False
    """Whether it was computed earlier; `elapsed` is what it took then."""

    @property
    def text(self) -> str:
        """The whole text in one line."""
        return " ".join(segment.text for segment in self.segments)


RESULTS = ClipResults("transcription", Transcription)


def transcribe(
    clip: AudioClip,
    options: TranscriptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Transcription]:
    """Transcribe `clip`: a snapshot for every segment, and ten a second in between, so that the caller can stop at any time.

    A clip that was transcribed with the same options by the same model before gives that result at once.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    choice = runtime.catalog.choose("transcribe", options.model, WORKING_BYTES)
    check_options(options, choice)
    known = find_stored(clip, options, choice, runtime.catalog)
    if known is not None:
        yield known
        return
    dtype, device = choice.spec.dtype(runtime.catalog.device), runtime.catalog.device
    now = Transcription(clip.duration, choice.spec.title, choice.reason, choice.spec.licence, dtype, device.upper())
    yield now
    for step in in_background(lambda stopped: _decode(clip, options, choice, device, runtime.cache, stopped), should_stop):
        match step:
            case Language(code, probability, others):
                now = replace(now, language=code, language_probability=probability, runners_up=others, state="decoding")
            case Segment() if believed(step, clip.waveform(SAMPLE_RATE), runtime.cache):
                now = replace(now, segments=(*now.segments, step), position=min(step.end, clip.duration))
        now = replace(now, elapsed=clock() - began)
        yield now
    if should_stop():
        yield replace(now, state="stopped", elapsed=clock() - began)
        return
    spoken = [(segment.start, segment.end) for segment in now.segments]
    now = replace(now, unspoken=unspoken_stretches(clip, spoken, runtime))
    now = replace(now, state="done", position=clip.duration, elapsed=clock() - began)
    keep(clip, options, choice, runtime.catalog, now)
    yield now


def find_stored(
    clip: AudioClip, options: TranscriptionOptions, choice: ModelChoice, catalog: ModelCatalog
) -> Transcription | None:
    """The result of an earlier run of the same model with the same options on the same content, if it is still kept."""
    known = RESULTS.find(clip, _result_key(options, choice, catalog))
    return known and replace(known, model_reason=choice.reason, from_store=True)


def keep(
    clip: AudioClip, options: TranscriptionOptions, choice: ModelChoice, catalog: ModelCatalog, result: Transcription
) -> None:
    """Store a result that `find_stored` is to find."""
    RESULTS.store(clip, _result_key(options, choice, catalog), result)


def _result_key(options: TranscriptionOptions, choice: ModelChoice, catalog: ModelCatalog) -> object:
    return replace(options, model=choice.spec.key), choice.spec.source, choice.spec.dtype(catalog.device)


def check_options(options: TranscriptionOptions, choice: ModelChoice) -> None:
    """Raise InvalidOption for what this model cannot do or what no model can."""
    if options.language is not None and options.language not in WHISPER_LANGUAGES:
        raise InvalidOption("language", options.language, "'auto' or a code such as en, de, fr, es, zh")
    if options.task not in ("transcribe", "translate"):
        raise InvalidOption("task", options.task, "transcribe or translate")
    if not 1 <= options.beam_size <= 10:
        raise InvalidOption("beam size", options.beam_size, "1 to 10")
    if choice.spec.english_only and options.language not in (None, "en"):
        raise InvalidOption("language", options.language, f"English only, with {choice.spec.title}")
    if choice.spec.english_only and options.task == "translate":
        raise InvalidOption("task", "translate", f"transcribe only, with {choice.spec.title}")


def _decode(
    clip: AudioClip,
    options: TranscriptionOptions,
    choice: ModelChoice,
    device: Device,
    cache: ModelCache,
    stopped: Callable[[], bool],
) -> Generator[Language | Segment, None, None]:
    waveform = clip.waveform(SAMPLE_RATE)
    spec = choice.spec if device == "cuda" or fits_one_window(len(waveform)) else with_workers(choice.spec)
    with cache.lease(spec, working_bytes=WORKING_BYTES, should_stop=stopped) as (whisper,):
        yield from decode_speech(whisper, waveform, options, stopped)


def with_workers(spec: ModelSpec) -> ModelSpec:
    """The form of a Whisper model for clips of many windows, on the CPU."""
    return replace(spec, workers=min(MAX_WORKERS, usable_cores()))


def decode_again(clip: AudioClip, line: Segment, options: TranscriptionOptions, runtime: ModelRuntime) -> tuple[Segment, ...]:
    """What these options make of one line of a transcript, in the clip's times; nothing where they hear nothing.

    Raises:
        InvalidOption, ModelError: see `transcribe`.
    """
    choice = runtime.catalog.choose("transcribe", options.model, WORKING_BYTES)
    check_options(options, choice)
    start = max(0.0, line.start - LINE_MARGIN_SECONDS)
    end = min(clip.duration, line.end + LINE_MARGIN_SECONDS)
    samples = clip.waveform(SAMPLE_RATE)[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    everything = replace(options, voice_activity_filter=False)
    with runtime.cache.lease(choice.spec, working_bytes=WORKING_BYTES) as (whisper,):
        steps = decode_speech(whisper, samples, everything, never_stop)
        return tuple(_within(moved(step, start), line) for step in steps if isinstance(step, Segment))


def moved(segment: Segment, seconds: float) -> Segment:
    """The same words, later."""
    words = tuple(replace(word, start=word.start + seconds, end=word.end + seconds) for word in segment.words)
    return replace(segment, start=segment.start + seconds, end=segment.end + seconds, words=words)


def _within(segment: Segment, line: Segment) -> Segment:
    """Times cut to those of the line, so that it does not run into its neighbours."""

    def cut(time: float) -> float:
        return min(max(time, line.start), line.end)

    words = tuple(replace(word, start=cut(word.start), end=cut(word.end)) for word in segment.words)
    return replace(segment, start=cut(segment.start), end=cut(segment.end), words=words)
