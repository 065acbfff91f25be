"""Pianos that perform: SoundFonts through fluidsynth, and the recorded notes of the Salamander grand. Split by instrument.

TimGM6mb plays the test alone and csound's bank the validation alone; the others play what is learned.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol

import mido
import numpy as np
import soundfile
import soxr

from benchmarks.accuracy.packages import package_folder
from benchmarks.accuracy.sources import read_sources
from models.arrays import FloatArray
from pipelines.notes.piano.spectrogram import PIANO_SAMPLE_RATE
from training.data.triples import Split
from training.piano.performance import Performance

SUSTAIN_PEDAL = 64
"""MIDI controller."""
TICKS_PER_SECOND = 1000
SALAMANDER = "@audio-samples/piano-mp3-velocity{layer}@1.0.5"
"""Package of npm; the recordings are by Alexander Holm, CC BY 3.0."""
SALAMANDER_LAYERS = (3, 7, 11, 15)
"""Four of its 16 velocities."""
DAMPED_BELOW = 90
"""MIDI pitch from which strings have no dampers."""
DAMPING_SECONDS = 0.08
"""In which a damped string falls to 1/e."""
PITCH_CLASSES = {"C": 0, "D#": 3, "F#": 6, "A": 9}


class Piano(Protocol):
    """An instrument."""

    def play(self, performance: Performance, reverb: float) -> FloatArray:
        """Return float32 [samples] at 16 kHz; `reverb` is the room's size, 0 to 1, where the instrument has a room."""


