"""An answer about a clip, and the sentences that all answers share."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.clip.chunking import Span
from pipelines.jobs.result import Result
from pipelines.wording.certainty import hedge, sure

MAX_SPANS = 12
MEASURED = "tempo, metre, key, chords, sections, instruments, genre, mood, vocals, speech and loudness"
NEEDS_MODEL = f"This question needs an audio language model. Without one, there are answers about {MEASURED}."


@dataclass(frozen=True)
class Answer(Result):
    """The answer to a question about a clip."""

    text: str
    """One or two sentences for people."""
    spans: tuple[Span, ...] = ()
    """(start, end) in seconds of the places that the answer is about."""
    from_facts: bool = True
    """Whether the text follows from measurements of this clip; False where they are missing or unsure."""


def unknown(text: str) -> Answer:
    """Return an answer to a question that no measurement answers."""
    return Answer(text, (), False)


def missing(what: str, was_measured: bool) -> Answer:
    """Return the answer for a measurement that is missing, with or without having been tried."""
    text = f"No {what} was found in this clip." if was_measured else f"The {what} has not been measured yet."
    return Answer(text, (), was_measured)


def rated(name: str, confidence: float, is_calibrated: bool = True) -> str:
    """Return a finding with its hedge and, if it is calibrated, its confidence: 'probably jazz (58 % sure)'."""
    return f"{hedge(confidence)}{name}{f' ({sure(confidence)})' if is_calibrated else ''}"


def known_spans(*spans: Span | None) -> tuple[Span, ...]:
    """Return the spans that are not None, at most `MAX_SPANS`."""
    return tuple(span for span in spans if span is not None)[:MAX_SPANS]
