"""Reads songs of the game Frets on Fire: recordings of one tempo, whose notes.mid has the tempo and the ticks of the bars.

The game's grid begins up to 70 ms before the recorded one, by the onsets of all bands; the beats are moved there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np
import soundfile

from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track
from models.arrays import DoubleArray, FloatArray

MAX_SECONDS = 120
BEATS_PER_BAR = 4
MAX_SHIFT_SECONDS = 0.08
"""Largest distance of the recording from the game's grid: less than a sixteenth at 180 BPM."""
ONSET_HOP_SAMPLES = 128
ONSET_DELAY_SECONDS = -0.006
"""Time of the maximum of `onset_strength`, less that of the drum that causes it: measured on drums made at known times."""


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
        grid = np.arange(0, count / rate, 60 / bpm)
        beats = tuple((grid + grid_shift(sound.mean(axis=1), rate, grid)).tolist())
        yield Track(path.parent.name, sound, rate, Annotation(bpm, beats=(beats,), downbeats=beats[::BEATS_PER_BAR], metre="4/4"))


def grid_shift(sound: FloatArray, sample_rate: int, grid: DoubleArray) -> float:
    """Return the seconds by which `grid` has to be moved to the onsets of `sound` [samples]."""
    from librosa import power_to_db
    from librosa.feature import melspectrogram
    from librosa.onset import onset_strength

    bands = melspectrogram(y=sound, sr=sample_rate, n_fft=1024, hop_length=ONSET_HOP_SAMPLES, n_mels=20, fmax=8000)
    strength = onset_strength(S=power_to_db(bands), sr=sample_rate, hop_length=ONSET_HOP_SAMPLES, center=False)
    times = np.arange(len(strength)) * ONSET_HOP_SAMPLES / sample_rate
    shifts = np.arange(0.0, MAX_SHIFT_SECONDS, 0.002)
    found = [np.interp(grid + shift + ONSET_DELAY_SECONDS, times, strength).sum() for shift in shifts]
    return float(shifts[int(np.argmax(found))])