@dataclass(frozen=True)
class SoundFontPiano:
    """A program of a SoundFont."""

    soundfont: Path
    program: int

    def play(self, performance: Performance, reverb: float) -> FloatArray:
        """See `Piano`."""
        options = {
            "synth.gain": 0.4,
            "synth.dynamic-sample-loading": 1,
            "synth.reverb.active": int(reverb > 0),
            "synth.reverb.room-size": reverb,
            "synth.chorus.active": 0,
            "synth.cpu-cores": 1,
        }
        with tempfile.TemporaryDirectory() as folder:
            midi_of(performance, self.program).save(f"{folder}/piano.mid")
            command = ["fluidsynth", "-qni", "-F", f"{folder}/piano.wav", "-r", str(PIANO_SAMPLE_RATE), "-O", "float"]
            command += [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
            subprocess.run([*command, str(self.soundfont), f"{folder}/piano.mid"], check=True, capture_output=True)
            stereo, _ = soundfile.read(f"{folder}/piano.wav", dtype="float32")
        return np.resize(np.pad(stereo.mean(axis=1), (0, PIANO_SAMPLE_RATE)), round(performance.duration * PIANO_SAMPLE_RATE))


def midi_of(performance: Performance, program: int) -> mido.MidiFile:
    """Return a performance as MIDI with one tick for each millisecond."""
    events = [(0.0, 0, mido.Message("program_change", program=program))]
    events += [(note.onset, 3, mido.Message("note_on", note=note.pitch, velocity=note.velocity)) for note in performance.notes]
    events += [(note.offset, 2, mido.Message("note_off", note=note.pitch)) for note in performance.notes]
    for start, end in performance.pedals:
        events.append((start, 1, mido.Message("control_change", control=SUSTAIN_PEDAL, value=127)))
        events.append((end, 1, mido.Message("control_change", control=SUSTAIN_PEDAL, value=0)))
    track, before = mido.MidiTrack(), 0
    for seconds, _, message in sorted(events, key=lambda event: event[:2]):
        tick = round(seconds * TICKS_PER_SECOND)
        track.append(message.copy(time=tick - before))
        before = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, round(performance.duration * TICKS_PER_SECOND) - before)))
    file = mido.MidiFile(ticks_per_beat=TICKS_PER_SECOND // 2)
    file.tracks.append(track)
    return file


@dataclass(frozen=True)
class SampledPiano:
    """A piano of recorded notes, four for each octave and several velocities."""

    folder: Path

    @cached_property
    def _files(self) -> dict[tuple[int, int], Path]:
        """Files by layer and pitch."""
        found = {}
        for path in self.folder.rglob("*.mp3"):
            name, layer = path.stem.split("v")
            found[int(layer), 12 * (int(name[-1]) + 1) + PITCH_CLASSES[name[:-1]]] = path
        return found

    def play(self, performance: Performance, reverb: float) -> FloatArray:
        """See `Piano`; the room is that of the recordings."""
        played = np.zeros(round(performance.duration * PIANO_SAMPLE_RATE) + 1, dtype=np.float32)
        for note in performance.notes:
            end = next((release for start, release in performance.pedals if start <= note.offset < release), note.offset)
            layer = min(SALAMANDER_LAYERS, key=lambda layer: abs(8 * layer - 4 - note.velocity))
            begin = round(note.onset * PIANO_SAMPLE_RATE)
            sound = _recording(self.folder, layer, note.pitch, self._nearest(layer, note.pitch))[: len(played) - begin].copy()
            if note.pitch < DAMPED_BELOW:
                late = np.arange(len(sound)) / PIANO_SAMPLE_RATE - (end - note.onset)
                sound *= np.exp(-np.maximum(0, late) / DAMPING_SECONDS)
            played[begin : begin + len(sound)] += sound * np.float32((note.velocity / (8 * layer - 4)) ** 1.5)
        return played[:-1]

    def _nearest(self, layer: int, pitch: int) -> tuple[int, Path]:
        return min(((p, path) for (of, p), path in self._files.items() if of == layer), key=lambda found: abs(found[0] - pitch))


@cache
def _recording(folder: Path, layer: int, pitch: int, nearest: tuple[int, Path]) -> FloatArray:
    """Return the recording nearest to `pitch`, moved to it by resampling, [samples] at 16 kHz from its onset on."""
    recorded, path = nearest
    stereo, rate = soundfile.read(path, dtype="float32", always_2d=True)
    sound = soxr.resample(stereo.mean(axis=1), rate * 2 ** ((pitch - recorded) / 12), PIANO_SAMPLE_RATE)
    level = np.abs(sound)
    start = int(np.argmax(level > 0.05 * level.max()))
    return np.asarray(sound[max(0, start - PIANO_SAMPLE_RATE // 500) :], dtype=np.float32)


def pianos(split: Split, packages: Path) -> list[Piano]:
    """Return the pianos of a split; packages are downloaded below `packages`, which keeps them."""
    if split == "test":
        return [SoundFontPiano(soundfont("timgm6mb-soundfont", packages), program) for program in (0, 0, 1)]
    if split == "validation":
        return [SoundFontPiano(soundfont("csound-soundfont", packages), 0)]
    fluid, musescore = (soundfont(name, packages) for name in ("fluid-soundfont-gm", "musescore-general-soundfont"))
    grands = [SoundFontPiano(font, program) for font in (fluid, musescore) for program in (0, 0, 1)]
    return [*grands, SoundFontPiano(fluid, 3), *(3 * [SampledPiano(salamander(packages))])]


def soundfont(package: str, packages: Path) -> Path:
    """Return the SoundFont of a Debian package."""
    source = replace(read_sources()[0], name=package, package=package, version="", origin="debian")
    folder = package_folder(source, packages)
    return next(path for path in sorted(folder.rglob("*.sf[23]")) if not path.is_symlink())


def salamander(packages: Path) -> Path:
    """Return the folder of the Salamander grand's recordings."""
    folder = packages / "salamander"
    for layer in SALAMANDER_LAYERS:
        target = folder / str(layer)
        if not target.is_dir():
            target.mkdir(parents=True)
            pack = ["npm", "pack", "--silent", SALAMANDER.format(layer=layer)]
            archive = subprocess.run(pack, cwd=target, check=True, capture_output=True, text=True).stdout.strip()
            subprocess.run(["tar", "xzf", archive], cwd=target, check=True)
    return folder
