"""Language identification: of a clip, and of each stretch of a window.

Whisper names a language for any sound. A single guess over a few seconds is weak, so the chunks of a window are labelled
together: a change of language and a further language both have a cost, and a short chunk whose language is unclear goes with
its neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations, groupby, islice
from math import log
from typing import Any

import numpy as np

from models.arrays import AnyArray, FloatArray
from pipelines.jobs.result import Result
from pipelines.speech.encoding import encode_padded_window
from pipelines.speech.languages import LanguageProbability
from pipelines.speech.voice_activity import SAMPLE_RATE, SpeechRegion
from pipelines.speech.windows import Chunk, SpeechWindow

MAX_CLIP_WINDOWS = 4
"""At most so many windows are looked at for the clip's language."""
MIN_CLIP_PROBABILITY = 0.5
"""Mean probability of a language from which no further window is looked at."""
MAX_ALTERNATIVES = 3
MIN_EVIDENT = 0.35
"""Probability in one chunk by itself from which a language may be one of a window's."""
SURE_IN_CONTEXT = 0.95
MIN_CONTEXT_SAMPLES = 2 * SAMPLE_RATE
"""A chunk of this length that its window's states give to the main language with this probability needs no look by itself."""
MAX_CANDIDATES = 4
"""Languages of one window that are compared."""
CONTEXT_WEIGHT = 0.25
"""Weight of a look at a chunk within its window, which a neighbour's language colours, relative to one at the chunk by itself."""
TEXT_WEIGHT = 5.0
"""Weight of the mean log probability of a chunk's text per token. With 1.5 times less or more, 12 clips of two languages (349 s
of LibriVox and espeak-ng) have at most 1 % more in the wrong one; without it, twice as much."""
MIN_TEXT_LOG_PROBABILITY = -1.5
"""For a text in a language that is not spoken, which may not end either."""
MAX_TEXT_TOKENS = 45
"""A text of `PIECE_SAMPLES` with more tokens does not end."""
MIN_PROBABILITY = 0.02
"""Added to each probability: one chunk of which the model is certain, and wrong, does not outweigh all others."""
SWITCH_COST = 0.3
"""Cost of a change of language in nats; a chunk costs the negative log probability of its language, and a sure one (0.9 against
0.02) outweighs 3. Set with 30 clips of one to three synthesised languages."""
FURTHER_LANGUAGE_COST = 0.6
"""Cost of each language beyond the first of a window."""
NOT_MAIN_COST = 0.5
"""Cost of a window without the clip's main language."""
PIECE_SAMPLES = 4 * SAMPLE_RATE
"""Longer chunks are looked at in pieces: a person may change the language after a short pause."""
UNSPOKEN_LANGUAGES = frozenset({"la"})
"""Latin, for which Whisper takes much accented, synthetic or unclear speech. It has to be asked for."""
STATE_SAMPLES = 320
"""Whisper's encoder gives one state for each 20 ms."""


@dataclass(frozen=True)
class Language(Result):
    """The most probable language and its alternatives."""

    code: str
    """ISO code."""
    probability: float
    alternatives: tuple[LanguageProbability, ...] = ()
    """At most `MAX_ALTERNATIVES`, the most probable first."""


@dataclass(frozen=True)
class LanguageRun:
    """Consecutive chunks of one window in the same language."""

    language: str
    pieces: tuple[Chunk, ...]
    probabilities: tuple[float, ...]
    """Probability for each piece that it is in this language."""

    @property
    def window(self) -> SpeechWindow:
        """The pieces as one window, those of one chunk joined."""
        return SpeechWindow(_joined(self.pieces))

    def probability_between(self, start: float, end: float) -> float:
        """Return the mean probability of the pieces between two times of the clip in seconds, weighted by overlap."""
        first, last = start * SAMPLE_RATE, end * SAMPLE_RATE
        overlaps = [max(0.0, min(last, piece.end) - max(first, piece.start)) for piece in self.pieces]
        weights = overlaps if any(overlaps) else [float(piece.samples) for piece in self.pieces]
        return float(np.average(self.probabilities, weights=weights))


@dataclass(frozen=True)
class ChunkLanguages:
    """The probability of each language code for a chunk of speech."""

    in_context: Mapping[str, float]
    """From the encoder states of its window."""
    alone: Mapping[str, float]
    """From the chunk by itself, where no neighbour's language colours it."""
    written: Mapping[str, float] = field(default_factory=dict)
    """Mean log probability per token of the chunk's text in each language that may be spoken; empty if it was not decoded."""

    def probability(self, code: str) -> float:
        """Return the mean of both looks; each counts by how sure it is of one language."""
        looks = self.in_context, self.alone
        weights = [CONTEXT_WEIGHT * max(self.in_context.values()), max(self.alone.values())]
        return sum(weight * look.get(code, 0.0) for weight, look in zip(weights, looks, strict=True)) / sum(weights)

    def cost(self, code: str) -> float:
        """Return the cost of this language in nats, up to a constant."""
        return -log(self.probability(code) + MIN_PROBABILITY) - TEXT_WEIGHT * self.written.get(code, 0.0)


