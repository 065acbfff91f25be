"""Windows of packed speech into segments, all in one language: beams, the way out of poor text, the times of words."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np

from models.arrays import FloatArray
from pipelines.speech.transcript import DecodingOptions, Segment, Word
from pipelines.speech.vad_windows import MARGIN_SECONDS, SAMPLE_RATE, SpeechWindow

# Whisper's own limits, as in openai/whisper transcribe.py.
HIGHEST_COMPRESSION_RATIO = 2.4
LOWEST_LOG_PROBABILITY = -1.0
NO_SPEECH_PROBABILITY = 0.6
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
PREPENDED_PUNCTUATION = "\"'“¿([{-"
APPENDED_PUNCTUATION = "\"'.。,，!！?？:：”)]}、"
LONGEST_PAUSE_SECONDS = 2.0
"""A segment ends where the clip is silent for longer."""


@dataclass(frozen=True)
class Hypothesis:
    """What the model wrote for one window."""

    tokens: list[int]
    log_probability: float
    """Mean per token."""
    no_speech_probability: float

    @property
    def is_unsure(self) -> bool:
        """Whether the model finds its own text unlikely."""
        return self.log_probability < LOWEST_LOG_PROBABILITY

    @property
    def is_silence(self) -> bool:
        """Whether the text is to be left out, because probably nobody speaks."""
        return self.is_unsure and self.no_speech_probability > NO_SPEECH_PROBABILITY


class WindowDecoder:
    """Turns batches of windows into segments of one language; used by several threads at once."""

    def __init__(
        self, whisper: Any, waveform: FloatArray, language: str, options: DecodingOptions, stopped: Callable[[], bool]
    ) -> None:
        from faster_whisper.tokenizer import Tokenizer

        self._whisper = whisper
        self._waveform = waveform
        self._language = language
        self._options = options
        self._stopped = stopped
        self._tokenizer = Tokenizer(whisper.hf_tokenizer, whisper.model.is_multilingual, task=options.task, language=language)
        previous = self._tokenizer.encode(f" {options.initial_prompt.strip()}") if options.initial_prompt.strip() else []
        self._prompt = whisper.get_prompt(self._tokenizer, previous, hotwords=options.hotwords or None)

    def decode(self, windows: list[SpeechWindow], states: Any = None) -> list[list[Segment]]:
        """The segments of each window; fewer if the person stops meanwhile.

        Args:
            windows: one batch.
            states: what the encoder made of them: `ctranslate2.StorageView` [windows, frames, width]; None to encode them here.
        """
        if self._stopped():
            return [[] for _ in windows]
        decoded = self._decode_once(windows, encode_windows(self._whisper, windows, self._waveform) if states is None else states)
        rests = [window.after(segments[-1].end) if segments else None for segments, window in zip(decoded, windows, strict=True)]
        skipped = [rest for rest in rests if rest is not None]  # what the model left out at the end is heard once more by itself
        if not skipped:
            return decoded
        later = iter(self.decode(skipped))
        return [[*segments, *(next(later) if rest else ())] for segments, rest in zip(decoded, rests, strict=True)]

    def _decode_once(self, windows: list[SpeechWindow], states: Any) -> list[list[Segment]]:
        nothing = [list[Segment]() for _ in windows]
        if self._stopped():
            return nothing
        hypotheses = self._generate(states, len(windows), beam_size=self._options.beam_size)
        if self._stopped():
            return nothing
        hypotheses = [self._surer(h, w) for h, w in zip(hypotheses, windows, strict=True)]
        parts = [self._parts(h, w) for h, w in zip(hypotheses, windows, strict=True)]
        if self._options.word_timestamps:
            self._add_words(parts, windows, states)
        return [
            [self._with_origin(segment, hypothesis) for segment in _segments(part, window)]
            for part, hypothesis, window in zip(parts, hypotheses, windows, strict=True)
        ]

    def _with_origin(self, segment: Segment, hypothesis: Hypothesis) -> Segment:
        return replace(
            segment,
            language="en" if self._options.task == "translate" else self._language,
            log_probability=hypothesis.log_probability,
            no_speech_probability=hypothesis.no_speech_probability,
        )

    def _generate(self, encoded: Any, count: int, **sampling: Any) -> list[Hypothesis]:
        results = self._whisper.model.generate(
            encoded, [self._prompt] * count, return_scores=True, return_no_speech_prob=True, **sampling
        )
        return [_hypothesis(result) for result in results]

    def _surer(self, hypothesis: Hypothesis, window: SpeechWindow) -> Hypothesis:
        """The same, or another if this one repeats itself or the model was unsure: sampled, at higher and higher temperatures."""
        if not self._options.temperature_fallback or not self._is_poor(hypothesis):
            return hypothesis
        encoded = encode_windows(self._whisper, [window], self._waveform)
        tried = [hypothesis]
        for temperature in TEMPERATURES:
            if self._stopped():
                break
            tried += self._generate(encoded, 1, beam_size=1, num_hypotheses=5, sampling_topk=0, sampling_temperature=temperature)
            if not self._is_poor(tried[-1]):
                return tried[-1]
        return max(tried, key=lambda h: (not self._repeats_itself(h), h.log_probability))

    def _is_poor(self, hypothesis: Hypothesis) -> bool:
        return not hypothesis.is_silence and (hypothesis.is_unsure or self._repeats_itself(hypothesis))

    def _repeats_itself(self, hypothesis: Hypothesis) -> bool:
        text = self._tokenizer.decode(hypothesis.tokens).strip().encode()
        return len(text) / len(zlib.compress(text)) > HIGHEST_COMPRESSION_RATIO

    def _parts(self, hypothesis: Hypothesis, window: SpeechWindow) -> list[dict[str, Any]]:
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


def _hypothesis(result: Any) -> Hypothesis:
    """With the mean from the score, which CTranslate2 divides by the length without the end token."""
    tokens = list(result.sequences_ids[0])
    return Hypothesis(tokens, float(result.scores[0]) * len(tokens) / (len(tokens) + 1), float(result.no_speech_prob))


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


WINDOW_SECONDS = 30


FRAMES_PER_SECOND = 100


WINDOW_FRAMES = WINDOW_SECONDS * FRAMES_PER_SECOND


SILENCE_SECONDS = 4.0
"""After the sound of a window. Whisper was trained with silence up to 30 s, but needs no more of it to end as it should."""


def encode_windows(whisper: Any, windows: Sequence[SpeechWindow], waveform: FloatArray) -> Any:
    """Encoder states [windows, frames of 20 ms, width] as a `ctranslate2.StorageView`; the longest window sets the frames."""
    seconds = max(window.seconds for window in windows) + SILENCE_SECONDS
    return _encode(whisper, windows, waveform, min(WINDOW_FRAMES, 2 * ceil(seconds * FRAMES_PER_SECOND / 2)))


def encode_whole_window(whisper: Any, window: SpeechWindow, waveform: FloatArray) -> Any:
    """As `encode_windows`, filled up to 30 s: languages are told apart best in what Whisper was trained on."""
    return _encode(whisper, [window], waveform, WINDOW_FRAMES)


def _encode(whisper: Any, windows: Sequence[SpeechWindow], waveform: FloatArray, frames: int) -> Any:
    sounds = [window.sound(waveform) for window in windows]
    samples = frames * SAMPLE_RATE // FRAMES_PER_SECOND
    features = [whisper.feature_extractor(sound, padding=max(0, samples - len(sound)))[:, :frames] for sound in sounds]
    return whisper.encode(np.stack(features))
