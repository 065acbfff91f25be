"""Pieces of `pieces.json`, rendered with a SoundFont for each split, and their notes.

No piece, no composer of the piano and no SoundFont stands on both sides: FluidR3 plays what is tuned on, TimGM6mb what is kept
apart. Scores are performed: the tempo sways, chords are not quite together, the loudness of the notes varies, and half of the
piano pieces are played with the pedal, which is changed at every half bar.
"""

from __future__ import annotations

import json
import random
import subprocess
from dataclasses import dataclass, replace
from math import pi, sin
from pathlib import Path
from typing import Literal

import mido

from benchmarks.accuracy.packages import package_folder
from benchmarks.accuracy.readers.aligned_scores import VERSIONS
from benchmarks.accuracy.sources import Origin, read_sources
from benchmarks.notes.patterns import PEDAL, pattern_messages
from benchmarks.notes.scores import DRUM_CHANNEL, ScoreNote, corpus_notes, table_notes

PIECES_FILE = Path(__file__).with_name("pieces.json")
SOUNDFONTS = Path("/usr/share/sounds/sf2")
SOUNDFONT_OF = {"tuning": "FluidR3_GM", "kept apart": "TimGM6mb"}
SECONDS = 30.0
TICKS_PER_SECOND = 1000
"""Rendered files have 500 ticks a beat at 120 BPM: a tick is a millisecond."""
ALL_SOUND_OFF = 120
"""MIDI controller."""
PEDAL_QUARTERS = 2.0
MAX_LATENESS = 0.012
"""Seconds by which a note of a chord is late."""

Kind = Literal["piano", "ensemble", "band", "repetition", "pedal"]


@dataclass(frozen=True)
class Piece:
    """A piece of the benchmark."""

    name: str
    split: str
    kind: Kind
    score: str
    """Package or corpus, and name within it."""
    programs: tuple[int, ...]
    """General MIDI program of each part; () where a MIDI file names them."""


@dataclass(frozen=True)
class TrueNote:
    """A note that was rendered."""

    onset: float
    """Seconds."""
    offset: float
    """Seconds, when its key is released."""
    pitch: int
    velocity: int
    is_drum: bool = False


def read_pieces() -> list[Piece]:
    """Return all pieces."""
    return [Piece(**(values | {"programs": tuple(values["programs"])})) for values in json.loads(PIECES_FILE.read_text("utf-8"))]


def rendered(piece: Piece, folder: Path) -> tuple[Path, list[TrueNote]]:
    """Return the sound file and the notes of a piece; `folder` keeps packages and renderings."""
    target = folder / "rendered"
    target.mkdir(parents=True, exist_ok=True)
    midi, wav = (target / f"{piece.split} {piece.name}.{ending}" for ending in ("mid", "wav"))
    if not wav.exists():
        _midi(piece, folder).save(midi)
        font = SOUNDFONTS / f"{SOUNDFONT_OF[piece.split]}.sf2"
        subprocess.run(["fluidsynth", "-qni", "-F", str(wav), str(font), str(midi)], check=True, capture_output=True)
    return wav, true_notes(mido.MidiFile(midi))


def true_notes(midi: mido.MidiFile) -> list[TrueNote]:
    """Return the notes of a MIDI file in seconds, by onset; of a pitch that two parts play at once there is one."""
    now, found = 0.0, []
    begun: dict[tuple[int, int], tuple[float, int]] = {}
    for message in midi:
        now += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        key = message.channel, message.note
        if key in begun:
            onset, velocity = begun.pop(key)
            found.append(TrueNote(onset, now, message.note, velocity, message.channel == DRUM_CHANNEL))
        if message.type == "note_on" and message.velocity:
            begun[key] = now, message.velocity
    kept: list[TrueNote] = []
    latest: dict[tuple[int, bool], float] = {}
    for note in sorted(found, key=lambda note: (note.onset, note.pitch)):
        voice = note.pitch, note.is_drum
        if note.offset > note.onset and note.onset - latest.get(voice, -1.0) > 0.03:
            kept.append(note)
        latest[voice] = note.onset
    return kept


