"""What captions are made of: sentences with the place in the clip that each is about, joined from clauses."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.description.spans import Span
from pipelines.wording.grammar import sentence

JOINTS = (", and ", "; ")


@dataclass(frozen=True)
class CaptionSentence:
    """One sentence, and the place in the clip where it can be heard."""

    text: str
    start: float
    """Seconds."""
    end: float
    """Seconds."""


@dataclass(frozen=True)
class Clause:
    """A statement that begins in lower case and has no full stop yet."""

    text: str
    span: Span


def choose(dice: random.Random, options: Sequence[str], **values: str) -> str:
    """One of several ways to say it, filled in."""
    return dice.choice(options).format(**values)


def as_sentence(dice: random.Random, clauses: Sequence[Clause]) -> CaptionSentence:
    """One or two clauses as a sentence; the place is that of the first."""
    joint = "; " if any(" and " in clause.text for clause in clauses) else dice.choice(JOINTS)
    start, end = clauses[0].span
    return CaptionSentence(sentence(joint.join(clause.text for clause in clauses)), start, end)


def as_sentences(dice: random.Random, clauses: Sequence[Clause], most: int) -> list[CaptionSentence]:
    """All clauses in at most `most` sentences of one or two."""
    rest = list(clauses[: 2 * most])
    result: list[CaptionSentence] = []
    while rest:
        pairs = len(rest) > most - len(result) or (len(rest) > 1 and dice.random() < 0.4)
        size = 2 if pairs else 1
        result.append(as_sentence(dice, rest[:size]))
        rest = rest[size:]
    return result
