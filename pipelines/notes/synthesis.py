"""The sound of notes, made of sums of partials and of noise: nothing but what is needed to compare notes with a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.arrays import DoubleArray, FloatArray
from pipelines.notes.notes import KICK, MAX_VELOCITY, SNARE, Note, NotePart

SYNTHESIS_RATE = 22_050
"""Hz."""
PARTIALS = 8
ATTACK_SECONDS, RELEASE_SECONDS = 0.004, 0.08
MAX_NOTE_SECONDS = 12.0
"""Longer notes end here."""
PEAK = 0.8
"""Maximum of the sound."""
FULL_SCALE = 0.25
"""Maximum of one note at velocity 127, before the sum is scaled down to `PEAK` where it is larger."""
A4_HZ, A4_PITCH = 440.0, 69


@dataclass(frozen=True)
class Timbre:
    """How a partial begins and fades."""

    slope: float
    """Exponent of the partials' amplitudes: partial k has k ** -slope."""
    decay: float
    """Fades of the first partial in 1/s; 0 sustains."""
    attack: float = ATTACK_SECONDS
    """Seconds to the full amplitude."""


STRUCK = Timbre(slope=1.3, decay=1.2)
"""Pianos, plucked strings, mallets: General MIDI programs 0 to 15, 24 to 39, 45, 46, 104 to 108."""
SUSTAINED = Timbre(slope=1.1, decay=0.0, attack=0.03)
"""Organs, bowed strings, voices, winds, synthesizers."""
STRUCK_PROGRAMS = frozenset({*range(16), *range(24, 40), 45, 46, *range(104, 109)})


def note_sound(notes: Sequence[Note], parts: Sequence[NotePart], duration: float, tuning_cents: float = 0.0) -> FloatArray:
    """Return the sound of the notes, mono at `SYNTHESIS_RATE`: float32 [samples], within -0.8 and 0.8.

    Args:
        notes: the notes; those that begin after `duration` are left out.
        parts: the parts that they belong to.
        duration: seconds of the sound.
        tuning_cents: deviation of the pitches from A4 = 440 Hz.
    """
    sound = np.zeros(round(duration * SYNTHESIS_RATE), dtype=np.float64)
    part_of = {part.name: part for part in parts}
    plain: dict[tuple[int, Timbre], DoubleArray] = {}
    for note in notes:
        part = part_of[note.part]
        start = round(note.onset * SYNTHESIS_RATE)
        if part.is_drums:
            wave = drum_hit(note.pitch)
        else:
            timbre = STRUCK if part.program in STRUCK_PROGRAMS else SUSTAINED
            wave = _note_wave(note, timbre, tuning_cents, plain)
        end = min(len(sound), start + len(wave))
        if start < end:
            sound[start:end] += FULL_SCALE * (note.velocity / MAX_VELOCITY) ** 2 * wave[: end - start]
    peak = float(np.abs(sound).max(initial=0.0))
    return (sound * min(1.0, PEAK / peak) if peak else sound).astype(np.float32)


def _note_wave(note: Note, timbre: Timbre, cents: float, plain: dict[tuple[int, Timbre], DoubleArray]) -> DoubleArray:
    """Return the wave of one note; `plain` keeps those of steady pitches, of which shorter notes are the beginnings."""
    seconds = min(MAX_NOTE_SECONDS, note.duration) + RELEASE_SECONDS
    samples = round(seconds * SYNTHESIS_RATE)
    if note.bend:
        places = np.linspace(0, len(note.bend) - 1, samples)
        wave = _partials(note.pitch + cents / 100 + np.interp(places, np.arange(len(note.bend)), note.bend), timbre)
    else:
        key = note.pitch, timbre
        if key not in plain or len(plain[key]) < samples:
            plain[key] = _partials(np.full(2 * samples, note.pitch + cents / 100), timbre)
        wave = plain[key][:samples].copy()
    release = round(RELEASE_SECONDS * SYNTHESIS_RATE)
    wave[-release:] *= np.linspace(1, 0, release)
    return wave


def _partials(pitches: DoubleArray, timbre: Timbre) -> DoubleArray:
    """Return the sum of the partials [samples] of a pitch [samples] in semitones."""
    hertz = A4_HZ * 2 ** ((pitches - A4_PITCH) / 12)
    phase = 2 * np.pi * np.cumsum(hertz) / SYNTHESIS_RATE
    time = np.arange(len(pitches)) / SYNTHESIS_RATE
    wave = np.zeros(len(pitches))
    for number in range(1, PARTIALS + 1):
        if number * hertz.max() < SYNTHESIS_RATE / 2:
            # Higher partials of strings fade faster.
            wave += number**-timbre.slope * np.exp(-timbre.decay * number**0.7 * time) * np.sin(number * phase)
    attack = round(timbre.attack * SYNTHESIS_RATE)
    wave[:attack] *= np.linspace(0, 1, attack)[: len(wave)]
    scaled: DoubleArray = wave / PARTIALS**0.5
    return scaled


def drum_hit(pitch: int) -> DoubleArray:
    """Return the wave [samples] of a drum: a falling tone for the kick, noise for the others, a tone in it for the snare."""
    rng = np.random.default_rng(pitch)
    seconds = 0.25 if pitch in (KICK, SNARE) else 0.08
    time = np.arange(round(seconds * SYNTHESIS_RATE)) / SYNTHESIS_RATE
    noise = rng.uniform(-1, 1, len(time))
    if pitch == KICK:
        hit = 3 * np.exp(-14 * time) * np.sin(2 * np.pi * (50 * time + 6 * (1 - np.exp(-30 * time))))
    elif pitch == SNARE:
        hit = np.exp(-18 * time) * (noise + np.sin(2 * np.pi * 190 * time))
    else:
        # The difference of neighbouring samples leaves the high half of the noise.
        hit = np.exp(-50 * time) * np.diff(noise, prepend=0.0)
    return np.asarray(hit, dtype=np.float64)
