"""Which language is spoken: in a clip, and in each stretch of a window that is not in the clip's language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import Any

import numpy as np

from models.arrays import AnyArray, FloatArray
from pipelines.speech.vad_windows import SAMPLE_RATE, SpeechWindow
from pipelines.speech.window_decoding import encode_whole_window

CLIP_WINDOWS = 4
"""At most so many windows are listened to before a language is settled on."""
SURE_OF_CLIP = 0.5
RUNNERS_UP = 3
HEARD_LANGUAGE = 0.5
"""Where the clip's language is less likely than this, another one may be spoken."""
SURE_OF_RUN = 0.6
"""Probability from which a run is decoded in a language other than the clip's."""
SHORTEST_TELLING_SAMPLES = 2 * SAMPLE_RATE
"""A shorter stretch does not tell its language; it goes on in that of the one before."""
STATE_SAMPLES = 320
"""Whisper's encoder gives one state for each 20 ms."""


@dataclass(frozen=True)
class LanguageGuess:
    """A language that it could be."""

    code: str
    probability: float


@dataclass(frozen=True)
class Language:
    """What is spoken, how sure the model is, and what else it could be."""

    code: str
    probability: float
    runners_up: tuple[LanguageGuess, ...] = ()


@dataclass(frozen=True)
class LanguageRun:
    """Stretches of one window, one after the other, in the same language."""

    language: str
    window: SpeechWindow


Encoded = dict[SpeechWindow, Any]
"""What the encoder made of windows that will be decoded next."""


def language_of_clip(
    whisper: Any, waveform: FloatArray, windows: Iterator[SpeechWindow]
) -> tuple[Language | None, Iterator[SpeechWindow], Encoded]:
    """The language, all windows again, and the encodings of those listened to; no language where there is no window.

    Args:
        whisper: a multilingual `faster_whisper.WhisperModel`.
        waveform: float32 [samples] at 16 kHz.
        windows: of the clip, in order of time; more than the first are listened to while the model is unsure.
    """
    encoded: Encoded = {}
    totals: dict[str, float] = {}
    for window in islice(windows, CLIP_WINDOWS):
        encoded[window] = encode_whole_window(whisper, window, waveform)
        for code, probability in _likelihoods(whisper, encoded[window]).items():
            totals[code] = totals.get(code, 0.0) + probability
        if max(totals.values()) / len(encoded) > SURE_OF_CLIP:
            break
    if not encoded:
        return None, windows, encoded
    ranked = sorted(totals, key=lambda code: -totals[code])
    best, *others = (LanguageGuess(code, totals[code] / len(encoded)) for code in ranked[: 1 + RUNNERS_UP])
    return Language(best.code, best.probability, tuple(others)), chain(list(encoded), windows), encoded


def split_by_language(whisper: Any, waveform: FloatArray, window: SpeechWindow, states: AnyArray, main: str) -> list[LanguageRun]:
    """The window, cut where the language changes.

    What the encoder made of the window tells where the clip's language is not to be heard; such a run is encoded by itself, for
    in the context of the rest its language is not clear enough. Runs that do not tell theirs count as `main`.

    Args:
        whisper: a multilingual `faster_whisper.WhisperModel`.
        waveform: float32 [samples] at 16 kHz.
        window: whose pieces are looked at one by one.
        states: what the encoder made of the window: [frames of 20 ms, width].
        main: code of the clip's language.
    """
    foreign, is_foreign = list[bool](), False
    for piece, offset in zip(window.pieces, window.offsets, strict=False):
        if piece.speech.end - piece.speech.start >= SHORTEST_TELLING_SAMPLES:
            part = states[None, offset // STATE_SAMPLES : (offset + piece.samples) // STATE_SAMPLES]
            is_foreign = _likelihoods(whisper, _storage(part)).get(main, 0.0) < HEARD_LANGUAGE
        foreign.append(is_foreign)
    runs = list[LanguageRun]()
    for strange, pairs in groupby(zip(foreign, window.pieces, strict=True), key=lambda pair: pair[0]):
        part_window = SpeechWindow(tuple(piece for _, piece in pairs))
        runs.append(LanguageRun(_language_of_run(whisper, waveform, part_window, main) if strange else main, part_window))
    return runs


def _language_of_run(whisper: Any, waveform: FloatArray, window: SpeechWindow, main: str) -> str:
    likelihoods = _likelihoods(whisper, encode_whole_window(whisper, window, waveform))
    best = max(likelihoods, key=lambda code: likelihoods[code])
    return best if likelihoods[best] >= SURE_OF_RUN else main


def _storage(states: AnyArray) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(states))


def _likelihoods(whisper: Any, states: Any) -> dict[str, float]:
    """Probability by language code."""
    (result,) = whisper.model.detect_language(states)
    return {token.strip("<|>"): float(probability) for token, probability in result}
