"""Short pieces of music whose instruments and style are known: composed from a seed, played by a General MIDI soundfont.

A part is a General MIDI program and the way it plays; the drum kit is the program 'drums' with the name of a pattern. Chords,
key, tempo and rhythm follow from the seed.

`training.music.pieces` composes for another purpose: it annotates beats, bars, chords and sections, with few
instruments. Here any instrument of General MIDI plays in its own texture. The weights of the music tags
were set on these very notes, so both stay.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mido

SOUNDFONTS = Path("/usr/share/sounds/sf2")
RENDER_SECONDS = 120
TICKS_PER_BEAT = 480
BEATS_PER_BAR = 4
SECONDS = 16.0
DRUM_CHANNEL = 9
DRUMS = "drums"
DEGREES = ((0, 5, 3, 4), (0, 3, 4, 0), (5, 3, 0, 4), (0, 4, 5, 3), (1, 4, 0, 5), (0, 2, 3, 4))
"""Degrees of the scale on which the chords of four bars stand."""
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
KICK, SNARE, CLOSED_HI_HAT, OPEN_HI_HAT, RIDE, CLAP, CRASH = 36, 38, 42, 46, 51, 39, 49
LOW_TOM, HIGH_TOM = 45, 48

Note = tuple[float, float, int, int]
"""(start in beats, length in beats, MIDI pitch, velocity)."""


@dataclass(frozen=True)
class Part:
    """An instrument and its texture; `low` is the lowest pitch."""

    program: int | str
    texture: str
    low: int = 60


@dataclass(frozen=True)
class TaggedPiece:
    """The specification of a piece to compose and render."""

    name: str
    parts: tuple[Part, ...]
    seed: int
    soundfont: str
    beats_per_minute: float = 0.0
    """0 leaves the tempo to the seed."""


@dataclass(frozen=True)
class ScaleHarmony:
    """The chord of every bar."""

    tonic: int
    """Pitch class."""
    scale: tuple[int, ...]
    degrees: tuple[int, ...]

    def pitch(self, step: int) -> int:
        """Return the pitch of the scale's step above the tonic; steps go on beyond the octave."""
        octave, degree = divmod(step, len(self.scale))
        return self.tonic + 12 * octave + self.scale[degree]

    def chord(self, bar: int, low: int) -> list[int]:
        """Return the triad of a bar, the nearest above `low`."""
        root = self.degrees[bar % len(self.degrees)]
        return sorted(_above(self.pitch(root + third), low) for third in (0, 2, 4))


def rendered_file(piece: TaggedPiece, folder: Path) -> Path:
    """Compose the piece and play it: the WAV file."""
    midi, wav = folder / f"{piece.name}.mid", folder / f"{piece.name}.wav"
    tagged_midi(piece).save(midi)
    command = ["fluidsynth", "-qni", "-F", str(wav), str(SOUNDFONTS / f"{piece.soundfont}.sf2"), str(midi)]
    subprocess.run(command, check=True, capture_output=True, timeout=RENDER_SECONDS)
    return wav


def tagged_midi(piece: TaggedPiece) -> mido.MidiFile:
    """Return a piece of about 16 s in 4/4."""
    rng = random.Random(piece.seed)
    tempo = piece.beats_per_minute or rng.choice((76, 88, 100, 112, 124))
    harmony = ScaleHarmony(rng.randrange(12), rng.choice((MAJOR, MINOR)), rng.choice(DEGREES))
    bars = round(SECONDS * tempo / 60 / BEATS_PER_BAR)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo))]))
    channels = iter([channel for channel in range(16) if channel != DRUM_CHANNEL])
    for part in piece.parts:
        is_drums = part.program == DRUMS
        channel = DRUM_CHANNEL if is_drums else next(channels)
        notes = [note for bar in range(bars) for note in TEXTURES[part.texture](harmony, bar, part.low, rng)]
        track = midi_track(notes, channel)
        if not is_drums:
            track.insert(0, mido.Message("program_change", program=part.program, channel=channel))
        file.tracks.append(track)
    return file


