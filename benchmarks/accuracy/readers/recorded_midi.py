"""Reads recordings that a composer made of MIDI files: the sound is real, and chords and sections follow from the notes.

Two packages belong together, and files of one name: the onsets of six of the ten recordings were correlated with those of their
MIDI files, and none is more than 0.07 s away from it at the start or after half a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mido
import soundfile

from benchmarks.accuracy.arrangements.midi import DRUM_CHANNEL, midi_arrangement
from benchmarks.accuracy.packages import package_folder
from benchmarks.accuracy.readers.midi_files import midi_annotation
from benchmarks.accuracy.readers.note_chords import Note, note_chords
from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track

MAX_SECONDS = 75
NOTES_PACKAGES = {"planetblupi-music-ogg": "planetblupi-music-midi"}
"""Package of the MIDI files by that of the recordings."""


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the first 75 s of each recording with its chords and sections."""
    notes = package_folder(replace(source, package=NOTES_PACKAGES[source.package]), folder.parent)
    for path in sorted(folder.glob(source.files)):
        sound, rate = soundfile.read(path, MAX_SECONDS * soundfile.info(path).samplerate, dtype="float32", always_2d=True)
        midi = notes / path.relative_to(folder).with_suffix(".mid")
        annotation = midi_annotation(midi)
        chords = note_chords(midi_notes(midi, len(sound) / rate), annotation.beats[0]) if annotation else ()
        sections = midi_arrangement(midi).sections(len(sound) / rate)
        yield Track(path.stem, sound, rate, Annotation(chords=chords, sections=sections))


def midi_notes(path: Path, seconds: float) -> list[Note]:
    """Return the notes of the first `seconds` of a MIDI file, without drums."""
    notes: list[Note] = []
    started: dict[tuple[int, int], float] = {}
    time = 0.0
    for message in mido.MidiFile(path, clip=True):
        time += message.time
        if time > seconds:
            break
        if message.type not in ("note_on", "note_off") or message.channel == DRUM_CHANNEL:
            continue
        key = (message.channel, message.note)
        if key in started:
            notes.append((started.pop(key), time, message.note))
        if message.type == "note_on" and message.velocity:
            started[key] = time
    return sorted([*notes, *((start, seconds, pitch) for (_, pitch), start in started.items())])
