"""The clip's beats as a tempo map: seconds to quarter notes and back, and the bars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import ArrayLike

from models.arrays import DoubleArray
from pipelines.music.rhythm.types import Beats, time_signature

USUAL_QUARTER_SECONDS = 0.5
"""Duration of a quarter note where a clip has no beats: 120 BPM, which is what files without a tempo have."""
USUAL_BEATS_PER_BAR = 4
MAX_EARLY_SECONDS = 0.02
"""Time up to which the first beat is taken for the start of the clip."""
COMPOUND_QUARTERS = 1.5
"""Quarter notes in a beat of three eighths."""
MAX_BEAT_SECONDS = 4.0
"""Time between two beats from which the music pauses there; no tempo of a MIDI file is slower than 16.8 s a quarter."""


@dataclass(frozen=True)
class Bar:
    """One bar of the score."""

    start: float
    """Quarter notes from the start of the clip."""
    beats: int
    """Beats in it; the first bar may be a pickup, and others are as long as they were found."""


@dataclass(frozen=True)
class TempoMap:
    """Beats at times, from the start of the clip to its end or beyond."""

    times: tuple[float, ...]
    """Seconds of the beats, ascending; the first is 0."""
    bar_starts: tuple[int, ...]
    """Indices of the beats that begin a bar; the first is 0."""
    beat_unit: int = 4
    """4: a beat is a quarter; 8: it is three eighths."""

    @property
    def quarters_per_beat(self) -> float:
        """1, or 1.5 in compound metres."""
        return 1.0 if self.beat_unit == 4 else COMPOUND_QUARTERS

    @property
    def quarters_per_minute(self) -> float:
        """The usual tempo: the median over the beats."""
        return 60 * self.quarters_per_beat / float(np.median(np.diff(self.times)))

    @cached_property
    def bars(self) -> tuple[Bar, ...]:
        """The bars; the last one ends with the last beat."""
        lengths = np.diff([*self.bar_starts, len(self.times) - 1]).tolist()
        bars = zip(self.bar_starts, lengths, strict=True)
        return tuple(Bar(start * self.quarters_per_beat, length) for start, length in bars if length)

    @property
    def has_pickup(self) -> bool:
        """Whether the first bar is shorter than the second one."""
        return len(self.bars) > 1 and self.bars[0].beats < self.bars[1].beats

    def signature(self, bar: Bar) -> str:
        """Return the time signature of a bar, e.g. '3/4'."""
        return time_signature(bar.beats, self.beat_unit)

    def quarters(self, seconds: ArrayLike) -> DoubleArray:
        """Return quarter notes from the start of the clip."""
        return self._mapped(seconds, self._seconds, self._quarters)

    def seconds(self, quarters: ArrayLike) -> DoubleArray:
        """Return the time in seconds of quarter notes from the start of the clip."""
        return self._mapped(quarters, self._quarters, self._seconds)

    @cached_property
    def _seconds(self) -> DoubleArray:
        return np.asarray(self.times, dtype=np.float64)

    @cached_property
    def _quarters(self) -> DoubleArray:
        return np.arange(len(self.times), dtype=np.float64) * self.quarters_per_beat

    @staticmethod
    def _mapped(values: ArrayLike, axis: DoubleArray, onto: DoubleArray) -> DoubleArray:
        """Interpolate between the beats, and extrapolate by the first and the last interval."""
        wanted = np.asarray(values, dtype=np.float64)
        index = np.clip(np.searchsorted(axis, wanted, side="right") - 1, 0, len(axis) - 2)
        slope = (onto[index + 1] - onto[index]) / (axis[index + 1] - axis[index])
        mapped: DoubleArray = onto[index] + (wanted - axis[index]) * slope
        return mapped


def tempo_map(beats: Beats | None, duration: float) -> TempoMap:
    """Return the tempo map of a clip of `duration` seconds; without beats, one of 120 BPM that begins with the clip.

    The time before the first beat is divided into about equal beats, pauses into beats of about the usual duration, and after the
    last beat they go on to the end of a bar.
    """
    if beats is None or len(beats.times) < 2:
        per_bar, count = USUAL_BEATS_PER_BAR, 1 + ceil(max(duration, USUAL_QUARTER_SECONDS) / USUAL_QUARTER_SECONDS)
        count += -(count - 1) % per_bar
        return TempoMap(tuple(USUAL_QUARTER_SECONDS * beat for beat in range(count)), tuple(range(0, count, per_bar)))
    per_bar = beats.beats_per_bar
    known, positions = _with_pauses_divided(beats)
    first = known[0]
    added = max(1, round(first / (known[1] - first))) if first > MAX_EARLY_SECONDS else 0
    times = [first * beat / added for beat in range(added)] + (known if added else [0.0, *known[1:]])
    positions = [(positions[0] - 1 - beat) % per_bar + 1 for beat in range(added, 0, -1)] + positions
    step = times[-1] - times[-2]
    while times[-1] < duration or positions[-1] != 1:
        times.append(times[-1] + step)
        positions.append(positions[-1] % per_bar + 1)
    starts = {0, *(index for index, position in enumerate(positions) if position == 1)}
    return TempoMap(tuple(times), tuple(sorted(starts)), beats.beat_unit)


def _with_pauses_divided(beats: Beats) -> tuple[list[float], list[int]]:
    """Return times and positions of the beats, with others in pauses, which are counted on from the last one before."""
    usual = float(np.median(np.diff(beats.times)))
    times, positions = [beats.times[0]], [beats.positions[0]]
    for (begin, end), position in zip(pairwise(beats.times), beats.positions[1:], strict=True):
        count = max(1, round((end - begin) / usual)) if end - begin > MAX_BEAT_SECONDS else 1
        for beat in range(1, count):
            times.append(begin + (end - begin) * beat / count)
            positions.append(positions[-1] % beats.beats_per_bar + 1)
        times.append(end)
        positions.append(position)
    return times, positions
