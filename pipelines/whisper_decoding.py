"""Whisper over windows of packed speech: several at once, the segments in order of time as soon as they are known.

One window at a time keeps two cores busy less than half of the time: a decoder's step is too small to share. Here each of
CTranslate2's workers decodes a batch of its own, and a batch reads the weights once for all of its windows.
"""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.speech_windows import MARGIN_SECONDS, SAMPLE_RATE, SPEECH_PROBABILITY, SpeechWindow, Waveform, speech_windows

WINDOW_SECONDS = 30
FRAMES_PER_SECOND = 100
WINDOW_FRAMES = WINDOW_SECONDS * FRAMES_PER_SECOND
FIRST_WINDOW_SECONDS = 10.0
"""The first words are to come soon; a short window has fewer tokens to wait for."""
BATCH_WINDOWS = {"cpu": 2, "cuda": 16}
"""Windows in one call once the first words are out; few on a CPU, because a stopped job keeps the model until its call ends."""
LANGUAGE_WINDOWS = 4
"""At most so many windows are listened to before a language is settled on."""
SURE_OF_LANGUAGE = 0.5
# Whisper's own limits, as in openai/whisper transcribe.py.
HIGHEST_COMPRESSION_RATIO = 2.4
LOWEST_LOG_PROBABILITY = -1.0
NO_SPEECH_PROBABILITY = 0.6
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
PREPENDED_PUNCTUATION = "\"'“¿([{-"
APPENDED_PUNCTUATION = "\"'.。,，!！?？:：”)]}、"
LONGEST_PAUSE_SECONDS = 2.0
"""A segment ends where the clip is silent for longer."""

SpeechTask = Literal["transcribe", "translate"]


@dataclass(frozen=True)
class DecodingOptions:
    """What to decode and how."""

    language: str | None = None
    """ISO code that the model knows; None detects it."""
    task: SpeechTask = "transcribe"
    beam_size: int = 5
    word_timestamps: bool = True
    voice_activity_filter: bool = True
    initial_prompt: str = ""
    """Text in the style and with the spellings that are wanted."""
    hotwords: str = ""
    """Names and terms to expect."""
    voice_threshold: float = SPEECH_PROBABILITY
    """Probability from which the voice activity detection hears a voice."""
    temperature_fallback: bool = True
    """Whether an unsure or repetitive window is sampled again with rising temperature."""


@dataclass(frozen=True)
class Language:
    """What is spoken, and how sure the model is."""

    code: str
    probability: float


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
class _Hypothesis:
    """What the model wrote for one window."""

    tokens: list[int]
    log_probability: float
    """Mean per token."""
    no_speech_probability: float

    @property
    def is_unsure(self) -> bool:
        return self.log_probability < LOWEST_LOG_PROBABILITY

    @property
    def is_silence(self) -> bool:
        return self.is_unsure and self.no_speech_probability > NO_SPEECH_PROBABILITY


def decode_speech(
    whisper: Any, waveform: Waveform, options: DecodingOptions, stopped: Callable[[], bool]
) -> Generator[Language | Segment, None, None]:
    """The language, unless nothing is said, then the segments in order of time.

    Args:
        whisper: a `faster_whisper.WhisperModel`; as many batches run at once as it has workers.
        waveform: float32 [samples] at 16 kHz, may be a memory map.
        options: what to decode and how.
        stopped: looked at between the steps of the model, from several threads.
    """
    with _abandoned_at_exit(stopped) as stopped:
        voice_only, threshold = options.voice_activity_filter, options.voice_threshold
        windows = speech_windows(waveform, voice_only, FIRST_WINDOW_SECONDS, stopped, threshold)
        language, windows = _spoken_language(whisper, waveform, windows, options.language)
        if language is None:
            return
        yield language
        decoder = _Decoder(whisper, waveform, language.code, options, stopped)
        batches = _growing_batches(windows, BATCH_WINDOWS[whisper.model.device], whisper.model.num_workers)
        for segments in _in_parallel(decoder.decode, batches, whisper.model.num_workers):
            yield from segments


@contextmanager
def _abandoned_at_exit(stopped: Callable[[], bool]) -> Iterator[Callable[[], bool]]:
    """`stopped`, which also says yes once the block is left: closing a generator must not wait for all of its batches."""
    left = threading.Event()
    try:
        yield lambda: left.is_set() or stopped()
    finally:
        left.set()


