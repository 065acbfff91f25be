"""The form of all training data: a clip, a question and an answer, and the split that its source belongs to.

A data set is a JSON Lines file, one triple a line, beside its clips. Paths in it are relative to the file: a folder can be moved.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError

from training.data.errors import InvalidRow

Task = Literal["tags", "caption", "question", "speech", "notes"]
Split = Literal["train", "validation", "test"]
TASKS: tuple[Task, ...] = get_args(Task)
SPLITS: tuple[Split, ...] = get_args(Split)
DEFAULT_FRACTIONS: Mapping[Split, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}
SPLIT_DIGEST_BYTES = 8


@dataclass(frozen=True)
class Triple:
    """A question about a clip, and its answer."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    clip: Path
    """Audio file."""
    start: float
    """Seconds of the file at which the clip begins."""
    duration: float
    """Seconds of the clip."""
    question: str
    answer: str
    task: Task
    source: str
    """What must not be in two splits: the piece, the album, the speaker."""
    split: Split
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What is known exactly, as JSON values, for evaluation."""


TRIPLE = TypeAdapter(Triple)


def read_triples(file: Path) -> list[Triple]:
    """Return the triples of a JSON Lines file; relative paths of clips are resolved against its folder.

    Raises:
        InvalidRow: a line is no triple.
        OSError: the file cannot be read.
    """
    triples = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            triple = _triple(line, file, number)
            triples.append(replace(triple, clip=file.parent / triple.clip))
    return triples


def write_triples(file: Path, triples: Iterable[Triple]) -> int:
    """Write a JSON Lines file, whole or not at all; clips below its folder are named relative to it. Return their number."""
    file.parent.mkdir(parents=True, exist_ok=True)
    incoming = file.with_suffix(".incoming")
    count = 0
    with open(incoming, "w", encoding="utf-8") as stream:
        for triple in triples:
            clip = triple.clip.relative_to(file.parent) if triple.clip.is_relative_to(file.parent) else triple.clip
            row = TRIPLE.dump_python(replace(triple, clip=clip), mode="json")
            stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    incoming.replace(file)
    return count


def split_by_source(source: str, seed: int = 0, fractions: Mapping[Split, float] = DEFAULT_FRACTIONS) -> Split:
    """Return the split of a source; it depends on the source, the seed and the fractions alone, so that data can be added.

    Args:
        source: the piece, the album or the speaker.
        seed: another number is another division.
        fractions: expected share of the sources in each split; they add up to 1.

    Raises:
        ValueError: the fractions do not add up to 1.
    """
    if not math.isclose(sum(fractions.values()), 1.0, abs_tol=1e-6) or min(fractions.values()) < 0:
        raise ValueError(f"the fractions of the splits must add up to 1, not to {sum(fractions.values()):g}")
    digest = hashlib.blake2b(f"{seed}\0{source}".encode(), digest_size=SPLIT_DIGEST_BYTES).digest()
    place = int.from_bytes(digest, "big") / 2 ** (8 * SPLIT_DIGEST_BYTES)
    below = 0.0
    for split in SPLITS:
        below += fractions.get(split, 0.0)
        if place < below:
            return split
    return max(fractions, key=lambda split: fractions[split])


def in_split(triples: Sequence[Triple], split: Split, tasks: Iterable[Task] = TASKS) -> list[Triple]:
    """Return the triples of one split and of some tasks, in their order."""
    wanted = set(tasks)
    return [triple for triple in triples if triple.split == split and triple.task in wanted]


def clips_of(triples: Iterable[Triple]) -> Iterator[Triple]:
    """Yield the first triple of each clip."""
    seen = set()
    for triple in triples:
        place = (triple.clip, triple.start, triple.duration)
        if place not in seen:
            seen.add(place)
            yield triple


def _triple(line: str, file: Path, number: int) -> Triple:
    try:
        triple = TRIPLE.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the line"
        raise InvalidRow(file, number, f"{place}: {first['msg']}") from error
    if not (math.isfinite(triple.start) and triple.start >= 0 and math.isfinite(triple.duration) and triple.duration > 0):
        raise InvalidRow(file, number, "start must be at least 0, and duration above 0")
    return triple
