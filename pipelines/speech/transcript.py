"""Words and lines of a transcript, and the options of their decoding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from typing import Literal

from pipelines.speech.voice_activity import SPEECH_THRESHOLD

SpeechTask = Literal["transcribe", "translate"]
CORRECTED_PROBABILITY = 1.0
"""Probability of a word that a person wrote."""


@dataclass(frozen=True)
class DecodingOptions:
    """What to decode and how."""

    language: str | None = None
    """ISO code that the model knows; None detects it."""
    task: SpeechTask = "transcribe"
    beam_size: int = 5
    word_timestamps: bool = True
    vad_filter: bool = True
    """Whether only speech regions are decoded."""
    initial_prompt: str = ""
    """Text in the style and with the spellings that are wanted."""
    hotwords: str = ""
    """Names and terms to expect."""
    vad_threshold: float = SPEECH_THRESHOLD
    """Probability from which the voice activity detection finds speech."""
    temperature_fallback: bool = True
    """Whether an unsure or repetitive window is sampled again with rising temperature."""


@dataclass(frozen=True)
class Word:
    """A word of a line."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    text: str
    probability: float
    """Mean of its tokens, 0 to 1."""


@dataclass(frozen=True)
class Segment:
    """A line of a transcript."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    text: str
    words: tuple[Word, ...] = ()
    language: str = ""
    """ISO code of the text."""
    log_probability: float = 0.0
    """Mean per token of all that was written for the same window."""
    no_speech_probability: float = 0.0
    """That the window holds no speech, by the model."""


def shifted(segment: Segment, seconds: float) -> Segment:
    """Return the same words, `seconds` later."""
    words = tuple(replace(word, start=word.start + seconds, end=word.end + seconds) for word in segment.words)
    return replace(segment, start=segment.start + seconds, end=segment.end + seconds, words=words)


def with_text(segment: Segment, text: str) -> Segment:
    """Return `segment` with a corrected text.

    Words that are still there keep their times; new ones share the time of those they replace.
    """
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
    """Place words one after the other between two times, each as long as its letters."""
    letters = [0, *accumulate(len(text) for text in texts)]
    bounds = [start + (end - start) * (count / letters[-1]) for count in letters] if texts else []
    return [Word(*pair, text, CORRECTED_PROBABILITY) for pair, text in zip(pairwise(bounds), texts, strict=True)]
