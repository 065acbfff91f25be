"""Speech to text with Whisper, segment by segment, as they are decoded."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from models.errors import InvalidOption
from models.feature_store import FeatureStore
from models.model_cache import ModelCache, never
from models.model_catalog import AUTO, ModelCatalog, ModelChoice
from pipelines.audio_clip import AudioClip
from pipelines.background_steps import in_background
from pipelines.clip_results import ClipResults
from pipelines.unspoken_stretches import Unspoken, unspoken_stretches
from pipelines.whisper_languages import WHISPER_LANGUAGES

WHISPER_SAMPLE_RATE = 16_000
WORKING_BYTES = 300 * 2**20
"""Log-mel features, encoder output and beams of one 30 s window, with room to spare."""

LINE_MARGIN_SECONDS = 0.2
"""Heard on either side when one line is decoded again."""
TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

SpeechTask = Literal["transcribe", "translate"]


@dataclass(frozen=True)
class TranscriptionOptions:
    """What the person can choose."""

    model: str = AUTO
    language: str | None = None
    """ISO code that Whisper knows; None detects it."""
    task: SpeechTask = "transcribe"
    """'translate' writes English whatever is spoken."""
    beam_size: int = 5
    word_timestamps: bool = True
    voice_activity_filter: bool = True
    voice_threshold: float = 0.5
    """Probability from which the voice activity detection hears a voice."""
    initial_prompt: str = ""
    """Text in the style and with the spellings that are wanted."""
    hotwords: str = ""
    """Names and terms to expect."""
    temperature_fallback: bool = True
    """Whether an unsure or repetitive window is sampled again with rising temperature."""


@dataclass(frozen=True)
class Word:
    """A word with its times in seconds and the probability that the model gave it."""

    start: float
    end: float
    text: str
    probability: float


@dataclass(frozen=True)
class Segment:
    """A stretch of speech with its times in seconds."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()


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
    segments: tuple[Segment, ...] = ()
    unspoken: tuple[Unspoken, ...] = ()
    """Long stretches without speech and what is heard in them; filled when the job is done."""
    position: float = 0.0
    """How far the decoding is, in seconds of the clip."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["loading", "decoding", "done", "stopped"] = "loading"
    from_store: bool = False
    """Whether it was computed earlier; `elapsed` is what it took then."""

    @property
    def text(self) -> str:
        """The whole text in one line."""
        return " ".join(segment.text for segment in self.segments)


RESULTS = ClipResults("transcription", Transcription)


@dataclass(frozen=True)
class _Language:
    code: str
    probability: float


def transcribe(
    clip: AudioClip,
    options: TranscriptionOptions,
    catalog: ModelCatalog,
    cache: ModelCache,
    features: FeatureStore,
    should_stop: Callable[[], bool] = never,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Transcription]:
    """Transcribe `clip`: a snapshot for every segment, and ten a second in between, so that the caller can stop at any time.

    A clip that was transcribed with the same options by the same model before gives that result at once.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    choice = catalog.choose("transcribe", options.model, WORKING_BYTES)
    check_options(options, choice)
    known = find_stored(clip, options, choice, catalog)
    if known is not None:
        yield known
        return
    dtype, device = choice.spec.dtype(catalog.device), catalog.device
    now = Transcription(clip.duration, choice.spec.title, choice.reason, choice.spec.licence, dtype, device.upper())
    yield now
    for step in in_background(lambda stopped: _decode(clip, options, choice, cache, stopped), should_stop):
        match step:
            case _Language(code, probability):
                now = replace(now, language=code, language_probability=probability, state="decoding")
            case Segment():
                now = replace(now, segments=(*now.segments, step), position=min(step.end, clip.duration))
        now = replace(now, elapsed=clock() - began)
        yield now
    if should_stop():
        yield replace(now, state="stopped", elapsed=clock() - began)
        return
    spoken = [(segment.start, segment.end) for segment in now.segments]
    now = replace(now, unspoken=unspoken_stretches(clip, spoken, catalog, cache, features))
    now = replace(now, state="done", position=clip.duration, elapsed=clock() - began)
    RESULTS.store(clip, _result_key(options, choice, catalog), now)
    yield now


