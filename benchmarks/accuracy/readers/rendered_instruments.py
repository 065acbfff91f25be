"""Scores of the music21 corpus, played by General MIDI programs whose names are known: each program alone, and ensembles.

A source's `files` names the soundfont and the folders of the corpus: 'FluidR3_GM bach monteverdi'. The notes are real
compositions and the instruments recordings of single notes; what a player does between notes is missing.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mido
import soundfile

from benchmarks.accuracy.readers.instruments import VOICES, with_families
from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track
from models.arrays import FloatArray
from training.tagged_pieces import TICKS_PER_BEAT, midi_track

SOUNDFONTS = "usr/share/sounds/sf2"
"""Folder below that of the unpacked package."""
PROGRAMS: dict[int, tuple[int, tuple[str, ...]]] = {
    0: (60, ("Piano",)),
    2: (60, ("Piano",)),
    4: (60, ("Electric piano",)),
    5: (60, ("Electric piano",)),
    6: (60, ("Harpsichord",)),
    8: (72, ("Celesta", "Keyboard", "Mallets")),
    9: (79, ("Glockenspiel", "Mallets", "Percussion")),
    10: (76, ("Music box",)),
    11: (65, ("Vibraphone", "Mallets", "Percussion")),
    12: (60, ("Marimba", "Mallets", "Percussion")),
    13: (72, ("Marimba", "Mallets", "Percussion")),
    14: (65, ("Bells", "Percussion")),
    16: (60, ("Organ",)),
    19: (60, ("Organ",)),
    21: (64, ("Accordion",)),
    22: (67, ("Harmonica",)),
    24: (55, ("Acoustic guitar",)),
    25: (55, ("Acoustic guitar",)),
    26: (55, ("Electric guitar",)),
    27: (55, ("Electric guitar",)),
    29: (50, ("Electric guitar",)),
    30: (50, ("Electric guitar",)),
    32: (40, ("Double bass",)),
    33: (40, ("Bass guitar",)),
    34: (40, ("Bass guitar",)),
    38: (40, ("Synthesizer",)),
    40: (67, ("Violin",)),
    41: (60, ("Strings",)),
    42: (50, ("Cello",)),
    43: (40, ("Double bass",)),
    46: (62, ("Harp",)),
    48: (60, ("Strings", "Violin", "Cello", "Orchestra")),
    52: (62, ("Choir",)),
    56: (65, ("Trumpet",)),
    57: (53, ("Trombone",)),
    58: (43, ("Brass",)),
    60: (55, ("French horn",)),
    61: (60, ("Brass", "Trumpet", "Trombone")),
    64: (67, ("Saxophone",)),
    65: (62, ("Saxophone",)),
    66: (55, ("Saxophone",)),
    68: (67, ("Woodwind",)),
    70: (48, ("Woodwind",)),
    71: (62, ("Clarinet",)),
    73: (70, ("Flute",)),
    74: (72, ("Flute",)),
    80: (62, ("Synthesizer",)),
    81: (62, ("Synthesizer",)),
    89: (60, ("Synthesizer",)),
    104: (57, ("Sitar",)),
    105: (60, ("Banjo",)),
    109: (65, ("Bagpipes",)),
    114: (65, ("Steelpan", "Mallets", "Percussion")),
}
"""General MIDI program: middle of its range as a MIDI pitch, and what plays."""
ALONE, ENSEMBLES = 2, 60
"""Tracks of each program by itself, and of several together."""
SECONDS = 9.0
DRUM_CHANNEL, KICK, SNARE, HI_HAT = 9, 36, 38, 42
ALL_SOUND_OFF = 120
"""MIDI controller."""
DRUM_RATE = 0.4
"""How often an ensemble has a drum kit."""

Notes = list[tuple[float, float, int]]
"""(start in quarters, length in quarters, MIDI pitch)."""


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the rendered tracks of a source; `folder` holds the unpacked soundfont."""
    soundfont, *collections = source.files.split()
    rng = random.Random(source.name)
    scores = [parts for name in collections for parts in _scores(name)]
    plans: list[tuple[int, ...]] = [(program,) for program in PROGRAMS for _ in range(ALONE)]
    plans += [tuple(rng.sample(sorted(PROGRAMS), rng.choice((2, 3, 3, 4)))) for _ in range(ENSEMBLES)]
    for number, programs in enumerate(plans):
        has_drums = len(programs) > 1 and rng.random() < DRUM_RATE
        parts = rng.choice([score for score in scores if len(score) >= min(2, len(programs))])
        midi = _midi(parts, programs, has_drums, rng)
        names = {name for program in programs for name in PROGRAMS[program][1]} | (
            {"Drums", "Percussion"} if has_drums else set()
        )
        sound, rate = _rendered(midi, folder / SOUNDFONTS / f"{soundfont}.sf2")
        label = "-".join(map(str, programs)) + ("-drums" if has_drums else "")
        yield Track(
            f"{number:03} {label}", sound, rate, Annotation(instruments=with_families(names), is_sung=bool(VOICES & names))
        )


