"""Sentences of a caption, each with the place in the clip that it is about."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.clip.chunking import Span
from pipelines.jobs.result import Result
from pipelines.wording.certainty import hedge
from pipelines.wording.grammar import sentence


@dataclass(frozen=True)
class CaptionSentence(Result):
    """One sentence, and the place in the clip that shows it."""

    text: str
    start: float
    """Seconds."""
    end: float
    """Seconds."""


def choose(rng: random.Random, templates: Sequence[str], span: Span, confidence: float = 1.0, **values: str) -> CaptionSentence:
    """Return one of `templates`, filled in, as a sentence about `span`; `{hedge}` stands for the hedge of `confidence`."""
    text = rng.choice(templates).format(hedge=hedge(confidence), **values)
    return CaptionSentence(sentence(text), *span)