def find_stored(
    clip: AudioClip, options: TranscriptionOptions, choice: ModelChoice, catalog: ModelCatalog
) -> Transcription | None:
    """The result of an earlier run of the same model with the same options on the same content, if it is still kept."""
    known = RESULTS.find(clip, _result_key(options, choice, catalog))
    return known and replace(known, model_reason=choice.reason, from_store=True)


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
    clip: AudioClip, options: TranscriptionOptions, choice: ModelChoice, cache: ModelCache, stopped: Callable[[], bool]
) -> Generator[_Language | Segment, None, None]:
    waveform = clip.waveform(WHISPER_SAMPLE_RATE)
    with cache.lease(choice.spec, working_bytes=WORKING_BYTES, should_stop=stopped) as (whisper,):
        segments, info = whisper.transcribe(waveform, **_whisper_arguments(options))
        yield _Language(info.language, float(info.language_probability))
        for segment in segments:
            yield _segment(segment)


def decode_again(
    clip: AudioClip, line: Segment, options: TranscriptionOptions, catalog: ModelCatalog, cache: ModelCache
) -> tuple[Segment, ...]:
    """What these options make of one line of a transcript, in the clip's times; nothing where they hear nothing.

    Raises:
        InvalidOption, ModelError: see `transcribe`.
    """
    choice = catalog.choose("transcribe", options.model, WORKING_BYTES)
    check_options(options, choice)
    start = max(0.0, line.start - LINE_MARGIN_SECONDS)
    end = min(clip.duration, line.end + LINE_MARGIN_SECONDS)
    samples = clip.waveform(WHISPER_SAMPLE_RATE)[round(start * WHISPER_SAMPLE_RATE) : round(end * WHISPER_SAMPLE_RATE)]
    arguments = _whisper_arguments(replace(options, voice_activity_filter=False))
    with cache.lease(choice.spec, working_bytes=WORKING_BYTES) as (whisper,):
        return tuple(_within(_moved(_segment(segment), start), line) for segment in whisper.transcribe(samples, **arguments)[0])


def _whisper_arguments(options: TranscriptionOptions) -> dict[str, Any]:
    """As `faster_whisper.WhisperModel.transcribe` calls them."""
    return {
        "language": options.language,
        "task": options.task,
        "beam_size": options.beam_size,
        "word_timestamps": options.word_timestamps,
        "vad_filter": options.voice_activity_filter,
        "vad_parameters": {"threshold": options.voice_threshold},
        "initial_prompt": options.initial_prompt or None,
        "hotwords": options.hotwords or None,
        "temperature": TEMPERATURES if options.temperature_fallback else 0.0,
    }


def _moved(segment: Segment, seconds: float) -> Segment:
    words = tuple(replace(word, start=word.start + seconds, end=word.end + seconds) for word in segment.words)
    return replace(segment, start=segment.start + seconds, end=segment.end + seconds, words=words)


def _within(segment: Segment, line: Segment) -> Segment:
    """Times cut to those of the line, so that it does not run into its neighbours."""

    def cut(time: float) -> float:
        return min(max(time, line.start), line.end)

    words = tuple(replace(word, start=cut(word.start), end=cut(word.end)) for word in segment.words)
    return replace(segment, start=cut(segment.start), end=cut(segment.end), words=words)


def _segment(segment: Any) -> Segment:
    """From faster-whisper's types, whose numbers may be NumPy's."""
    words = tuple(Word(float(w.start), float(w.end), w.word.strip(), float(w.probability)) for w in segment.words or ())
    return Segment(float(segment.start), float(segment.end), segment.text.strip(), words)
