"""Readings of other programs, kept as JSON: a program is run on an excerpt once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.accuracy.excerpts import Excerpt
from benchmarks.accuracy.peers import librosa_peer
from benchmarks.accuracy.scores import Reading

PEERS: dict[str, Callable[[Path], Reading]] = {"librosa": librosa_peer.reading}
"""Programs by name."""


def peer_readings(excerpt: Excerpt, peers: Sequence[str], kept: Path) -> Iterator[tuple[str, Reading]]:
    """Yield (program, its reading) for the excerpt, from the folder `kept` where it is newer than the excerpt."""
    for peer in peers:
        file = kept / peer / excerpt.source.name / f"{excerpt.name}.json"
        if not file.exists() or file.stat().st_mtime < excerpt.file.stat().st_mtime:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(asdict(PEERS[peer](excerpt.file))), encoding="utf-8")
        yield peer, reading_of(json.loads(file.read_text(encoding="utf-8")))


def reading_of(fields: dict[str, Any]) -> Reading:
    """Return the reading that was written as JSON, its lists as tuples again."""
    lists = {name: tuple(map(_tuple, value)) for name, value in fields.items() if isinstance(value, list)}
    return Reading(**{**fields, **lists})


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