def _melody(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return one line in quarters, eighths and halves around the chord's notes."""
    notes, beat = [], 0.0
    step = rng.randrange(7)
    while beat < BEATS_PER_BAR:
        length = min(rng.choice((0.5, 0.5, 1.0, 1.0, 2.0)), BEATS_PER_BAR - beat)
        step = max(0, min(11, step + rng.choice((-2, -1, -1, 1, 1, 2))))
        notes.append(
            (_at(bar, beat), length * 0.95, _above(harmony.pitch(step % 7), low) + 12 * (step // 7), rng.randint(78, 104))
        )
        beat += length
    return notes


def _broken(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return eighths up and down the chord over two octaves."""
    chord = harmony.chord(bar, low)
    tones = [*chord, *(pitch + 12 for pitch in chord)]
    order = rng.choice(((0, 1, 2, 3, 4, 3, 2, 1), (0, 2, 1, 3, 2, 4, 3, 5), (0, 3, 1, 4, 2, 5, 4, 3)))
    return [(_at(bar, i / 2), 0.7, tones[tone], rng.randint(58, 82)) for i, tone in enumerate(order)]


def _tremolo(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return sixteenths on the chord's notes."""
    chord = harmony.chord(bar, low)
    return [(_at(bar, i / 4), 0.2, chord[i // 4 % 3], rng.randint(66, 90)) for i in range(16)]


def _held(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return whole notes."""
    return [(_at(bar, 0), 3.95, pitch, rng.randint(66, 84)) for pitch in harmony.chord(bar, low)]


def _strummed(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return chords over six strings in the rhythm of a campfire, each string a little later than the one before."""
    chord = harmony.chord(bar, low)
    strings = [*chord, *(pitch + 12 for pitch in chord)]
    beats = (0, 1, 1.5, 2.5, 3, 3.5)
    return [(_at(bar, beat + 0.03 * i), 0.5, p, rng.randint(64, 92)) for beat in beats for i, p in enumerate(strings)]


def _fifths(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return root and fifth in eighths: a distorted guitar."""
    root = _above(harmony.pitch(harmony.degrees[bar % 4]), low)
    return [(_at(bar, i / 2), 0.45, root + gap, rng.randint(92, 112)) for i in range(8) for gap in (0, 7, 12)]


def _comped(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return short chords off the beat."""
    seventh = harmony.pitch(harmony.degrees[bar % 4] + 6)
    tones = [*harmony.chord(bar, low), _above(seventh, low)]
    beats = rng.choice(((0.66, 2.66), (0, 1.66, 3.66), (1.66, 3)))
    return [(_at(bar, beat), 0.5, pitch, rng.randint(58, 80)) for beat in beats for pitch in tones]


def _offbeat(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return short chords on every second eighth: reggae and ska."""
    return [(_at(bar, b + 0.5), 0.25, pitch, rng.randint(74, 92)) for b in range(4) for pitch in harmony.chord(bar, low)]


def _walking(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return four quarters of bass along the chord."""
    chord = harmony.chord(bar, low)
    return [(_at(bar, b), 0.9, pitch, rng.randint(84, 100)) for b, pitch in enumerate((chord[0], chord[1], chord[2], chord[1]))]


def _driving(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return the root in eighths."""
    root = _above(harmony.pitch(harmony.degrees[bar % 4]), low)
    return [(_at(bar, i / 2), 0.45, root, rng.randint(86, 104)) for i in range(8)]


def _sequenced(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return the same sixteenths in every bar: a sequencer."""
    chord = harmony.chord(0, low)
    order = (0, 0, 2, 0, 1, 0, 2, 1, 0, 0, 2, 0, 1, 2, 0, 1)
    return [(_at(bar, i / 4), 0.2, chord[tone], 96) for i, tone in enumerate(order)]


def _counterpoint(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return two lines, the lower one calmer."""
    return [*_melody(harmony, bar, low + 12, rng), *_walking(harmony, bar, low - 12, rng)]


def _chords_and_melody(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
    """Return broken chords under a melody: a pianist's two hands."""
    return [*_broken(harmony, bar, low, rng), *_melody(harmony, bar, low + 24, rng)]


def _beat(pattern: dict[int, tuple[float, ...]]) -> Callable[[ScaleHarmony, int, int, random.Random], list[Note]]:
    def play(harmony: ScaleHarmony, bar: int, low: int, rng: random.Random) -> list[Note]:
        hits = sorted((beat, drum) for drum, beats in pattern.items() for beat in beats)
        return [(_at(bar, beat), 0.2, drum, rng.randint(76, 104)) for beat, drum in hits]

    return play


EIGHTHS = tuple(i / 2 for i in range(8))
SIXTEENTHS = tuple(i / 4 for i in range(16))
QUARTERS = (0.0, 1.0, 2.0, 3.0)
TEXTURES: dict[str, Callable[[ScaleHarmony, int, int, random.Random], list[Note]]] = {
    "melody": _melody,
    "broken": _broken,
    "tremolo": _tremolo,
    "held": _held,
    "strummed": _strummed,
    "fifths": _fifths,
    "comped": _comped,
    "offbeat": _offbeat,
    "walking": _walking,
    "driving": _driving,
    "sequenced": _sequenced,
    "counterpoint": _counterpoint,
    "chords and melody": _chords_and_melody,
    "rock beat": _beat({KICK: (0, 2, 2.5), SNARE: (1, 3), CLOSED_HI_HAT: EIGHTHS}),
    "metal beat": _beat({KICK: SIXTEENTHS, SNARE: (1, 3), CRASH: (0,), RIDE: QUARTERS}),
    "four on the floor": _beat({KICK: QUARTERS, OPEN_HI_HAT: (0.5, 1.5, 2.5, 3.5), CLAP: (1, 3)}),
    "swing beat": _beat({RIDE: (0, 1, 1.66, 2, 3, 3.66), CLOSED_HI_HAT: (1, 3), KICK: (0,)}),
    "hip-hop beat": _beat({KICK: (0, 0.75, 2.5), SNARE: (1, 3), CLOSED_HI_HAT: EIGHTHS}),
    "one drop": _beat({KICK: (2,), SNARE: (2,), CLOSED_HI_HAT: EIGHTHS}),
    "drum solo": _beat(
        {KICK: (0, 1.5, 2), SNARE: (0.5, 1, 1.25, 2.75, 3), 45: (3.25, 3.5), 48: (1.75, 2.25), CLOSED_HI_HAT: EIGHTHS}
    ),
}


def _at(bar: int, beat: float) -> float:
    return bar * BEATS_PER_BAR + beat


def _above(pitch: int, low: int) -> int:
    """Return the pitch class of `pitch` in the octave that begins at `low`."""
    return low + (pitch - low) % 12


def midi_track(notes: list[Note], channel: int) -> mido.MidiTrack:
    """Return the notes in time order; a note that ends where the next one begins ends first."""
    events = sorted(
        event
        for start, length, pitch, velocity in notes
        for event in ((start, 1, pitch, velocity), (start + length, 0, pitch, 0))
    )
    track, now = mido.MidiTrack(), 0
    for beat, is_on, pitch, velocity in events:
        tick = round(beat * TICKS_PER_BEAT)
        kind = "note_on" if is_on else "note_off"
        track.append(mido.Message(kind, note=min(127, max(0, pitch)), velocity=velocity, channel=channel, time=tick - now))
        now = tick
    return track
