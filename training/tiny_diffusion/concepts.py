"""The concepts of `pipelines.pictures.vocabulary` with the pictures that show each in the training set.

`pictures.json` says which emoji (by their Iconify names) or which of our drawings shows each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.pictures import vocabulary

PICTURES_FILE = Path(__file__).with_name("pictures.json")


@dataclass(frozen=True)
class Style:
    """A style of drawing, which a prompt selects by any of `words` and 'style'."""

    name: str
    words: tuple[str, ...]
    weight: float
    """Its sampling weight in training; a prompt without a style follows it."""


STYLES = (Style("noto", ("shaded", "noto"), 1.5), Style("twemoji", ("flat", "twemoji"), 1.0))


@dataclass(frozen=True)
class Concept(vocabulary.Concept):
    """A sound source and its pictures."""

    icons: tuple[str, ...] = ()
    drawing: str = ""
    """One of ours, which is learned instead of the emoji where a model this small cannot draw these."""
    one_way: bool = False
    """Holds writing, a dial or keys: its mirror image would be wrong."""


@cache
def concepts() -> tuple[Concept, ...]:
    """Return all concepts, in the order of the vocabulary."""
    pictures = {row["name"]: row for row in json.loads(PICTURES_FILE.read_text(encoding="utf-8"))}
    return tuple(
        Concept(
            concept.name,
            concept.category,
            concept.words,
            tuple(pictures[concept.name].get("icons", ())),
            pictures[concept.name].get("drawing", ""),
            pictures[concept.name].get("one_way", False),
        )
        for concept in vocabulary.concepts()
    )
