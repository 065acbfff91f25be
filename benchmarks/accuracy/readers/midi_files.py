"""Reads MIDI files with their tempo and time signature: rendered with fluidsynth.

The beat is the quarter note, or three eighths where the time signature is 6/8, 9/8 or 12/8.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import soundfile

from benchmarks.accuracy.arrangements.midi import midi_arrangement
from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track

SOUNDFONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
SAMPLE_RATE = 44_100
MAX_SECONDS, MIN_SECONDS = 75, 20
MAX_TEMPO_CHANGE = 0.02
"""Relative change of the tempo up to which a file has one tempo."""


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield each MIDI file of one tempo, rendered."""
    for path in sorted(folder.glob(source.files)):
        annotation = midi_annotation(path)
        if annotation is None:
            continue
        with tempfile.TemporaryDirectory() as target:
            command = ["fluidsynth", "-qni", "-F", f"{target}/sound.wav", "-r", str(SAMPLE_RATE), SOUNDFONT, str(path)]
            subprocess.run(command, check=True, capture_output=True)
            sound, rate = soundfile.read(f"{target}/sound.wav", MAX_SECONDS * SAMPLE_RATE, dtype="float32", always_2d=True)
        if len(sound) >= MIN_SECONDS * rate:
            sections = midi_arrangement(path).sections(len(sound) / rate)
            yield Track(path.stem, sound, rate, replace(annotation, sections=sections))


def midi_annotation(path: Path) -> Annotation | None:
    """Return tempo, beats, bars and metre of a MIDI file; None where it has more than one of them, or none."""
    midi = mido.MidiFile(path)
    tempi = {message.tempo for track in midi.tracks for message in track if message.type == "set_tempo"}
    metres = {
        (message.numerator, message.denominator) for track in midi.tracks for message in track if message.type == "time_signature"
    }
    if not tempi or max(tempi) / min(tempi) - 1 > MAX_TEMPO_CHANGE or len(metres) > 1:
        return None
    quarter = min(tempi) / 1e6
    numerator, denominator = metres.pop() if metres else (4, 4)
    is_compound = denominator == 8 and numerator % 3 == 0
    beat = quarter * (1.5 if is_compound else 4 / denominator)
    beats_per_bar = numerator // 3 if is_compound else numerator
    times = tuple(np.arange(0, min(MAX_SECONDS, midi.length), beat).tolist())
    return Annotation(60 / beat, beats=(times,), downbeats=times[::beats_per_bar], metre=f"{numerator}/{denominator}")
