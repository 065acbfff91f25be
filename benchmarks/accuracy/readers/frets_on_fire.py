"""Reads songs of the game Frets on Fire: recordings of one tempo, whose notes.mid has the tempo and the ticks of the bars."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np
import soundfile

from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track

MAX_SECONDS = 120
BEATS_PER_BAR = 4


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the first two minutes of each song: the band and the guitar, which are files of their own, together."""
    for path in sorted(folder.glob(source.files)):
        parts = []
        for name in ("song.ogg", "guitar.ogg"):
            rate = soundfile.info(path.parent / name).samplerate
            parts.append(soundfile.read(path.parent / name, MAX_SECONDS * rate, dtype="float32", always_2d=True)[0])
        count = min(len(part) for part in parts)
        sound = 0.5 * (parts[0][:count] + parts[1][:count])
        bpm = round(60e6 / next(message.tempo for message in mido.MidiFile(path) if message.type == "set_tempo"), 3)
        beats = tuple(np.arange(0, count / rate, 60 / bpm).tolist())
        yield Track(path.parent.name, sound, rate, Annotation(bpm, beats=(beats,), downbeats=beats[::BEATS_PER_BAR], metre="4/4"))
