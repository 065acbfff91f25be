"""Reads recordings that a composer made of MIDI files: the sound is real, and the notes say when the arrangement changes.

Two packages belong together, and files of one name: the onsets of six of the ten recordings were correlated with those of their
MIDI files, and none is more than 0.07 s away from it at the start or after half a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import soundfile

from benchmarks.accuracy.arrangements.midi import midi_arrangement
from benchmarks.accuracy.packages import package_folder
from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track

MAX_SECONDS = 75
NOTES_PACKAGES = {"planetblupi-music-ogg": "planetblupi-music-midi"}
"""Package of the MIDI files by that of the recordings."""


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the first 75 s of each recording with its sections."""
    notes = package_folder(replace(source, package=NOTES_PACKAGES[source.package]), folder.parent)
    for path in sorted(folder.glob(source.files)):
        sound, rate = soundfile.read(path, MAX_SECONDS * soundfile.info(path).samplerate, dtype="float32", always_2d=True)
        sections = midi_arrangement(notes / path.relative_to(folder).with_suffix(".mid")).sections(len(sound) / rate)
        yield Track(path.stem, sound, rate, Annotation(sections=sections))