def _scores(collection: str, count: int = 6) -> Iterator[list[Notes]]:
    """Yield the parts of the first scores of a folder of the corpus."""
    from music21 import chord, converter, corpus, stream

    for path in sorted(corpus.getComposer(collection))[:count]:
        parsed: Any = converter.parse(path)
        score = parsed.scores[0] if isinstance(parsed, stream.Opus) else parsed
        parts: list[Notes] = []
        for part in score.parts:
            notes: Notes = []
            for event in part.flatten().notes:
                pitches = event.pitches if isinstance(event, chord.Chord) else [getattr(event, "pitch", None)]
                notes += [(float(event.offset), float(event.quarterLength), p.midi) for p in pitches if p is not None]
            if len(notes) > 20:
                parts.append(notes)
        if parts:
            yield parts


def _midi(parts: list[Notes], programs: tuple[int, ...], has_drums: bool, rng: random.Random) -> mido.MidiFile:
    tempo = rng.choice((72, 84, 96, 112, 128))
    quarters = SECONDS * tempo / 60
    begin = rng.choice([start for start, _, _ in parts[0][: max(1, len(parts[0]) // 2)]])
    file = mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo))]))
    channels = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    for number, program in enumerate(programs):
        end = begin + quarters
        notes = [(s - begin, min(n, end - s), p) for s, n, p in parts[number % len(parts)] if begin <= s < end]
        middle = PROGRAMS[program][0]
        mean = sum(pitch for _, _, pitch in notes) / max(1, len(notes))
        shift = 12 * round((middle - mean) / 12)
        velocity = rng.randint(64, 104)
        track = midi_track([(s, n, p + shift, velocity) for s, n, p in notes], channels[number])
        track.insert(0, mido.Message("program_change", program=program, channel=channels[number]))
        # FluidR3's distorted guitar sounds for ever after its last note, and fluidsynth renders until all is silent.
        track.append(mido.Message("control_change", control=ALL_SOUND_OFF, channel=channels[number], time=TICKS_PER_BEAT))
        file.tracks.append(track)
    if has_drums:
        hits = [(b / 2, HI_HAT) for b in range(int(quarters * 2))] + [
            (b, KICK if b % 2 == 0 else SNARE) for b in range(int(quarters))
        ]
        file.tracks.append(midi_track([(float(s), 0.2, p, rng.randint(70, 104)) for s, p in hits], DRUM_CHANNEL))
    return file


def _rendered(midi: mido.MidiFile, soundfont: Path) -> tuple[FloatArray, int]:
    with tempfile.TemporaryDirectory() as folder:
        notes, wav = Path(folder) / "notes.mid", Path(folder) / "sound.wav"
        midi.save(notes)
        subprocess.run(["fluidsynth", "-qni", "-F", str(wav), str(soundfont), str(notes)], check=True, capture_output=True)
        sound, rate = soundfile.read(wav, dtype="float32", always_2d=True)
    return sound[: round((SECONDS + 1) * rate)], rate