def _spoken_language(
    whisper: Any, waveform: Waveform, windows: Iterator[SpeechWindow], wanted: str | None
) -> tuple[Language | None, Iterator[SpeechWindow]]:
    """The language and all windows again; no language where there is no window. Listens on while the model is unsure."""
    first = next(windows, None)
    if first is None:
        return None, windows
    heard = [first]
    if wanted is not None or not whisper.model.is_multilingual:
        return Language(wanted or "en", 1.0), chain(heard, windows)
    totals: dict[str, float] = {}
    for window in chain([first], islice(windows, LANGUAGE_WINDOWS - 1)):
        if window is not first:
            heard.append(window)
        for token, probability in whisper.model.detect_language(whisper.encode(_features(whisper, window, waveform)))[0]:
            totals[token.strip("<|>")] = totals.get(token.strip("<|>"), 0.0) + probability
        best = max(totals, key=lambda code: totals[code])
        if totals[best] / len(heard) > SURE_OF_LANGUAGE:
            break
    return Language(best, totals[best] / len(heard)), chain(heard, windows)


def _growing_batches(windows: Iterator[SpeechWindow], largest: int, workers: int) -> Iterator[list[SpeechWindow]]:
    """Batches of 1, then 2, 4 … windows, each size once for every worker, so that words come soon and then fast."""
    size = 1
    while True:
        for _ in range(workers):
            batch = list(islice(windows, size))
            if not batch:
                return
            yield batch
        size = min(2 * size, largest)


def _in_parallel(
    decode: Callable[[list[SpeechWindow]], list[Segment]], batches: Iterable[list[SpeechWindow]], workers: int
) -> Iterator[list[Segment]]:
    """`decode(batch)` in order, with one batch in reserve for the worker that is done first."""
    running: deque[Future[list[Segment]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="decoder") as pool:
        try:
            for batch in batches:
                running.append(pool.submit(decode, batch))
                if len(running) > workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)  # the model may go to somebody else after this


def _features(whisper: Any, window: SpeechWindow, waveform: Waveform) -> NDArray[np.float32]:
    """Log-mel of a window, filled up with silence: float32 [mels, 3000]."""
    sound = window.sound(waveform)
    padding = WINDOW_SECONDS * SAMPLE_RATE - len(sound)
    features: NDArray[np.float32] = whisper.feature_extractor(sound, padding=padding)[:, :WINDOW_FRAMES]
    return features


