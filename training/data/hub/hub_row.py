"""What a row of a published data set gives: its sound, and texts about parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from training.data.triples import Split, Task

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Sound:
    """The sound of a row, as the data set holds it."""

    name: str
    """Name of the file, with its ending; unique in its data set."""
    content: bytes | None = None
    """The file itself; None if it lies at `address`."""
    address: str = ""
    """Path or address for fsspec."""


@dataclass(frozen=True)
class Text:
    """A text about a part of a sound."""

    task: Task
    question: str
    answer: str
    start: float = 0.0
    """Seconds of the file."""
    duration: float | None = None
    """Seconds; None up to the end."""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HubRow:
    """One sound with its texts."""

    sound: Sound
    texts: tuple[Text, ...]
    source: str
    split: Split | None
    """Split of the publishers; None where they made none, so that sources are divided here."""
