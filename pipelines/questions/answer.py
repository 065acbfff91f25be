"""What an answer about a clip is, and the words that all answers share."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.description.spans import Span

MAX_SPANS = 12
MEASURED = "tempo, metre, key, chords, sections, instruments, genre, mood, vocals, speech and loudness"
NEEDS_MORE = f"This needs a larger model: measured in this clip are only {MEASURED}."


@dataclass(frozen=True)
class Answer:
    """What can be said to a question."""

    text: str
    """One or two sentences for people."""
    spans: tuple[Span, ...] = ()
    """(start, end) in seconds of the places that the answer is about."""
    from_facts: bool = True
    """Whether it rests on measurements of this clip; False also where there are none."""


def unknown(text: str) -> Answer:
    """What cannot be said from measurements."""
    return Answer(text, (), False)


def missing(what: str, was_sought: bool) -> Answer:
    """For what is not known."""
    text = f"No {what} was found in this clip." if was_sought else f"The {what} of this clip was not measured yet."
    return Answer(text, (), was_sought)


def known_spans(*spans: Span | None) -> tuple[Span, ...]:
    """Return the spans that are not None, at most `MAX_SPANS`."""
    return tuple(span for span in spans if span is not None)[:MAX_SPANS]
