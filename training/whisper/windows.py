"""Windows of 30 s made of recordings with pauses between, and the tokens that Whisper shall write of each.

One pass of the encoder costs the same for a word as for half a minute of speech, so that several short recordings share a window.
A window is a function of its number alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr

from models.arrays import FloatArray
from training.data.triples import Triple
from training.data.waveforms import read_waveform
from training.loop.batches import batch_indices, seed_of
from training.whisper.options import WindowOptions

SAMPLE_RATE, WINDOW_SECONDS = 16_000, 30.0
TIMESTAMP_SECONDS = 0.02
IGNORED = -100
"""Label without a loss, as in torch's cross entropy."""


@dataclass(frozen=True)
class Spoken:
    """A recording in a window."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    text: str


@dataclass(frozen=True)
class Window:
    """Up to 30 s of sound, and what is said in it."""

    waveform: FloatArray
    """float32 [samples] at 16 kHz."""
    spoken: tuple[Spoken, ...]
    has_timestamps: bool


def window_at(number: int, triples: Sequence[Triple], options: WindowOptions, seed: int) -> Window:
    """Return the window with this number, the same whenever it is asked for.

    Args:
        number: from 0; no recording comes again before all have come.
        triples: recordings with their texts, none longer than a window.
        options: how windows are made.
        seed: of the order, the pauses and the augmentation.
    """
    random = np.random.default_rng(seed_of(seed, number, 2))
    chosen = batch_indices(number, len(triples), options.recordings, seed)
    if random.random() < options.single_fraction:
        chosen = chosen[:1]
    parts: list[FloatArray] = []
    spoken: list[Spoken] = []
    at = 0
    for index in chosen:
        triple = triples[index]
        sound = _varied(read_waveform(triple.clip, SAMPLE_RATE, triple.start, triple.duration), options, random)
        pause: FloatArray = np.zeros(int(random.uniform(0, options.max_pause) * SAMPLE_RATE), np.float32)
        if at + len(pause) + len(sound) > WINDOW_SECONDS * SAMPLE_RATE:
            if spoken:
                continue
            pause, sound = pause[:0], sound[: int(WINDOW_SECONDS * SAMPLE_RATE)]
        start, at = at + len(pause), at + len(pause) + len(sound)
        parts += [pause, sound]
        spoken.append(Spoken(start / SAMPLE_RATE, at / SAMPLE_RATE, triple.answer))
    return Window(np.concatenate(parts), tuple(spoken), bool(random.random() < options.timestamp_fraction))


class Labels:
    """The tokens of windows, for one tokenizer and language."""

    def __init__(self, tokenizer: Any, generation_config: Any, language: str) -> None:
        """Find the tokens before the text.

        Args:
            tokenizer: a WhisperTokenizer.
            generation_config: of the model.
            language: ISO code.

        Raises:
            ValueError: the model does not know the language.
        """
        self._tokenizer = tokenizer
        self._end = generation_config.eos_token_id
        self._no_timestamps = generation_config.no_timestamps_token_id
        self.start = [generation_config.decoder_start_token_id]
        if generation_config.is_multilingual:
            languages = generation_config.lang_to_id
            if f"<|{language}|>" not in languages:
                raise ValueError(f"the base knows no language {language!r}: it takes an ISO code such as 'en'")
            self.start += [languages[f"<|{language}|>"], generation_config.task_to_id["transcribe"]]
        elif language != "en":
            raise ValueError(f"the base knows English only, not {language!r}")

    def of_window(self, window: Window) -> tuple[list[int], list[int]]:
        """Return (decoder's inputs, labels): at each input the token that follows, `IGNORED` inside the prompt."""
        texts = [self._tokenizer.encode(f" {one.text.strip()}", add_special_tokens=False) for one in window.spoken]
        if window.has_timestamps:
            prompt = self.start
            written = [
                token
                for one, text in zip(window.spoken, texts, strict=True)
                for token in (self._timestamp(one.start), *text, self._timestamp(one.end))
            ]
        else:
            prompt = [*self.start, self._no_timestamps]
            written = [token for text in texts for token in text]
        tokens = [*prompt, *written, self._end]
        return tokens[:-1], [IGNORED] * (len(prompt) - 1) + tokens[len(prompt) :]

    def _timestamp(self, seconds: float) -> int:
        return int(self._no_timestamps) + 1 + round(min(seconds, WINDOW_SECONDS) / TIMESTAMP_SECONDS)


def _varied(sound: FloatArray, options: WindowOptions, random: np.random.Generator) -> FloatArray:
    """Return a recording [samples] at another level and speed."""
    speed = random.uniform(1 - options.max_speed_change, 1 + options.max_speed_change)
    gain = 10 ** (random.uniform(-options.max_gain, options.max_gain) / 20)
    played: FloatArray = soxr.resample(sound, SAMPLE_RATE, SAMPLE_RATE / speed) if options.max_speed_change else sound
    return np.clip(played * gain, -1, 1).astype(np.float32)
