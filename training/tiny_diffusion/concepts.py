"""What the model can draw: sound sources, the words for each, and the pictures that show it.

`pipelines/pictures/sound_concepts.json` names the concepts, because the app needs them too; `pictures.json` says which emoji (by
their Iconify names) or which of our drawings shows each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CONCEPTS_FILE = Path(__file__).parent.parent.parent / "pipelines" / "pictures" / "sound_concepts.json"
PICTURES_FILE = Path(__file__).with_name("pictures.json")


@dataclass(frozen=True)
class Style:
    """One way of drawing, which a prompt asks for with any of `words` and 'style'."""

    name: str
    words: tuple[str, ...]
    weight: float
    """How often it is trained, against the others; what an unstyled prompt draws follows it."""


STYLES = (Style("noto", ("shaded", "noto"), 1.5), Style("twemoji", ("flat", "twemoji"), 1.0))


@dataclass(frozen=True)
class Concept:
    """A sound source."""

    name: str
    category: str
    words: tuple[str, ...]
    """Other names for it, its sounds, its relatives; no word belongs to two concepts."""
    icons: tuple[str, ...] = ()
    drawing: str = ""
    one_way: bool = False
    """Holds writing, a dial or keys: its mirror image would be wrong."""


@cache
def concepts() -> tuple[Concept, ...]:
    """All of them, in the order of the file."""
    pictures = {row["name"]: row for row in json.loads(PICTURES_FILE.read_text(encoding="utf-8"))}
    rows = json.loads(CONCEPTS_FILE.read_text(encoding="utf-8"))
    return tuple(
        Concept(
            row["name"],
            row["category"],
            tuple(row["words"]),
            tuple(pictures[row["name"]].get("icons", ())),
            pictures[row["name"]].get("drawing", ""),
            pictures[row["name"]].get("one_way", False),
        )
        for row in rows
    )
