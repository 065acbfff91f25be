"""Short pieces made from tones and noise: drum patterns with a bass or with chords, at known tempo and metre."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from models.arrays import DoubleArray

RATE = 22_050
CHORDS = ((60, 64, 67), (57, 60, 64), (60, 65, 69), (59, 62, 67))
"""MIDI pitches of C, A minor, F and G."""

Event = tuple[float, DoubleArray]
"""(start in seconds, sound)."""


def tone(pitch: float, seconds: float, volume: float = 0.15) -> DoubleArray:
    """Return a decaying tone with seven harmonics."""
    time = np.arange(round(seconds * RATE)) / RATE
    partials = [np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * k * time) / k**1.5 for k in range(1, 8)]
    sound: DoubleArray = volume * np.sum(partials, axis=0) * np.exp(-2 * time) * np.minimum(1, time / 0.005)
    return sound


def kick() -> DoubleArray:
    time = np.arange(round(0.12 * RATE)) / RATE
    sound: DoubleArray = 0.9 * np.sin(2 * np.pi * (50 + 90 * np.exp(-40 * time)) * time) * np.exp(-25 * time)
    return sound


def snare() -> DoubleArray:
    time = np.arange(round(0.12 * RATE)) / RATE
    sound: DoubleArray = 0.4 * np.random.default_rng(1).normal(size=len(time)) * np.exp(-30 * time)
    return sound


def hat() -> DoubleArray:
    time = np.arange(round(0.05 * RATE)) / RATE
    sound: DoubleArray = 0.15 * np.diff(np.random.default_rng(2).normal(size=len(time)), prepend=0) * np.exp(-80 * time)
    return sound


def mix(events: Iterable[Event], seconds: float, peak: float = 0.7) -> DoubleArray:
    """Return the sum [samples] of the events with this peak."""
    samples: DoubleArray = np.zeros(round((seconds + 8) * RATE))
    for start, sound in events:
        first = round(start * RATE)
        samples[first : first + len(sound)] += sound
    cut: DoubleArray = samples[: round(seconds * RATE)]
    return cut * (peak / float(np.abs(cut).max()))


def drum_bars(
    bpm: float, bars: int, beats_per_bar: int, kicks: Sequence[float], snares: Sequence[float], hats_per_beat: int
) -> list[Event]:
    """Return a drum pattern: `kicks` and `snares` are beats of the bar."""
    beat = 60 / bpm
    starts = [bar * beats_per_bar for bar in range(bars)]
    events = [((start + place) * beat, kick()) for start in starts for place in kicks]
    events += [((start + place) * beat, snare()) for start in starts for place in snares]
    return events + [(i * beat / hats_per_beat, hat()) for i in range(bars * beats_per_bar * hats_per_beat)]


def chord_bars(bpm: float, bars: int, beats_per_bar: int) -> list[Event]:
    """Return one of `CHORDS` held for each bar."""
    bar_seconds = beats_per_bar * 60 / bpm
    return [(bar * bar_seconds, tone(pitch, bar_seconds)) for bar in range(bars) for pitch in CHORDS[bar % 4]]


def rock(bpm: float = 100, roots: Sequence[int] = (36, 36, 43, 41)) -> DoubleArray:
    """Return eight bars of 4/4: bass drum and snare in turn, and on each beat a bass note that changes with the bar."""
    beat = 60 / bpm
    bass = [(i * beat, tone(roots[i // 4 % 4], 0.5)) for i in range(32)]
    return mix(drum_bars(bpm, 8, 4, (0, 2), (1, 3), 2) + bass, 32 * beat + 0.8)


def drum_and_bass(bpm: float, kicks: Sequence[float] = (0, 2.5), snares: Sequence[float] = (1, 3)) -> DoubleArray:
    """Return twenty bars of 4/4 with a held chord each."""
    return mix(drum_bars(bpm, 20, 4, kicks, snares, 2) + chord_bars(bpm, 20, 4), 80 * 60 / bpm + 0.5)


def drums_over_bass(bpm: float, kicks: Sequence[float], hats_per_beat: int) -> DoubleArray:
    """Return some 30 s of 4/4: a snare on the second and fourth beat, and a bass note held for each bar."""
    bars = round(bpm / 8)
    bass = [(bar * 240 / bpm, tone((33, 36, 31, 38)[bar % 4], 240 / bpm, 0.3)) for bar in range(bars)]
    return mix(drum_bars(bpm, bars, 4, kicks, (1, 3), hats_per_beat) + bass, bars * 240 / bpm + 0.5)


def five_four(bpm: float, kicks: Sequence[float] = (0, 3), snares: Sequence[float] = (2, 4)) -> DoubleArray:
    """Return fourteen bars of 5/4 with a held chord each."""
    return mix(drum_bars(bpm, 14, 5, kicks, snares, 1) + chord_bars(bpm, 14, 5), 70 * 60 / bpm + 0.5)