class _Decoder:
    """Turns batches of windows into segments; used by several threads at once."""

    def __init__(
        self, whisper: Any, waveform: Waveform, language: str, options: DecodingOptions, stopped: Callable[[], bool]
    ) -> None:
        from faster_whisper.tokenizer import Tokenizer

        self._whisper = whisper
        self._waveform = waveform
        self._options = options
        self._stopped = stopped
        self._tokenizer = Tokenizer(whisper.hf_tokenizer, whisper.model.is_multilingual, task=options.task, language=language)
        previous = self._tokenizer.encode(f" {options.initial_prompt.strip()}") if options.initial_prompt.strip() else []
        self._prompt = whisper.get_prompt(self._tokenizer, previous, hotwords=options.hotwords or None)

    def decode(self, windows: list[SpeechWindow]) -> list[Segment]:
        """The segments of all windows in order of time; fewer if the person stops meanwhile."""
        return [segment for segments in self._decode_each(windows) for segment in segments]

    def _decode_each(self, windows: list[SpeechWindow]) -> list[list[Segment]]:
        """The segments of each window, and of what the model skipped at its end, which is heard once more by itself."""
        decoded = self._decode_once(windows)
        rests = [window.after(segments[-1].end) if segments else None for segments, window in zip(decoded, windows, strict=True)]
        skipped = [rest for rest in rests if rest is not None]
        if not skipped:
            return decoded
        later = iter(self._decode_each(skipped))
        return [[*segments, *(next(later) if rest else ())] for segments, rest in zip(decoded, rests, strict=True)]

    def _decode_once(self, windows: list[SpeechWindow]) -> list[list[Segment]]:
        nothing = [list[Segment]() for _ in windows]
        if self._stopped():
            return nothing
        encoded = self._whisper.encode(np.stack([_features(self._whisper, w, self._waveform) for w in windows]))
        if self._stopped():
            return nothing
        hypotheses = self._generate(encoded, len(windows), beam_size=self._options.beam_size)
        if self._stopped():
            return nothing
        hypotheses = [self._surer(h, w) for h, w in zip(hypotheses, windows, strict=True)]
        parts = [self._parts(h, w) for h, w in zip(hypotheses, windows, strict=True)]
        if self._options.word_timestamps:
            self._add_words(parts, windows, encoded)
        return [list(_segments(part, window)) for part, window in zip(parts, windows, strict=True)]

    def _generate(self, encoded: Any, count: int, **sampling: Any) -> list[_Hypothesis]:
        results = self._whisper.model.generate(
            encoded, [self._prompt] * count, return_scores=True, return_no_speech_prob=True, **sampling
        )
        return [_hypothesis(result) for result in results]

    def _surer(self, hypothesis: _Hypothesis, window: SpeechWindow) -> _Hypothesis:
        """The same, or another if this one repeats itself or the model was unsure: sampled, at higher and higher temperatures."""
        if not self._options.temperature_fallback or not self._is_poor(hypothesis):
            return hypothesis
        encoded = self._whisper.encode(_features(self._whisper, window, self._waveform))
        tried = [hypothesis]
        for temperature in TEMPERATURES:
            if self._stopped():
                break
            tried += self._generate(encoded, 1, beam_size=1, num_hypotheses=5, sampling_topk=0, sampling_temperature=temperature)
            if not self._is_poor(tried[-1]):
                return tried[-1]
        return max(tried, key=lambda h: (not self._repeats_itself(h), h.log_probability))

    def _is_poor(self, hypothesis: _Hypothesis) -> bool:
        return not hypothesis.is_silence and (hypothesis.is_unsure or self._repeats_itself(hypothesis))

    def _repeats_itself(self, hypothesis: _Hypothesis) -> bool:
        text = self._tokenizer.decode(hypothesis.tokens).strip().encode()
        return len(text) / len(zlib.compress(text)) > HIGHEST_COMPRESSION_RATIO

    def _parts(self, hypothesis: _Hypothesis, window: SpeechWindow) -> list[dict[str, Any]]:
        """The stretches between timestamps, as faster-whisper keeps them, in seconds of the window; at least one, maybe empty."""
        begin = self._tokenizer.timestamp_begin
        time, parts, text = 0.0, [], list[int]()
        for token in [] if hypothesis.is_silence else hypothesis.tokens:
            if token < begin:
                text.append(token)
                continue
            now = (token - begin) * self._whisper.time_precision
            if text:
                parts.append(self._part(time, now, text))
            time, text = now, []
        if text or not parts:
            parts.append(self._part(time, window.seconds, text))
        return parts

    def _part(self, start: float, end: float, tokens: list[int]) -> dict[str, Any]:
        return {"seek": 0, "start": start, "end": end, "tokens": tokens, "text": self._tokenizer.decode(tokens), "words": []}

    def _add_words(self, parts: list[list[dict[str, Any]]], windows: list[SpeechWindow], encoded: Any) -> None:
        self._whisper.add_word_timestamps(
            parts,
            self._tokenizer,
            encoded,
            [min(WINDOW_FRAMES, ceil(window.seconds * FRAMES_PER_SECOND)) for window in windows],
            PREPENDED_PUNCTUATION,
            APPENDED_PUNCTUATION,
            last_speech_timestamp=0.0,
        )


def _hypothesis(result: Any) -> _Hypothesis:
    """With the mean from the score, which CTranslate2 divides by the length without the end token."""
    tokens = list(result.sequences_ids[0])
    return _Hypothesis(tokens, float(result.scores[0]) * len(tokens) / (len(tokens) + 1), float(result.no_speech_prob))


def _segments(parts: list[dict[str, Any]], window: SpeechWindow) -> Iterator[Segment]:
    """In seconds of the clip."""
    for part in parts:
        if not part["text"].strip():
            continue
        if part["words"]:
            words = [_word(word, window) for word in part["words"]]
            yield from (_segment(sentence) for sentence in _between_pauses(words))
        else:
            first = window.piece_at(part["start"] + MARGIN_SECONDS)
            last = max(first, window.piece_at(part["end"] - MARGIN_SECONDS))
            start, end = window.clip_time(part["start"], first), window.clip_time(part["end"], last)
            yield Segment(start, end, part["text"].strip())


def _word(word: dict[str, Any], window: SpeechWindow) -> Word:
    piece = window.piece_at((word["start"] + word["end"]) / 2)
    start, end = (window.clip_time(float(word[side]), piece) for side in ("start", "end"))
    return Word(start, end, word["word"], float(word["probability"]))


def _between_pauses(words: Sequence[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        if sentence and word.start - sentence[-1].end > LONGEST_PAUSE_SECONDS:
            yield sentence
            sentence = []
        sentence.append(word)
    yield sentence


def _segment(words: list[Word]) -> Segment:
    """Words keep their leading space until here: not every language has spaces."""
    text = "".join(word.text for word in words).strip()
    return Segment(words[0].start, words[-1].end, text, tuple(replace(word, text=word.text.strip()) for word in words))
