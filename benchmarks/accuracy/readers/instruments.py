"""Recordings whose instruments are known for whole files: solos, loops, and phrases joined from recorded single notes.

`instruments.json` beside `sources.json` lists the files of each source with what plays in them.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track
from models.arrays import FloatArray
from pipelines.music.tags.tag_calibration import families
from pipelines.music.tags.tag_table import INSTRUMENTS

TABLE_FILE = Path(__file__).parents[1] / "instruments.json"
VOICES = frozenset({"Female voice", "Male voice", "Choir"})
"""Names in the table that are vocals."""
PHRASE_SECONDS, NOTE_SECONDS = 9.0, (0.25, 0.4, 0.5, 0.8, 1.2)
"""Length of a phrase made of notes, and what its notes are cut to."""
FADE_SECONDS = 0.03
MAX_FAINT_NOTES = 100
"""Notes that are drawn before an instrument is given up."""
MIN_NOTE_RMS = 0.003
"""Notes below are left out: their files begin with silence or hold none."""
NOTE_RATE = 44_100


@dataclass(frozen=True)
class Entry:
    """A line of the table."""

    files: str
    """Glob pattern below the source's folder."""
    instruments: tuple[str, ...]
    """What plays, by the names of the music tags."""
    phrases: int = 0
    """Number of phrases to join from the files, which hold a note each; 0 if each file is a recording by itself."""
    with_file: str = ""
    """File in the same folder that is added: the part that a game keeps apart."""
    others: bool = False
    """Whether further instruments may play, so that naming another one is no error."""
    sung: bool | None = None
    """Whether there are vocals, where that does not follow from `instruments`."""
    seconds: float = 24.0
    """Longer recordings are cut to their middle."""

    @property
    def annotation(self) -> Annotation:
        """What is known of its recordings."""
        is_sung = True if VOICES.intersection(self.instruments) else None if self.others else False
        return Annotation(
            instruments=with_families(self.instruments),
            has_other_instruments=self.others,
            is_sung=is_sung if self.sung is None else self.sung,
        )


def entries(source: str) -> tuple[Entry, ...]:
    """Return the lines of a source."""
    table = json.loads(TABLE_FILE.read_text(encoding="utf-8"))
    return tuple(Entry(**{**line, "instruments": tuple(line["instruments"])}) for line in table[source])


def inputs(source: Source) -> str:
    """Return what the tracks of a source depend on beside its entry and this module: its lines of the table, with families."""
    return repr([(entry, entry.annotation) for entry in entries(source.name)])


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the recordings and phrases of a source."""
    for entry in entries(source.name):
        # One file of the Philharmonia samples is empty.
        files = [file for file in sorted(folder.glob(entry.files)) if file.stat().st_size]
        if entry.phrases:
            for number in range(entry.phrases):
                name = f"{source.name}: {entry.files} {number}"
                yield Track(name, _phrase(files, name), NOTE_RATE, entry.annotation)
        else:
            for file in files:
                sound, rate = _recording(file, entry)
                name = f"{file.relative_to(folder)} {entry.with_file}".rstrip()
                yield Track(f"{source.name}: {name}", sound, rate, entry.annotation)


def with_families(names: Iterable[str]) -> tuple[str, ...]:
    """Return the instruments and the families that they belong to, sorted."""
    rows = {row.name: row for row in INSTRUMENTS}
    found = {family for name in names if name in rows for family in families(rows[name])}
    return tuple(sorted({*names, *found}))


def _recording(file: Path, entry: Entry) -> tuple[FloatArray, int]:
    sound, rate = soundfile.read(file, dtype="float32", always_2d=True)
    if entry.with_file:
        other, _ = soundfile.read(file.with_name(entry.with_file), dtype="float32", always_2d=True)
        length = min(len(sound), len(other))
        sound = sound[:length] + other[:length]
    extra = max(0, len(sound) - round(entry.seconds * rate))
    return sound[extra // 2 : len(sound) - (extra - extra // 2)], rate


def _phrase(files: list[Path], name: str) -> FloatArray:
    """Return notes in random order [frames, 1] at `NOTE_RATE`, the same for the same name.

    Raises:
        ValueError: `MAX_FAINT_NOTES` notes were drawn, and all of them are too faint at their start.
    """
    rng = random.Random(hashlib.sha256(name.encode()).digest())
    notes: list[FloatArray] = []
    faint = 0
    while sum(map(len, notes)) < PHRASE_SECONDS * NOTE_RATE:
        sound, rate = soundfile.read(rng.choice(files), dtype="float32", always_2d=True)
        note = _resampled(sound.mean(axis=1), rate)[: round(rng.choice(NOTE_SECONDS) * NOTE_RATE)]
        if len(note) and np.sqrt(np.mean(note**2)) >= MIN_NOTE_RMS:
            notes.append(note * np.clip(np.arange(len(note), 0, -1) / (FADE_SECONDS * NOTE_RATE), 0, 1).astype(np.float32))
        elif (faint := faint + 1) == MAX_FAINT_NOTES and not notes:
            raise ValueError(f"No note of {name} is loud at its start.")
    return np.concatenate(notes)[:, None]


def _resampled(sound: FloatArray, rate: int) -> FloatArray:
    if rate == NOTE_RATE:
        return sound
    import soxr

    resampled: FloatArray = soxr.resample(sound, rate, NOTE_RATE)
    return resampled
