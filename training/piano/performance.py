"""From a score to a pianist's performance: tempo that sways, chords not quite together, dynamics, and the pedal."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sin

import numpy as np

from benchmarks.notes.scores import ScoreNote

LEAD_SECONDS = 0.4
MIN_NOTE_SECONDS = 0.05
MIN_REPEAT_SECONDS = 0.05
"""A note of the same pitch that begins sooner after the last is left out."""
RELEASE_SECONDS = 0.02
"""By which a key is released before it is struck again."""
MIN_VELOCITY, MAX_VELOCITY = 20, 120
PEDAL_PROB = 0.65


@dataclass(frozen=True)
class PlayedNote:
    """A note of a performance."""

    onset: float
    """Seconds."""
    offset: float
    """Seconds, when the key is released, or in `sounding` when the dampers stop the strings."""
    pitch: int
    """MIDI pitch."""
    velocity: int
    """MIDI velocity."""


Pedal = tuple[float, float]
"""Seconds at which the pedal is pressed and released."""


@dataclass(frozen=True)
class Performance:
    """What a pianist does."""

    notes: tuple[PlayedNote, ...]
    """By onset; a key that is struck again has been released."""
    pedals: tuple[Pedal, ...]
    """By time, apart from each other."""
    duration: float
    """Seconds."""


def perform(score: list[ScoreNote], rng: np.random.Generator, duration: float) -> Performance:
    """Perform `duration` seconds of a score, from a random place on where it is longer."""
    quarter = 60 / rng.uniform(60, 150)
    last = max((note.onset for note in score), default=0.0)
    begin = rng.uniform(0, max(0.0, last - duration / quarter))
    sway, phase = rng.uniform(0.0, 0.08), rng.uniform(0, 2 * pi)

    def seconds(quarters: float) -> float:
        passed = quarters - begin
        return LEAD_SECONDS + quarter * (passed + 4 * sway * (sin(phase + passed / 4) - sin(phase)))

    lateness, gate = rng.uniform(0, 0.03), rng.uniform(0.6, 1.0)
    level, spread = rng.uniform(40, 95), rng.uniform(3, 14)
    part_levels = rng.normal(0, 8, 16)
    swell, swell_phase = rng.uniform(0, 12), rng.uniform(0, 2 * pi)
    notes = []
    for note in score:
        onset = seconds(note.onset) + rng.uniform(0, lateness)
        if note.onset >= begin and onset < duration - 0.3:
            offset = min(duration, max(onset + MIN_NOTE_SECONDS, seconds(note.onset + gate * note.duration)))
            loudness = level + part_levels[note.part % 16] + swell * sin(swell_phase + note.onset / 6) + rng.normal(0, spread)
            velocity = int(np.clip(round(loudness), MIN_VELOCITY, MAX_VELOCITY))
            notes.append(PlayedNote(onset, offset, note.pitch, velocity))
    pedals = _pedals(rng, quarter, duration) if rng.random() < PEDAL_PROB else ()
    return Performance(_separated(notes), pedals, duration)


def sounding(performance: Performance) -> tuple[PlayedNote, ...]:
    """Return the notes as they sound: until the pedal is released or the key is struck again."""
    found = []
    following: dict[int, float] = {}
    for note in reversed(performance.notes):
        offset = next((end for start, end in performance.pedals if start <= note.offset < end), note.offset)
        offset = min(offset, following.get(note.pitch, performance.duration))
        found.append(PlayedNote(note.onset, max(offset, note.onset + RELEASE_SECONDS), note.pitch, note.velocity))
        following[note.pitch] = note.onset
    return tuple(reversed(found))


def _pedals(rng: np.random.Generator, quarter: float, duration: float) -> tuple[Pedal, ...]:
    """Change the pedal every one to eight quarters, sometimes with a rest between."""
    found: list[Pedal] = []
    now, usual = LEAD_SECONDS + rng.uniform(0, 2), float(rng.choice([1, 2, 2, 4, 8]))
    rest_prob = rng.uniform(0, 0.5)
    while now < duration - 0.5:
        end = min(duration - 0.05, now + max(0.25, quarter * usual * rng.uniform(0.85, 1.0)))
        found.append((now, end))
        now = end + rng.uniform(0.05, 0.15) + (quarter * usual if rng.random() < rest_prob else 0.0)
    return tuple(found)


def _separated(notes: list[PlayedNote]) -> tuple[PlayedNote, ...]:
    """Return the notes by onset, every key released before it is struck again."""
    kept: list[PlayedNote] = []
    latest: dict[int, int] = {}
    for note in sorted(notes, key=lambda note: (note.onset, note.pitch)):
        before = latest.get(note.pitch)
        if before is not None:
            held = kept[before]
            if note.onset - held.onset < MIN_REPEAT_SECONDS:
                continue
            end = min(held.offset, max(held.onset + RELEASE_SECONDS, note.onset - RELEASE_SECONDS))
            kept[before] = PlayedNote(held.onset, end, held.pitch, held.velocity)
        latest[note.pitch] = len(kept)
        kept.append(note)
    return tuple(kept)
