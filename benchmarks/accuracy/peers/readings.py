"""Readings of other programs, kept as JSON: a program is run on an excerpt once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks.accuracy.excerpts import Excerpt
from benchmarks.accuracy.peers import crema_peer, librosa_peer
from benchmarks.accuracy.peers.madmom_peer import Madmom, MadmomUnavailable, beatnet_reading
from benchmarks.accuracy.scores import Reading
from benchmarks.accuracy.sources import Task
from benchmarks.accuracy.tracks import from_json
from services import Services

RHYTHM: frozenset[Task] = frozenset(("tempo", "octave-free tempo", "beats", "downbeats"))
PEER_TASKS: dict[str, frozenset[Task]] = {
    "librosa": frozenset((*RHYTHM, "key", "chords", "sections")),
    "madmom": frozenset((*RHYTHM, "key", "chords")),
    "BeatNet": RHYTHM,
    "crema": frozenset(("chords",)),
}
"""What each program can find."""


class Peers:
    """The programs that can be run here."""

    def __init__(self, names: Sequence[str], services: Services, folder: Path) -> None:
        """Prepare programs; print those that cannot be had.

        Args:
            names: of `PEER_TASKS`.
            services: for the networks of BeatNet and crema.
            folder: for their readings, and for madmom's environment.
        """
        self._folder = folder
        self._readers: dict[str, Callable[[Excerpt], Reading]] = {}
        if "librosa" in names:
            self._readers["librosa"] = librosa_peer.reading
        if "crema" in names:
            self._readers["crema"] = partial(crema_peer.reading, services=services)
        self._madmom: Madmom | None = None
        if {"madmom", "BeatNet"} & set(names):
            try:
                self._madmom = Madmom(folder / "madmom environment")
            except MadmomUnavailable as unavailable:
                print(f"madmom and BeatNet's own pipeline, which needs it, are left out: {unavailable}")
                return
            if "madmom" in names:
                self._readers["madmom"] = self._madmom.reading
            if "BeatNet" in names:
                self._readers["BeatNet"] = partial(beatnet_reading, services=services, madmom=self._madmom)

    def readings(self, excerpt: Excerpt) -> Iterator[tuple[str, Reading]]:
        """Yield (program, its reading) of an excerpt, for the programs that can do one of its tasks; run those that were not."""
        for peer, read in self._readers.items():
            if PEER_TASKS[peer] & set(excerpt.source.tasks):
                file = _reading_file(self._folder, peer, excerpt)
                if not _is_kept(file, excerpt):
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(json.dumps(asdict(read(excerpt))), encoding="utf-8")
        yield from kept_readings(excerpt, tuple(self._readers), self._folder)

    def close(self) -> None:
        """End the processes."""
        if self._madmom is not None:
            self._madmom.close()


def kept_readings(excerpt: Excerpt, peers: Sequence[str], folder: Path) -> Iterator[tuple[str, Reading]]:
    """Yield (program, its reading) of an excerpt, for the programs that were run on it in this run or before."""
    for peer in peers:
        file = _reading_file(folder, peer, excerpt)
        if PEER_TASKS[peer] & set(excerpt.source.tasks) and _is_kept(file, excerpt):
            yield peer, from_json(Reading, json.loads(file.read_text(encoding="utf-8")))


def _reading_file(folder: Path, peer: str, excerpt: Excerpt) -> Path:
    return folder / peer / excerpt.source.name / f"{excerpt.name}.json"


def _is_kept(file: Path, excerpt: Excerpt) -> bool:
    return file.exists() and file.stat().st_mtime >= excerpt.file.stat().st_mtime
