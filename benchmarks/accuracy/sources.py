"""The sources of music: what they are, where they come from, and which of them tuning may use.

`sources.json` lists them. The split is by source, so that no two tracks of one author or one renderer stand on both sides of it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.accuracy.tracks import Track

SOURCES_FILE = Path(__file__).parent / "sources.json"

Task = Literal["tempo", "octave-free tempo", "beats", "downbeats", "key", "chords", "sections", "instruments", "vocals"]

Origin = Literal["debian", "github", "python", "none"]
"""Where a package is from: Debian's archive, GitHub, a Python package that is installed, or nowhere."""


@dataclass(frozen=True)
class Source:
    """One entry of `sources.json`."""

    name: str
    reader: str
    """Module of `benchmarks.accuracy.readers` that reads it."""
    files: str
    """Glob pattern of its files below the folder of the unpacked package; '' for music that the reader makes itself."""
    package: str
    """Name at its origin, e.g. 'pingus-data' or 'librosa/data'; '' for music that needs no package."""
    version: str
    """Version, or commit, with which the figures were measured."""
    kind: Literal["real", "rendered"]
    """Real: performed or produced by people. Rendered: synthesised by us from notes."""
    split: Literal["tuning", "kept apart"]
    licence: str
    truth: str
    """How the truth was found, in one sentence."""
    tasks: tuple[Task, ...]
    """What of its annotations is known well enough to be measured."""
    origin: Origin = "debian"
    part: str = ""
    """Part of the package by the data set's own division of artists, where its parts stand on different sides of the split."""

    def tracks(self, folder: Path) -> Iterator[Track]:
        """Yield the tracks of the package that is unpacked in `folder`."""
        reader = importlib.import_module(f"benchmarks.accuracy.readers.{self.reader}")
        tracks: Iterator[Track] = reader.tracks(folder, self)
        return tracks


def read_sources(file: Path = SOURCES_FILE) -> tuple[Source, ...]:
    """Return all sources in the order of the file."""
    entries = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Source(**{**entry, "tasks": tuple(entry["tasks"])}) for entry in entries)
