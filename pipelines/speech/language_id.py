"""Language identification: of a clip, and of each run of a window that is not in the clip's language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import Any

import numpy as np

from models.arrays import AnyArray, FloatArray
from pipelines.speech.encoding import encode_padded_window
from pipelines.speech.transcript import LanguageProbability
from pipelines.speech.voice_activity import SAMPLE_RATE
from pipelines.speech.windows import SpeechWindow

MAX_CLIP_WINDOWS = 4
"""At most so many windows are looked at for the clip's language."""
MIN_CLIP_PROBABILITY = 0.5
"""Mean probability of a language from which no further window is looked at."""
MAX_ALTERNATIVES = 3
MIN_MAIN_PROBABILITY = 0.5
"""Where the clip's language is less likely than this, another one may be spoken."""
MIN_RUN_PROBABILITY = 0.6
"""Probability from which a run is decoded in a language other than the clip's."""
MIN_DETECTION_SAMPLES = 2 * SAMPLE_RATE
"""The language of a shorter chunk cannot be detected; it takes that of the one before."""
STATE_SAMPLES = 320
"""Whisper's encoder gives one state for each 20 ms."""


@dataclass(frozen=True)
class Language:
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
    window: SpeechWindow


EncodedWindows = dict[SpeechWindow, Any]
"""Encoder states of windows that will be decoded next."""


def detect_language(
    whisper: Any, waveform: FloatArray, windows: Iterator[SpeechWindow]
) -> tuple[Language | None, Iterator[SpeechWindow], EncodedWindows]:
    """Detect the language of a clip.

    Args:
        whisper: a multilingual `faster_whisper.WhisperModel`.
        waveform: float32 [samples] at 16 kHz.
        windows: of the clip, in order of time; more than the first are looked at while the model is unsure.

    Returns:
        The language, None where there is no window; all windows again; the encoder states of those looked at.
    """
    encoded: EncodedWindows = {}
    totals: dict[str, float] = {}
    for window in islice(windows, MAX_CLIP_WINDOWS):
        encoded[window] = encode_padded_window(whisper, window, waveform)
        for code, probability in _language_probabilities(whisper, encoded[window]).items():
            totals[code] = totals.get(code, 0.0) + probability
        if max(totals.values()) / len(encoded) > MIN_CLIP_PROBABILITY:
            break
    if not encoded:
        return None, windows, encoded
    ranked = sorted(totals, key=lambda code: -totals[code])
    best, *others = (LanguageProbability(code, totals[code] / len(encoded)) for code in ranked[: 1 + MAX_ALTERNATIVES])
    return Language(best.code, best.probability, tuple(others)), chain(list(encoded), windows), encoded


def split_by_language(whisper: Any, waveform: FloatArray, window: SpeechWindow, states: AnyArray, main: str) -> list[LanguageRun]:
    """Split a window where the language changes.

    The window's encoder states show where the clip's language is improbable; such a run is encoded by itself, because in the
    context of the rest its language is not clear enough. Runs whose own language is unsure count as `main`.

    Args:
        whisper: a multilingual `faster_whisper.WhisperModel`.
        waveform: float32 [samples] at 16 kHz.
        window: its chunks are looked at one by one.
        states: encoder states of the window: [frames of 20 ms, width].
        main: ISO code of the clip's language.
    """
    foreign, is_foreign = list[bool](), False
    for chunk, offset in zip(window.chunks, window.offsets, strict=False):
        if chunk.speech.end - chunk.speech.start >= MIN_DETECTION_SAMPLES:
            part = states[None, offset // STATE_SAMPLES : (offset + chunk.samples) // STATE_SAMPLES]
            is_foreign = _language_probabilities(whisper, _storage(part)).get(main, 0.0) < MIN_MAIN_PROBABILITY
        foreign.append(is_foreign)
    runs = list[LanguageRun]()
    for in_other_language, pairs in groupby(zip(foreign, window.chunks, strict=True), key=lambda pair: pair[0]):
        run = SpeechWindow(tuple(chunk for _, chunk in pairs))
        runs.append(LanguageRun(_language_of_run(whisper, waveform, run, main) if in_other_language else main, run))
    return runs


def _language_of_run(whisper: Any, waveform: FloatArray, window: SpeechWindow, main: str) -> str:
    probabilities = _language_probabilities(whisper, encode_padded_window(whisper, window, waveform))
    best = max(probabilities, key=lambda code: probabilities[code])
    return best if probabilities[best] >= MIN_RUN_PROBABILITY else main


def _storage(states: AnyArray) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(states))


def _language_probabilities(whisper: Any, states: Any) -> dict[str, float]:
    """Return the probability of each language code."""
    (result,) = whisper.model.detect_language(states)
    return {token.strip("<|>"): float(probability) for token, probability in result}
