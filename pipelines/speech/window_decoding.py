"""Windows of packed speech into segments, all in one language: beam search, other searches where it fails, word times."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from math import ceil
from typing import Any

from models.arrays import FloatArray
from pipelines.speech.encoding import FRAMES_PER_SECOND, WINDOW_FRAMES, encode_windows
from pipelines.speech.prompt_limits import is_led_by_prompt, is_same_speech
from pipelines.speech.sentences import segments_of
from pipelines.speech.transcript import DecodingOptions, Segment
from pipelines.speech.voice_activity import SAMPLE_RATE
from pipelines.speech.windows import MIN_SKIPPED_SAMPLES, SpeechWindow

# Whisper's own limits, as in openai/whisper transcribe.py.
MAX_COMPRESSION_RATIO = 2.4
MIN_LOG_PROBABILITY = -1.0
MAX_NO_SPEECH_PROBABILITY = 0.6
MIN_SHORT_LOG_PROBABILITY = -0.9
"""For a sound of at most 0.3 s. Most synthesised words of that length lie above; 0.15 s cut from vowels lie below."""
PREPENDED_PUNCTUATION = "\"'“¿([{-"
APPENDED_PUNCTUATION = "\"'.。,，!！?？:：”)]}、"
MIN_GAP_SAMPLES = 2 * SAMPLE_RATE
"""Speech region that must have text."""
FALLBACK_SEARCHES: tuple[dict[str, float], ...] = (
    {"beam_size": 1},
    {"beam_size": 5, "repetition_penalty": 1.2},
    {"beam_size": 1, "repetition_penalty": 1.2},
    {"beam_size": 10, "patience": 2.0},
)
"""Other searches for a window whose first one failed."""
MAX_CHARACTERS_PER_SECOND = 30.0
"""Faster text than this is not spoken."""
MIN_ALIGNED_SECONDS = 0.02
"""One state of the encoder; a shorter word has no place of its own in the sound."""
MAX_UNALIGNED_WORDS = 0.1
"""Fraction of words without a place from which a text is more than what is said."""
MIN_TEXT_RATE = 0.25
"""Characters a second of a chunk, relative to the fullest one, below which the model skipped a part of it."""
MAX_UNEVENNESS = 1.6
"""Ratio of characters a second between the stretches of a window in which the same is said again and again."""


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


@dataclass(frozen=True)
class _Decoded:
    """What was decoded of one window."""

    segments: list[Segment]
    fits: bool
    """Whether the text can be what is said."""


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
        kept, again = list[list[Segment]](), list[tuple[SpeechWindow, ...]]()
        states = encode_windows(self._whisper, windows, self._waveform) if states is None else states
        for window, decoded in zip(windows, self._decode_once(windows, states), strict=True):
            unled = self._without_repeated_prompt(decoded, window)
            kept.append(unled.segments if unled.fits else [])
            again.append(self._remaining(window, unled.segments) if unled.fits else window.halves(self._waveform))
        later = iter(self.decode(list(chain.from_iterable(again))) if any(again) else ())
        return [[*segments, *chain.from_iterable(islice(later, len(own)))] for segments, own in zip(kept, again, strict=True)]

    def _remaining(self, window: SpeechWindow, segments: list[Segment]) -> tuple[SpeechWindow, ...]:
        """Return what the model left out at the end of a window, which is decoded by itself."""
        rest = window.after(segments[-1].end, self._waveform) if segments else None
        return (rest,) if rest else ()

    def _without_repeated_prompt(self, decoded: _Decoded, window: SpeechWindow) -> _Decoded:
        """Decode a window again without the prompt fields if they seem to have taken the place of the speech."""
        segments = decoded.segments
        unsure = not decoded.fits or any(segment.log_probability < MIN_LOG_PROBABILITY for segment in segments)
        if not any(self._fields) or not (unsure or has_gaps(window, segments) or is_led_by_prompt(segments, self._fields)):
            return decoded
        options = replace(self._options, initial_prompt="", hotwords="")
        bare = WindowDecoder(self._whisper, self._waveform, self._language, options, self._should_stop)
        (unled,) = bare.decode([window])
        return _Decoded(segments if is_same_speech(segments, unled) and not unsure else unled, fits=True)

    def _decode_once(self, windows: list[SpeechWindow], states: Any) -> list[_Decoded]:
        nothing = [_Decoded([], True) for _ in windows]
        if self._should_stop():
            return nothing
        hypotheses = self._generate(states, len(windows), beam_size=self._options.beam_size)
        if self._should_stop():
            return nothing
        hypotheses = [self._with_fallback(h, w) for h, w in zip(hypotheses, windows, strict=True)]
        hypotheses = [_without_guess(h, w) for h, w in zip(hypotheses, windows, strict=True)]
        parts = [self._parts(h, w) for h, w in zip(hypotheses, windows, strict=True)]
        if self._options.word_timestamps:
            self._add_words(parts, windows, states)
        return [
            _Decoded(
                [self._with_origin(segment, h) for segment in segments_of(part, w, self._written_language)],
                self._fits(h, part, w),
            )
            for part, h, w in zip(parts, hypotheses, windows, strict=True)
        ]

    def _fits(self, hypothesis: Hypothesis, parts: list[dict[str, Any]], window: SpeechWindow) -> bool:
        """Return whether the text can be what is said in the window, stretch by stretch; one that is not halved always is."""
        words = [word for part in parts for word in part["words"]]
        without_length = sum(word["end"] - word["start"] < MIN_ALIGNED_SECONDS for word in words)
        if len(window.halves(self._waveform)) == 1:
            return True
        if without_length > MAX_UNALIGNED_WORDS * len(words) or _is_skipped(words, window):
            return False
        return not self._is_repetitive(hypothesis) or (len(window.chunks) > 1 and _is_even(words, window))

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
        """Search again, in other ways, if the hypothesis is unsure, or repetitive in a window that is not halved.

        With a prompt it is not: there `_without_repeated_prompt` decodes without it.
        No try samples at random: CTranslate2 seeds each of its threads once, so that no two runs would agree.
        """
        if not self._options.fallback_searches or any(self._fields) or not self._needs_fallback(hypothesis, window):
            return hypothesis
        states = encode_windows(self._whisper, [window], self._waveform)
        tried = [hypothesis]
        for search in FALLBACK_SEARCHES:
            if self._should_stop():
                break
            tried += self._generate(states, 1, **search)
            if not self._needs_fallback(tried[-1], window):
                return tried[-1]
        return min(tried, key=lambda h: self._badness(h, window))

    def _needs_fallback(self, hypothesis: Hypothesis, window: SpeechWindow) -> bool:
        if hypothesis.is_silence:
            return False
        return hypothesis.is_unsure or (self._is_repetitive(hypothesis) and len(window.halves(self._waveform)) == 1)

    def _badness(self, hypothesis: Hypothesis, window: SpeechWindow) -> tuple[bool, float, float]:
        """Order hypotheses: too much text for the speech, then repetitive, then improbable."""
        text = self._tokenizer.decode(hypothesis.tokens).strip()
        is_too_much = len(text) > MAX_CHARACTERS_PER_SECOND * window.duration
        return is_too_much, max(MAX_COMPRESSION_RATIO, _compression_ratio(text)), -hypothesis.log_probability

    def _is_repetitive(self, hypothesis: Hypothesis) -> bool:
        return _compression_ratio(self._tokenizer.decode(hypothesis.tokens).strip()) > MAX_COMPRESSION_RATIO

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


def _without_guess(hypothesis: Hypothesis, window: SpeechWindow) -> Hypothesis:
    """Leave out a word for a sound that is hardly long enough for one, unless the model is fairly sure of it."""
    is_guess = window.is_short and hypothesis.log_probability < MIN_SHORT_LOG_PROBABILITY
    return replace(hypothesis, tokens=[]) if is_guess else hypothesis


def _compression_ratio(text: str) -> float:
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded))


def _is_even(words: list[dict[str, Any]], window: SpeechWindow) -> bool:
    """Return whether each chunk of speech has its share of a text that repeats itself."""
    rates = _text_rates(words, window, MIN_SKIPPED_SAMPLES)
    return bool(rates) and max(rates) <= MAX_UNEVENNESS * min(rates)


def _is_skipped(words: list[dict[str, Any]], window: SpeechWindow) -> bool:
    """Return whether a chunk has so few words that others of it must be missing; one without any may be no speech."""
    rates = _text_rates(words, window, MIN_GAP_SAMPLES)
    return any(0.0 < rate < MIN_TEXT_RATE * max(rates) for rate in rates)


def _text_rates(words: list[dict[str, Any]], window: SpeechWindow, min_samples: int) -> list[float]:
    """Return the characters a sample of each chunk whose speech is longer than `min_samples`."""
    characters = [0] * len(window.chunks)
    for word in words:
        characters[window.chunk_at((word["start"] + word["end"]) / 2)] += len(word["word"])
    lengths = [chunk.speech.end - chunk.speech.start for chunk in window.chunks]
    return [count / length for count, length in zip(characters, lengths, strict=True) if length > min_samples]
