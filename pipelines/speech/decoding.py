"""Whisper over the windows of a clip: several at once, the segments in order of time as soon as they are known.

One window at a time keeps two cores busy less than half of the time: a decoder's step is too small to share. Here each of
CTranslate2's workers decodes a batch of its own, and a batch reads the weights once for all of its windows.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice, tee
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.specs.whisper_memory import BATCH_WINDOWS
from pipelines.jobs.batch_budget import BatchBudget
from pipelines.speech.encoding import WINDOW_SECONDS, encode_windows
from pipelines.speech.language_id import (
    EncodedWindows,
    Language,
    LanguageRun,
    detect_language,
    split_by_language,
)
from pipelines.speech.prompt_limits import fit_prompt
from pipelines.speech.transcript import DecodingOptions, Segment, ShortenedField, in_sequence
from pipelines.speech.voice_activity import SAMPLE_RATE
from pipelines.speech.window_decoding import WindowDecoder, has_gaps
from pipelines.speech.windows import MAX_WINDOW_SECONDS, SpeechWindow, speech_since, speech_windows

FIRST_WINDOW_SECONDS = 10.0
"""Length of the first window of a long clip: the first words come soon, and a short window has fewer tokens to wait for."""
MIN_WORD_PROBABILITY = 0.6
"""A window with a line whose words have a lower mean may hold another language."""
MIN_ONE_LANGUAGE_PROBABILITY = 0.8
"""A clip whose main language has a lower probability may hold another one in each window."""
MIN_KNOWN_LANGUAGE_PROBABILITY = 0.5
"""A line in a language with a lower probability is a guess."""
MIN_ONE_LANGUAGE_LOG_PROBABILITY = -0.4
"""A window with a lower mean may hold another language. One language throughout, read aloud or synthesised, lies above."""


@dataclass(frozen=True)
class DecodedWindows:
    """What was decoded of the next windows of a clip."""

    count: int
    """Number of windows of which nothing is missing."""
    segments: tuple[Segment, ...]


def decode_speech(
    whisper: Any,
    waveform: FloatArray,
    options: DecodingOptions,
    should_stop: Callable[[], bool],
    budget: BatchBudget | None = None,
    since: float = 0.0,
) -> Generator[ShortenedField | Language | Segment, None, None]:
    """Decode a clip: yield the shortened prompt fields, the language, and then the segments in order of time.

    Of a clip without speech there is no language.

    Args:
        whisper: a `faster_whisper.WhisperModel`; as many batches run at once as it has workers.
        waveform: float32 [samples] at 16 kHz, may be a memory map.
        options: what to decode and how.
        should_stop: called between the steps of the model, from several threads.
        budget: windows in one call; by default as many as the device of the model allows.
        since: seconds of the clip; speech before is left out.
    """
    windows = speech_since(windows_of_speech(waveform, options, should_stop), since, waveform)
    with closing(decode_windows(whisper, waveform, windows, None, options, should_stop, budget)) as steps:
        for step in steps:
            if isinstance(step, DecodedWindows):
                yield from step.segments
            else:
                yield step


def windows_of_speech(waveform: FloatArray, options: DecodingOptions, should_stop: Callable[[], bool]) -> Iterator[SpeechWindow]:
    """Yield the windows of a clip [samples] at 16 kHz; the first one of a long clip is short."""
    first_duration = MAX_WINDOW_SECONDS if fits_one_window(len(waveform)) else FIRST_WINDOW_SECONDS
    return speech_windows(waveform, options.vad_filter, first_duration, should_stop, options.vad_threshold)


def decode_windows(
    whisper: Any,
    waveform: FloatArray,
    windows: Iterator[SpeechWindow],
    known: Language | None,
    options: DecodingOptions,
    should_stop: Callable[[], bool],
    budget: BatchBudget | None = None,
) -> Generator[ShortenedField | Language | DecodedWindows, None, None]:
    """Decode windows of a clip: yield the shortened prompt fields, the language, and then what each batch holds.

    Args:
        whisper: see `decode_speech`.
        waveform: of the whole clip.
        windows: some that follow each other.
        known: the language that earlier windows of the clip gave; None for the first ones.
        options: see `decode_speech`.
        should_stop: see `decode_speech`.
        budget: see `decode_speech`.
    """
    budget = budget or BatchBudget(BATCH_WINDOWS[whisper.model.device])
    options, shortened = fit_prompt(whisper, options)
    yield from shortened
    with _stopped_at_exit(should_stop) as should_stop:
        encoded: EncodedWindows = {}
        language = known
        if language is None:
            attempts = iter(tee(windows))
            language, windows, encoded = budget.once_more(
                lambda: _language(whisper, waveform, next(attempts), options.language, options.allowed_languages)
            )
        if language is None:
            return
        yield language
        speech = _BatchDecoder(whisper, waveform, language, options, encoded, budget, should_stop)
        batches = _growing_batches(windows, budget, whisper.model.num_workers)
        yield from _in_parallel(speech.decode, batches, whisper.model.num_workers)


def fits_one_window(samples: int) -> bool:
    """Return whether a clip at 16 kHz gains nothing from windows, batches and workers."""
    return samples <= WINDOW_SECONDS * SAMPLE_RATE


@contextmanager
def _stopped_at_exit(should_stop: Callable[[], bool]) -> Iterator[Callable[[], bool]]:
    """Yield a `should_stop` that is also true once the block is left: closing a generator must not wait for all batches."""
    left = threading.Event()
    try:
        yield lambda: left.is_set() or should_stop()
    finally:
        left.set()


def _language(
    whisper: Any, waveform: FloatArray, windows: Iterator[SpeechWindow], wanted: str | None, allowed: tuple[str, ...]
) -> tuple[Language | None, Iterator[SpeechWindow], EncodedWindows]:
    """Return the wanted language, or the only one that the model knows, or the detected one; see `detect_language`."""
    if wanted is None and whisper.model.is_multilingual:
        return detect_language(whisper, waveform, windows, allowed)
    first = next(windows, None)
    return (Language(wanted or "en", 1.0), chain([first], windows), {}) if first else (None, windows, {})


class _BatchDecoder:
    """Decodes the windows of one clip, in one language or in several; used by several threads at once."""

    def __init__(
        self,
        whisper: Any,
        waveform: FloatArray,
        language: Language,
        options: DecodingOptions,
        encoded: EncodedWindows,
        budget: BatchBudget,
        should_stop: Callable[[], bool],
    ) -> None:
        self._whisper = whisper
        self._waveform = waveform
        self._options = options
        self._language = language
        self._encoded = encoded
        self._budget = budget
        self._should_stop = should_stop
        self._decoder = self._decoder_for(language.code)

    def decode(self, windows: list[SpeechWindow]) -> DecodedWindows:
        """Return the segments of all windows in order of time; after a stop, no window is counted, and segments are missing."""
        if self._should_stop():
            return DecodedWindows(0, ())
        decoded = self._budget.in_parts(self._decode, windows)
        count = 0 if self._should_stop() else len(windows)
        return DecodedWindows(count, tuple(in_sequence(chain.from_iterable(decoded))))

    def _decode(self, windows: list[SpeechWindow]) -> list[list[Segment]]:
        """Return the segments of each window."""
        states = self._encoded.pop(windows[0], None) if len(windows) == 1 else None
        states = encode_windows(self._whisper, windows, self._waveform) if states is None else states
        decoded = self._decoder.decode(windows, states)
        if self._options.language is None and self._whisper.model.is_multilingual:
            each = enumerate(zip(windows, decoded, strict=True))
            decoded = [self._by_language(states, index, window, segments) for index, (window, segments) in each]
        return decoded

    def _by_language(self, states: Any, index: int, window: SpeechWindow, segments: list[Segment]) -> list[Segment]:
        """Decode a window again, run by run, if its text in the clip's language is unsure or has gaps."""
        main = self._language
        segments = [_in_language(segment, main.code, main.probability) for segment in segments]
        if self._should_stop() or not (
            main.probability < MIN_ONE_LANGUAGE_PROBABILITY or is_unsure(segments) or has_gaps(window, segments)
        ):
            return segments
        import ctranslate2

        own = np.array(states.to_device(ctranslate2.Device.cpu))[index]
        allowed = self._options.allowed_languages
        runs = split_by_language(self._whisper, self._waveform, window, own, main.code, allowed)
        if all(run.language == main.code for run in runs):
            return [_in_run(segment, runs[0]) for segment in segments]
        return list(chain.from_iterable(self._decode_run(run) for run in runs))

    def _decode_run(self, run: LanguageRun) -> list[Segment]:
        decoder = self._decoder if run.language == self._language.code else self._decoder_for(run.language)
        (segments,) = decoder.decode([run.window])
        return [_in_run(segment, run) for segment in segments]

    def _decoder_for(self, language: str) -> WindowDecoder:
        return WindowDecoder(self._whisper, self._waveform, language, self._options, self._should_stop)


