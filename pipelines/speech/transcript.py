"""What a transcript is made of, and what its decoding can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.speech.vad_windows import SPEECH_PROBABILITY

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
    language: str = ""
    log_probability: float = 0.0
    """Mean per token of all that was written for the same window."""
    no_speech_probability: float = 0.0
    """That nobody speaks in this window, in the model's opinion."""