EncodedWindows = dict[SpeechWindow, Any]
"""Encoder states of windows that will be decoded next."""


def detect_language(
    whisper: Any, waveform: FloatArray, windows: Iterator[SpeechWindow], allowed: Sequence[str] = ()
) -> tuple[Language | None, Iterator[SpeechWindow], EncodedWindows]:
    """Detect the main language of a clip.

    Args:
        whisper: a multilingual `faster_whisper.WhisperModel`.
        waveform: float32 [samples] at 16 kHz.
        windows: of the clip, in order of time; more than the first are looked at while the model is unsure.
        allowed: ISO codes of the languages that may be spoken; empty for all.

    Returns:
        The language, None where there is no window; all windows again; the encoder states of those looked at.
    """
    encoded: EncodedWindows = {}
    totals: dict[str, float] = {}
    for window in islice(windows, MAX_CLIP_WINDOWS):
        encoded[window] = encode_padded_window(whisper, window, waveform)
        probabilities = _language_probabilities(whisper, encoded[window], allowed)
        if max(probabilities.values()) <= MIN_CLIP_PROBABILITY and len(window.chunks) > 1:
            # Whisper gives a mixture of two languages to a third one.
            probabilities = _mean_probabilities(whisper, waveform, window, allowed)
        for code, probability in probabilities.items():
            totals[code] = totals.get(code, 0.0) + probability
        if max(totals.values()) / len(encoded) > MIN_CLIP_PROBABILITY:
            break
    if not encoded:
        return None, windows, encoded
    ranked = sorted(totals, key=lambda code: -totals[code])
    best, *others = (LanguageProbability(code, totals[code] / len(encoded)) for code in ranked[: 1 + MAX_ALTERNATIVES])
    return Language(best.code, best.probability, tuple(others)), chain(list(encoded), windows), encoded


