"""Windows of packed speech into segments, all in one language: beam search, temperature fallback, word times."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from models.arrays import FloatArray
from pipelines.speech.encoding import FRAMES_PER_SECOND, WINDOW_FRAMES, encode_windows
from pipelines.speech.prompt_limits import is_led_by_prompt, is_same_speech
from pipelines.speech.transcript import DecodingOptions, Segment, Word, line_of_words, whole_words, with_lengths
from pipelines.speech.voice_activity import SAMPLE_RATE
from pipelines.speech.windows import PADDING_SECONDS, SpeechWindow

# Whisper's own limits, as in openai/whisper transcribe.py.
MAX_COMPRESSION_RATIO = 2.4
MIN_LOG_PROBABILITY = -1.0
MAX_NO_SPEECH_PROBABILITY = 0.6
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
PREPENDED_PUNCTUATION = "\"'“¿([{-"
APPENDED_PUNCTUATION = "\"'.。,，!！?？:：”)]}、"
MIN_GAP_SAMPLES = 2 * SAMPLE_RATE
"""Speech region that must have text."""
MAX_PAUSE_SECONDS = 2.0
"""A segment ends where the clip is silent for longer."""


@dataclass(frozen=True)
class Hypothesis:
    """Tokens that the model wrote for one window."""

    tokens: list[int]
    log_probability: float
    """Mean per token."""
    no_speech_probability: float

    @property
    def is_unsure(self) -> bool:
        """Whether the model finds its own text unlikely."""
        return self.log_probability < MIN_LOG_PROBABILITY

    @property
    def is_silence(self) -> bool:
        """Whether the text is left out, because the window probably holds no speech."""
        return self.is_unsure and self.no_speech_probability > MAX_NO_SPEECH_PROBABILITY


class WindowDecoder:
    """Turns batches of windows into segments of one language; used by several threads at once."""

    def __init__(
        self, whisper: Any, waveform: FloatArray, language: str, options: DecodingOptions, should_stop: Callable[[], bool]
    ) -> None:
        from faster_whisper.tokenizer import Tokenizer

        self._whisper = whisper
        self._waveform = waveform
        self._language = language
        self._written_language = "en" if options.task == "translate" else language
        self._options = options
        self._fields = options.initial_prompt, options.hotwords
        self._should_stop = should_stop
        self._tokenizer = Tokenizer(whisper.hf_tokenizer, whisper.model.is_multilingual, task=options.task, language=language)
        previous = self._tokenizer.encode(f" {options.initial_prompt.strip()}") if options.initial_prompt.strip() else []
        self._prompt = whisper.get_prompt(self._tokenizer, previous, hotwords=options.hotwords or None)

    def decode(self, windows: list[SpeechWindow], states: Any = None) -> list[list[Segment]]:
        """Return the segments of each window; fewer after a stop.

        Args:
            windows: one batch.
            states: their encoder states: `ctranslate2.StorageView` [windows, frames, width]; None to encode them here.
        """
        if self._should_stop():
            return [[] for _ in windows]
        states = encode_windows(self._whisper, windows, self._waveform) if states is None else states
        each = zip(self._decode_once(windows, states), windows, strict=True)
        decoded = [self._without_repeated_prompt(segments, window) for segments, window in each]
        rests = [window.after(segments[-1].end) if segments else None for segments, window in zip(decoded, windows, strict=True)]
        skipped = [rest for rest in rests if rest is not None]  # what the model left out at the end is decoded by itself
        if not skipped:
            return decoded
        later = iter(self.decode(skipped))
        return [[*segments, *(next(later) if rest else ())] for segments, rest in zip(decoded, rests, strict=True)]

    def _without_repeated_prompt(self, segments: list[Segment], window: SpeechWindow) -> list[Segment]:
        """Decode a window again without the prompt fields if they seem to have taken the place of the speech."""
        unsure = any(segment.log_probability < MIN_LOG_PROBABILITY for segment in segments)
        if not any(self._fields) or not (unsure or has_gaps(window, segments) or is_led_by_prompt(segments, self._fields)):
            return segments
        options = replace(self._options, initial_prompt="", hotwords="")
        bare = WindowDecoder(self._whisper, self._waveform, self._language, options, self._should_stop)
        (unled,) = bare.decode([window])
        return segments if is_same_speech(segments, unled) and not unsure else unled

    def _decode_once(self, windows: list[SpeechWindow], states: Any) -> list[list[Segment]]:
        nothing = [list[Segment]() for _ in windows]
        if self._should_stop():
            return nothing
        hypotheses = self._generate(states, len(windows), beam_size=self._options.beam_size)
        if self._should_stop():
            return nothing
        hypotheses = [self._with_fallback(h, w) for h, w in zip(hypotheses, windows, strict=True)]
        parts = [self._parts(h, w) for h, w in zip(hypotheses, windows, strict=True)]
        if self._options.word_timestamps:
            self._add_words(parts, windows, states)
        return [
            [self._with_origin(segment, hypothesis) for segment in _segments(part, window, self._written_language)]
            for part, hypothesis, window in zip(parts, hypotheses, windows, strict=True)
        ]

    def _with_origin(self, segment: Segment, hypothesis: Hypothesis) -> Segment:
        return replace(
            segment,
            language=self._written_language,
            log_probability=hypothesis.log_probability,
            no_speech_probability=hypothesis.no_speech_probability,
        )

    def _generate(self, states: Any, count: int, **sampling: Any) -> list[Hypothesis]:
        results = self._whisper.model.generate(
            states, [self._prompt] * count, return_scores=True, return_no_speech_prob=True, **sampling
        )
        return [_hypothesis(result) for result in results]

    def _with_fallback(self, hypothesis: Hypothesis, window: SpeechWindow) -> Hypothesis:
        """Sample again, at rising temperatures, if the hypothesis is unsure or repetitive.

        With a prompt it is not: there `_without_repeated_prompt` decodes without it.
        """
        if not self._options.temperature_fallback or any(self._fields) or not self._needs_fallback(hypothesis):
            return hypothesis
        states = encode_windows(self._whisper, [window], self._waveform)
        tried = [hypothesis]
        for temperature in TEMPERATURES:
            if self._should_stop():
                break
            tried += self._generate(states, 1, beam_size=1, num_hypotheses=5, sampling_topk=0, sampling_temperature=temperature)
            if not self._needs_fallback(tried[-1]):
                return tried[-1]
        return max(tried, key=lambda h: (not self._is_repetitive(h), h.log_probability))

    def _needs_fallback(self, hypothesis: Hypothesis) -> bool:
        return not hypothesis.is_silence and (hypothesis.is_unsure or self._is_repetitive(hypothesis))

    def _is_repetitive(self, hypothesis: Hypothesis) -> bool:
        text = self._tokenizer.decode(hypothesis.tokens).strip().encode()
        return len(text) / len(zlib.compress(text)) > MAX_COMPRESSION_RATIO

    def _parts(self, hypothesis: Hypothesis, window: SpeechWindow) -> list[dict[str, Any]]:
        """Split tokens at timestamps, as faster-whisper does, in seconds of the window; at least one part, maybe empty."""
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
            parts.append(self._part(time, window.duration, text))
        return parts

    def _part(self, start: float, end: float, tokens: list[int]) -> dict[str, Any]:
        return {"seek": 0, "start": start, "end": end, "tokens": tokens, "text": self._tokenizer.decode(tokens), "words": []}

    def _add_words(self, parts: list[list[dict[str, Any]]], windows: list[SpeechWindow], states: Any) -> None:
        self._whisper.add_word_timestamps(
            parts,
            self._tokenizer,
            states,
            [min(WINDOW_FRAMES, ceil(window.duration * FRAMES_PER_SECOND)) for window in windows],
            PREPENDED_PUNCTUATION,
            APPENDED_PUNCTUATION,
            last_speech_timestamp=0.0,
        )


def has_gaps(window: SpeechWindow, segments: Sequence[Segment]) -> bool:
    """Return whether a speech region has no text."""
    regions = [chunk.speech for chunk in window.chunks if chunk.speech.end - chunk.speech.start >= MIN_GAP_SAMPLES]
    spans = [(segment.start * SAMPLE_RATE, segment.end * SAMPLE_RATE) for segment in segments]
    return any(not any(start < region.end and end > region.start for start, end in spans) for region in regions)


def _hypothesis(result: Any) -> Hypothesis:
    """Compute the mean from the score, which CTranslate2 divides by the length without the end token."""
    tokens = list(result.sequences_ids[0])
    return Hypothesis(tokens, float(result.scores[0]) * len(tokens) / (len(tokens) + 1), float(result.no_speech_prob))


def _segments(parts: list[dict[str, Any]], window: SpeechWindow, language: str) -> Iterator[Segment]:
    """Turn parts into segments, in seconds of the clip."""
    for part in parts:
        if not part["text"].strip():
            continue
        if part["words"]:
            words = whole_words([_word(word, window) for word in part["words"]])
            yield from (line_of_words(sentence, language) for sentence in _split_at_pauses(words))
        else:
            first = window.chunk_at(part["start"] + PADDING_SECONDS)
            last = max(first, window.chunk_at(part["end"] - PADDING_SECONDS))
            start, end = window.clip_time(part["start"], first), window.clip_time(part["end"], last)
            (line,) = with_lengths([Word(start, end, part["text"].strip(), 0.0)])
            yield Segment(line.start, line.end, line.text)


def _word(word: dict[str, Any], window: SpeechWindow) -> Word:
    chunk = window.chunk_at((word["start"] + word["end"]) / 2)
    start, end = (window.clip_time(float(word[side]), chunk) for side in ("start", "end"))
    return Word(start, end, word["word"], float(word["probability"]))


def _split_at_pauses(words: Sequence[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        if sentence and word.start - sentence[-1].end > MAX_PAUSE_SECONDS:
            yield sentence
            sentence = []
        sentence.append(word)
    yield sentence
