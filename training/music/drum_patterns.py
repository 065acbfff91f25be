"""Made drum patterns: each is played by another kit, with pieces for tuning behind it."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import soundfile
import soxr

from benchmarks.notes.pieces import SOUNDFONT_OF, SOUNDFONTS
from benchmarks.notes.scores import DRUM_CHANNEL
from models.arrays import FloatArray
from pipelines.music.harmony.note_activations import NOTE_SAMPLE_RATE

KITS = (0, 8, 16, 24, 25, 32, 40, 48)
"""General MIDI programs of drum kits."""
KICKS, SNARES, HATS, CRASH, OTHERS = (36, 35), (38, 40), (42, 42, 42, 51), 49, (41, 43, 45, 47, 48, 50, 39, 54, 56)
OPEN_HAT, STEPS = 46, 16
SECONDS = 20
MAX_LATENESS = 0.008
"""Seconds."""


@dataclass(frozen=True)
class DrumPattern:
    """A rendered pattern."""

    sound: FloatArray
    """[samples] at 22 050 Hz."""
    hits: tuple[tuple[float, int], ...]
    """Seconds and General MIDI key of each hit."""


def made_patterns(count: int, folder: Path) -> list[DrumPattern]:
    """Return patterns; `folder` keeps their files."""
    return [_rendered(number, folder / "drum patterns") for number in range(count)]


def _rendered(number: int, folder: Path) -> DrumPattern:
    folder.mkdir(parents=True, exist_ok=True)
    hits = _hits(random.Random(number))
    midi, wav = folder / f"{number}.mid", folder / f"{number}.wav"
    if not wav.exists():
        file, track, before = mido.MidiFile(ticks_per_beat=500), mido.MidiTrack(), 0
        track.append(mido.Message("program_change", channel=DRUM_CHANNEL, program=KITS[number % len(KITS)]))
        for seconds, pitch, velocity in hits:
            tick = max(before, round(1000 * seconds))
            track.append(mido.Message("note_on", channel=DRUM_CHANNEL, note=pitch, velocity=velocity, time=tick - before))
            before = tick
        file.tracks.append(track)
        file.save(midi)
        font = SOUNDFONTS / f"{SOUNDFONT_OF['tuning']}.sf2"
        subprocess.run(["fluidsynth", "-qni", "-F", str(wav), str(font), str(midi)], check=True, capture_output=True)
    sound, rate = soundfile.read(wav, dtype="float32", always_2d=True)
    mono = soxr.resample(sound.mean(axis=1), rate, NOTE_SAMPLE_RATE)[: (SECONDS + 1) * NOTE_SAMPLE_RATE]
    return DrumPattern(mono.astype(np.float32), tuple((seconds, pitch) for seconds, pitch, _ in hits))


def _hits(rng: random.Random) -> list[tuple[float, int, int]]:
    """Return seconds, key and velocity of the hits of a pattern of sixteenths, by time."""
    step = 15 / rng.uniform(70, 160)
    kick, snare, hat, every = rng.choice(KICKS), rng.choice(SNARES), rng.choice(HATS), rng.choice((1, 2, 2, 4))
    kicks = [rng.random() < (0.6 if place % 8 == 0 else 0.25 if place % 2 == 0 else 0.1) for place in range(STEPS)]
    snares = [(place % 8 == 4 and rng.random() < 0.95) or rng.random() < 0.06 for place in range(STEPS)]
    found = []
    for place in range(int(SECONDS / step)):
        played = [(kick, 100)] if kicks[place % STEPS] else []
        played += [(snare, 100)] if snares[place % STEPS] else []
        played += [(OPEN_HAT if rng.random() < 0.08 else hat, 75)] if place % every == 0 else []
        played += [(CRASH, 95)] if place % (4 * STEPS) == 0 and rng.random() < 0.5 else []
        played += [(rng.choice(OTHERS), 90)] if rng.random() < 0.03 else []
        for pitch, velocity in played:
            loudness = max(25, min(120, round(rng.gauss(velocity, 10))))
            found.append((0.3 + place * step + rng.uniform(0, MAX_LATENESS), pitch, loudness))
    return sorted(found)
