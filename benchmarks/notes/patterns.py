"""Made patterns that scores seldom have: notes that are repeated without a gap, and chords that are broken over a held pedal."""

from __future__ import annotations

import random
from typing import Literal

import mido

PEDAL = 64
"""MIDI controller."""
MAX_SECONDS = 20.0
MAX_LATENESS = 0.006
"""Seconds by which a note is late."""
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 11), (0, 3, 7, 10), (0, 5, 7))
FIGURES = ((0, 1, 2), (0, 1, 2, 1), (0, 2, 1, 2), (0, 1, 2, 3, 2, 1), (0, 2, 1, 3))
"""Orders in which the notes of a chord are played; 3 is the octave of the lowest."""
LEGATO = (0.6, 0.8, 0.95, 1.0, 1.0)
"""Durations of repeated notes against the time between them."""

PatternKind = Literal["repetition", "pedal"]
Timed = tuple[float, mido.Message]


def pattern_messages(kind: PatternKind, name: str, program: int) -> list[Timed]:
    """Return the messages of a pattern with their seconds; the same name gives the same pattern."""
    rng = random.Random(name)
    messages = [(0.0, mido.Message("program_change", program=program))]
    return messages + (_repetitions(rng) if kind == "repetition" else _broken_chords(rng))


def _note(onset: float, offset: float, pitch: int, velocity: float) -> list[Timed]:
    loudness = round(min(115, max(30, velocity)))
    return [
        (onset, mido.Message("note_on", note=pitch, velocity=loudness)),
        (offset, mido.Message("note_off", note=pitch)),
    ]


def _repetitions(rng: random.Random) -> list[Timed]:
    """Return pitches or chords that are repeated 3 to 12 times a second, some over a held chord."""
    now, found = 0.5, []
    while now < MAX_SECONDS:
        pitch, step, legato, level = rng.randint(40, 88), 1 / rng.uniform(3, 12), rng.choice(LEGATO), rng.uniform(60, 100)
        count = rng.choice((6, 8, 12, 16))
        pitches = [pitch] if rng.random() < 0.7 else [pitch + interval for interval in rng.choice(CHORDS)]
        end = now + count * step
        if rng.random() < 0.4:
            root = pitch - rng.choice((12, 19, 24))
            for interval in rng.choice(CHORDS):
                found += _note(now, end, max(30, root + interval), level - 10)
        for place in range(count):
            onset = now + place * step + rng.uniform(0, MAX_LATENESS)
            for each in pitches:
                found += _note(onset, now + (place + legato) * step, each, rng.gauss(level, 6))
        now = end + rng.choice((0.0, 0.2, 0.6))
    return found


def _broken_chords(rng: random.Random) -> list[Timed]:
    """Return figures over chords; the pedal is changed with every chord, or with every second one."""
    now, found, number = 0.5, [], 0
    step, changes = rng.uniform(0.15, 0.7), rng.choice((1, 1, 2))
    while now < MAX_SECONDS:
        root, chord, figure = rng.randint(40, 70), rng.choice(CHORDS), rng.choice(FIGURES)
        tones = (*chord[:3], 12)
        if number % changes == 0:
            found += [(now - 0.03, _pedal(0)), (now + 0.03, _pedal(127))]
        for place in range(len(figure) * rng.choice((1, 2))):
            onset, pitch = now + rng.uniform(0, MAX_LATENESS), root + tones[figure[place % len(figure)]]
            found += _note(onset, onset + rng.uniform(0.3, 0.9) * step, pitch, rng.gauss(80, 8))
            now += step
        number += 1
    return [*found, (now, _pedal(0))]


def _pedal(value: int) -> mido.Message:
    return mido.Message("control_change", control=PEDAL, value=value)