def _midi(piece: Piece, folder: Path) -> mido.MidiFile:
    """Return the first half minute of the piece as a MIDI file."""
    if piece.kind == "repetition" or piece.kind == "pedal":
        return _of_messages(pattern_messages(piece.kind, piece.name, piece.programs[0]))
    package, _, name = piece.score.rpartition("/")
    if piece.kind == "ensemble":
        return _of_messages(_performance(corpus_notes(piece.score.partition("/")[2], len(piece.programs)), piece))
    versions: tuple[Origin, str] = ("github", VERSIONS[package]) if package in VERSIONS else ("debian", "")
    origin, version = versions
    source = replace(read_sources()[0], name=piece.name, package=package, version=version, origin=origin)
    unpacked = package_folder(source, folder / "packages")
    if piece.kind == "band":
        path = next(unpacked.rglob(f"{name}.mid"))
        return _of_messages([(now, message.copy(time=0)) for now, message in _timed(mido.MidiFile(path, clip=True))])
    notes = table_notes(unpacked / "notes" / f"{name}.notes.tsv")
    return _of_messages(_performance(notes, piece))


def _timed(midi: mido.MidiFile) -> list[tuple[float, mido.Message]]:
    now, found = 0.0, []
    for message in midi:
        now += message.time
        if now < SECONDS and not message.is_meta:
            found.append((now, message))
    return found


def _performance(notes: list[ScoreNote], piece: Piece) -> list[tuple[float, mido.Message]]:
    """Return the messages of a performance, with their seconds."""
    rng = random.Random(piece.name)
    quarter, sway, phase = 60 / rng.uniform(66, 126), rng.uniform(0.02, 0.08), rng.uniform(0, 2 * pi)

    def seconds(quarters: float) -> float:
        return 0.5 + quarter * (quarters + 4 * sway * (sin(phase + quarters / 4) - sin(phase)))

    messages = [(0.0, mido.Message("program_change", program=p, channel=part)) for part, p in enumerate(piece.programs)]
    level = rng.uniform(55, 90)
    for note in notes:
        onset = seconds(note.onset) + rng.uniform(0, MAX_LATENESS)
        offset = max(onset + 0.04, seconds(note.onset + 0.92 * note.duration))
        if onset < SECONDS:
            velocity = round(min(115, max(30, rng.gauss(level, 8))))
            messages += [
                (onset, mido.Message("note_on", note=note.pitch, velocity=velocity, channel=note.part)),
                (offset, mido.Message("note_off", note=note.pitch, channel=note.part)),
            ]
    if piece.kind == "piano" and rng.random() < 0.5:
        for change in range(int(SECONDS / quarter / PEDAL_QUARTERS)):
            at = seconds(change * PEDAL_QUARTERS)
            messages += [(at - 0.03, _control(PEDAL, 0)), (at + 0.03, _control(PEDAL, 127))]
        messages.append((SECONDS, _control(PEDAL, 0)))
    return messages


def _control(control: int, value: int) -> mido.Message:
    return mido.Message("control_change", control=control, value=value)


def _of_messages(messages: list[tuple[float, mido.Message]]) -> mido.MidiFile:
    """Return a MIDI file of messages at seconds; all sounds end after `SECONDS`."""
    # Programs first, then ends before beginnings: a note may begin when its predecessor ends.
    order = {"program_change": 0, "control_change": 1, "note_off": 2}
    found = sorted(messages, key=lambda timed: (round(TICKS_PER_SECOND * timed[0]), order.get(timed[1].type, 3)))
    found += [(SECONDS + 0.5, mido.Message("control_change", control=ALL_SOUND_OFF, channel=c)) for c in range(16)]
    track, before = mido.MidiTrack(), 0
    for at, message in found:
        tick = max(before, round(TICKS_PER_SECOND * at))
        track.append(message.copy(time=tick - before))
        before = tick
    file = mido.MidiFile(ticks_per_beat=TICKS_PER_SECOND // 2)
    file.tracks.append(track)
    return file