def _in_run(segment: Segment, run: LanguageRun) -> Segment:
    return _in_language(segment, run.language, run.probability_between(segment.start, segment.end))


def _in_language(segment: Segment, code: str, probability: float) -> Segment:
    is_guess = probability < MIN_KNOWN_LANGUAGE_PROBABILITY
    return replace(segment, speech_language=code, language_probability=probability, is_guess=is_guess)


def is_unsure(segments: list[Segment]) -> bool:
    """Return whether the model finds a text, or the words of one of its lines, improbable."""
    words = [[word.probability for word in segment.words] for segment in segments if segment.words]
    return any(segment.log_probability < MIN_ONE_LANGUAGE_LOG_PROBABILITY for segment in segments) or any(
        float(np.mean(line)) < MIN_WORD_PROBABILITY for line in words
    )


def _growing_batches(windows: Iterator[SpeechWindow], budget: BatchBudget, workers: int) -> Iterator[list[SpeechWindow]]:
    """Group windows into batches of 1, then 2, 4 …, each size once for every worker, so that words come soon and then fast."""
    size = 1
    while True:
        for _ in range(workers):
            batch = list(islice(windows, size))
            if not batch:
                return
            yield batch
        size = min(2 * size, budget.size)


def _in_parallel(
    decode: Callable[[list[SpeechWindow]], DecodedWindows], batches: Iterable[list[SpeechWindow]], workers: int
) -> Iterator[DecodedWindows]:
    """Yield `decode(batch)` in order, with one batch in reserve for the worker that is done first."""
    running: deque[Future[DecodedWindows]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="decoder") as pool:
        try:
            for batch in batches:
                running.append(pool.submit(decode, batch))
                if len(running) > workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)  # after this the model may be leased to another job
