"""What a transcript is made of, and what its decoding can be asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
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


CERTAIN = 1.0
"""Probability of a word that a person wrote."""


def with_text(segment: Segment, text: str) -> Segment:
    """`segment` with another text: words that are still there keep their times, new ones share the time of those they replace."""
    if not segment.words:
        return replace(segment, text=text)
    old, new = [word.text for word in segment.words], text.split()
    words: list[Word] = []
    for kind, first, last, new_first, new_last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            words += segment.words[first:last]
        else:
            start = segment.words[first - 1].end if first else segment.start
            end = segment.words[last].start if last < len(old) else segment.end
            words += _spread(new[new_first:new_last], start, max(start, end))
    return replace(segment, text=text, words=tuple(words))


def _spread(texts: list[str], start: float, end: float) -> list[Word]:
    """Words one after the other between two times, each as long as its letters."""
    letters = [0, *accumulate(len(text) for text in texts)]
    bounds = [start + (end - start) * (count / letters[-1]) for count in letters] if texts else []
    return [Word(*pair, text, CERTAIN) for pair, text in zip(pairwise(bounds), texts, strict=True)]
