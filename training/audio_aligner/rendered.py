"""Training sounds that are made: instruments from a SoundFont (package fluid-soundfont-gm), voices from espeak-ng, and noise."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from itertools import cycle

import numpy as np
import soundfile
import soxr

from models.arrays import FloatArray
from training.music.pieces.piece import DRUM_CHANNEL, Piece, PlayedNote, Truth
from training.music.pieces.rendering import SOUNDFONTS, Synthesizer, render

SAMPLE_RATE = 16_000
SYNTHESIZER = Synthesizer(SOUNDFONTS / "FluidR3_GM.sf2")
VELOCITIES, TAKES = (96,), 2
PROGRAMS = {
    "piano": (0, 1, 4),
    "xylophone": (9, 11, 12, 13),
    "church bell": (14,),
    "church organ": (16, 19, 20),
    "accordion": (21, 22, 23),
    "acoustic guitar": (24, 25),
    "electric guitar": (27, 29, 30, 34),
    "violin": (40, 41, 42, 43, 45, 48),
    "harp": (46,),
    "drum": (47, 116, 117, 118),
    "microphone": (52, 53),
    "trumpet": (56, 59, 61),
    "trombone": (57, 58),
    "horn": (60,),
    "saxophone": (64, 65, 66, 67, 68, 70, 71),
    "flute": (72, 73, 74, 75),
    "banjo": (105,),
    "wind chime": (112,),
    "cymbals": (119,),
    "ocean wave": (122,),
    "bird": (123,),
    "telephone": (124,),
    "helicopter": (125,),
    "clapping": (126,),
    "gun": (127,),
}
"""General MIDI programs of each concept."""
PERCUSSION = {
    "drum": (35, 36, 38, 40, 41, 45, 48),
    "clapping": (39,),
    "cymbals": (42, 46, 49, 51, 55, 57),
    "tambourine": (54,),
    "hand drum": (60, 61, 62, 63, 64, 65),
    "maracas": (69, 70),
    "whistle": (71, 72),
    "triangle": (80, 81),
}
"""General MIDI percussion keys of each concept."""
SENTENCES = ("The quick brown fox jumps over the lazy dog.", "Please remember to bring an umbrella tomorrow.")
VOICES = {
    "speech": ("en-us", "en-gb", "de", "fr"),
    "whispering": ("en+whisper", "en+whisperf"),
    "robot": ("en+UniRobot", "en+anikaRobot"),
}
"""Voices of espeak-ng for each concept."""


def rendered_sounds(synthesizer: Synthesizer = SYNTHESIZER, seed: int = 0) -> Iterator[tuple[str, str, FloatArray]]:
    """Yield (name, concept, sound [samples at 16 kHz]); the same ones every time."""
    yield from played_sounds(synthesizer, seed)
    for concept, voices in VOICES.items():
        for voice in voices:
            for sentence in SENTENCES:
                yield f"{voice}: {sentence}", concept, _spoken(voice, sentence)


def played_sounds(
    synthesizer: Synthesizer, seed: int, velocities: tuple[int, ...] = VELOCITIES, takes: int = TAKES
) -> Iterator[tuple[str, str, FloatArray]]:
    """Yield (name, concept, sound [samples at 16 kHz]) of every instrument; the melodies have each of `velocities` in turn."""
    rng, velocity = np.random.default_rng(seed), cycle(velocities)
    for concept, programs in PROGRAMS.items():
        for program in programs:
            for take in range(takes):
                sound = _played(_phrase(rng, next(velocity)), {0: program}, synthesizer)
                yield f"program {program}, take {take}", concept, sound
    for concept, keys in PERCUSSION.items():
        for key in keys:
            yield f"percussion {key}", concept, _played(_rhythm(rng, key), {}, synthesizer)


def _phrase(rng: np.random.Generator, velocity: int) -> tuple[PlayedNote, ...]:
    """Return a few notes of a pentatonic scale, now and then two at once."""
    root, length = int(rng.integers(48, 66)), float(rng.uniform(0.25, 0.7))
    pitches = root + np.array([0, 2, 4, 7, 9, 12])[rng.integers(0, 6, size=round(3 / length))]
    notes = [PlayedNote(i * length, (i + 1) * length, int(pitch), velocity, 0) for i, pitch in enumerate(pitches)]
    return tuple(notes + [PlayedNote(note.start, note.end, note.pitch + 7, velocity - 16, 0) for note in notes[::4]])


def _rhythm(rng: np.random.Generator, key: int) -> tuple[PlayedNote, ...]:
    times = np.cumsum(rng.choice([0.25, 0.5], size=6))
    return tuple(PlayedNote(float(time), float(time) + 0.2, key, int(rng.integers(70, 120)), DRUM_CHANNEL) for time in times)


def _played(notes: tuple[PlayedNote, ...], programs: dict[int, int], synthesizer: Synthesizer) -> FloatArray:
    end = max(note.end for note in notes)
    truth = Truth(120.0, 4, 4, (), (), 0, "major", (), ())
    sound = render(Piece("", 0, notes, programs, {}, truth, end), synthesizer)
    resampled: FloatArray = soxr.resample(sound, synthesizer.sample_rate, SAMPLE_RATE)
    return resampled


def _spoken(voice: str, sentence: str) -> FloatArray:
    wave = subprocess.run(["espeak-ng", "-v", voice, "--stdout", sentence], check=True, capture_output=True).stdout
    sound, rate = soundfile.read(io.BytesIO(wave), dtype="float32")
    resampled: FloatArray = soxr.resample(sound, rate, SAMPLE_RATE)
    return resampled