def split_by_language(
    whisper: Any, waveform: FloatArray, window: SpeechWindow, states: AnyArray, main: str, allowed: Sequence[str] = ()
) -> list[LanguageRun]:
    """Split a window where the language changes.

    Each chunk is looked at in the context of the window, whose encoder states are there, and, unless it is clearly in the main
    language, by itself, where a neighbour's language does not colour it. Where several languages may be spoken, its text in each
    of them is compared: the decoder knows better than the language token of a few seconds.

    Args:
        whisper: a multilingual `faster_whisper.WhisperModel`.
        waveform: float32 [samples] at 16 kHz.
        window: its chunks are looked at one by one.
        states: encoder states of the window: [frames of 20 ms, width].
        main: ISO code of the clip's language.
        allowed: ISO codes of the languages that may be spoken; empty for all.
    """
    pieces, guesses, by_itself = list[Chunk](), list[ChunkLanguages](), list[Any]()
    for chunk, offset in zip(window.chunks, window.offsets, strict=False):
        for piece in chunk.pieces(waveform, PIECE_SAMPLES):
            first, last = ((offset + sample - chunk.start) // STATE_SAMPLES for sample in (piece.start, piece.end))
            in_context = _language_probabilities(whisper, _storage(states[None, first : max(last, first + 1)]), allowed)
            is_sure = in_context.get(main, 0.0) >= SURE_IN_CONTEXT and piece.samples >= MIN_CONTEXT_SAMPLES
            own = None if is_sure else encode_padded_window(whisper, SpeechWindow((piece,)), waveform)
            pieces.append(piece)
            by_itself.append(own)
            guesses.append(ChunkLanguages(in_context, in_context if is_sure else _language_probabilities(whisper, own, allowed)))
    candidates = candidate_languages(guesses, main)
    if len(candidates) > 1:
        guesses = [
            guess if own is None else replace(guess, written=_text_scores(whisper, own, candidates))
            for guess, own in zip(guesses, by_itself, strict=True)
        ]
    languages = assign_languages(guesses, main)
    runs = list[LanguageRun]()
    for language, group in groupby(zip(languages, pieces, guesses, strict=True), key=lambda item: item[0]):
        items = list(group)
        probabilities = tuple(guess.probability(language) for *_, guess in items)
        runs.append(LanguageRun(language, tuple(piece for _, piece, _ in items), probabilities))
    return runs


def assign_languages(guesses: Sequence[ChunkLanguages], main: str) -> list[str]:
    """Label consecutive chunks of speech with languages.

    Args:
        guesses: what the model takes each chunk for.
        main: ISO code of the clip's language, which is preferred a little.

    Returns:
        The ISO code of each chunk: the labelling with the least cost.
    """
    candidates = candidate_languages(guesses, main)
    sets = chain.from_iterable(combinations(candidates, count) for count in range(1, len(candidates) + 1))
    return min((_best_labels(guesses, languages, main) for languages in sets), key=lambda best: best[0])[1]


def candidate_languages(guesses: Sequence[ChunkLanguages], main: str) -> list[str]:
    """Return the languages that may be spoken in a window: the main one, and at most `MAX_CANDIDATES` in all."""
    codes = {code for guess in guesses for code, probability in guess.alone.items() if probability >= MIN_EVIDENT} - {main}
    evidence = {code: sum(guess.probability(code) for guess in guesses) for code in sorted(codes)}
    return [main, *sorted(evidence, key=lambda code: -evidence[code])[: MAX_CANDIDATES - 1]]


def _best_labels(guesses: Sequence[ChunkLanguages], languages: tuple[str, ...], main: str) -> tuple[float, list[str]]:
    """Return the cost and the labels of the cheapest path through `languages` (Viterbi)."""
    start = FURTHER_LANGUAGE_COST * (len(languages) - 1) + NOT_MAIN_COST * (main not in languages)
    paths: dict[str, tuple[float, list[str]]] = {language: (start, []) for language in languages}
    for index, guess in enumerate(guesses):
        before, paths = paths, {}
        for language in languages:
            switch = {other: SWITCH_COST if index and other != language else 0.0 for other in languages}
            previous = min(languages, key=lambda other: before[other][0] + switch[other])
            cost = before[previous][0] + switch[previous] + guess.cost(language)
            paths[language] = cost, [*before[previous][1], language]
    return min(paths.values(), key=lambda path: path[0])


def _joined(pieces: Sequence[Chunk]) -> tuple[Chunk, ...]:
    """Put pieces of one chunk together again."""
    chunks = [pieces[0]]
    for piece in pieces[1:]:
        if piece.start == chunks[-1].end and piece.speech.start == chunks[-1].speech.end:
            chunks[-1] = replace(chunks[-1], end=piece.end, speech=SpeechRegion(chunks[-1].speech.start, piece.speech.end))
        else:
            chunks.append(piece)
    return tuple(chunks)


def _mean_probabilities(whisper: Any, waveform: FloatArray, window: SpeechWindow, allowed: Sequence[str]) -> dict[str, float]:
    """Return the mean over a window's chunks, each encoded alone, weighted by duration."""
    totals: dict[str, float] = {}
    for chunk in window.chunks:
        for code, probability in _probabilities_alone(whisper, waveform, chunk, allowed).items():
            totals[code] = totals.get(code, 0.0) + probability * chunk.samples / window.offsets[-1]
    return totals


def _probabilities_alone(whisper: Any, waveform: FloatArray, chunk: Chunk, allowed: Sequence[str]) -> dict[str, float]:
    return _language_probabilities(whisper, encode_padded_window(whisper, SpeechWindow((chunk,)), waveform), allowed)


def _text_scores(whisper: Any, states: Any, languages: Sequence[str]) -> dict[str, float]:
    """Return the mean log probability per token of what greedy search writes in each language.

    Args:
        whisper: a multilingual `faster_whisper.WhisperModel`.
        states: encoder states of one chunk: `ctranslate2.StorageView` [1, frames, width].
        languages: ISO codes.
    """
    import ctranslate2
    from faster_whisper.tokenizer import Tokenizer

    own = np.array(states.to_device(ctranslate2.Device.cpu))
    tokenizers = (Tokenizer(whisper.hf_tokenizer, True, task="transcribe", language=code) for code in languages)
    texts = whisper.model.generate(
        _storage(np.repeat(own, len(languages), axis=0)),
        [whisper.get_prompt(tokenizer, []) for tokenizer in tokenizers],
        beam_size=1,
        return_scores=True,
        max_length=2 * MAX_TEXT_TOKENS,  # CTranslate2 gives half of it to the text
    )
    return {code: _text_score(text) for code, text in zip(languages, texts, strict=True)}


def _text_score(text: Any) -> float:
    is_endless = len(text.sequences_ids[0]) >= MAX_TEXT_TOKENS
    return MIN_TEXT_LOG_PROBABILITY if is_endless else max(MIN_TEXT_LOG_PROBABILITY, float(text.scores[0]))


def _storage(states: AnyArray) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(states))


def _language_probabilities(whisper: Any, states: Any, allowed: Sequence[str] = ()) -> dict[str, float]:
    """Return the probability of each language code, among those that are allowed."""
    (result,) = whisper.model.detect_language(states)
    found = {token.strip("<|>"): float(probability) for token, probability in result}
    wanted = {code: p for code, p in found.items() if (code in allowed if allowed else code not in UNSPOKEN_LANGUAGES)}
    total = sum(wanted.values())
    return {code: p / total for code, p in wanted.items()}
