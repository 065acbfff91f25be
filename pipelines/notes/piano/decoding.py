"""Notes and pedals from the outputs of the piano network, at times finer than its frames (Kong et al. 2021, section III-E)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.arrays import FloatArray, IntArray

KEYS = 88
LOWEST_KEY = 21
"""MIDI pitch of the first key."""
ONSET, OFFSET, FRAME, VELOCITY = range(4)
PEDAL_PRESS, PEDAL_RELEASE, PEDAL_DOWN = range(3)
MIN_PEDAL_FRAMES = 5
"""A lift of the pedal is no nearer than this to the beginning or end of a time that it is down, which is no shorter."""


@dataclass(frozen=True)
class PianoThresholds:
    """Probabilities, 0 to 1, that gave the highest F-measures in the validation clips of `training.piano`."""

    onset: float = 0.4
    """Peaks from here on are onsets."""
    offset: float = 0.2
    """Peaks from here on end a note."""
    frame: float = 0.3
    """A note whose frame falls below ends."""
    pedal: float = 0.8
    """The pedal is down from here on; it also is released at peaks of the releases from here on."""


@dataclass(frozen=True)
class PianoNote:
    """A note, with times in frames."""

    start: float
    end: float
    pitch: int
    """MIDI pitch."""
    velocity: float
    """0 to 1."""


def decode_piano(notes: FloatArray, thresholds: PianoThresholds) -> list[PianoNote]:
    """Return the notes by key, then time. A key that is struck again ends the note before it.

    Args:
        notes: [frames, 4, 88], probabilities of onset, offset and frame, and velocities.
        thresholds: what counts.
    """
    found = []
    for key in range(KEYS):
        onset, offset, frame, velocity = notes[:, :, key].T
        starts = peaks(onset, thresholds.onset)
        ends = peaks(offset, thresholds.offset)
        for number, start in enumerate(starts):
            limit = starts[number + 1] if number + 1 < len(starts) else len(onset)
            end = _end(start, limit, ends, frame, thresholds.frame)
            exact = refined(onset, start)
            stop = refined(offset, end) if end in ends else float(end)
            found.append(PianoNote(exact, max(stop, exact + 1), LOWEST_KEY + key, float(velocity[start])))
    return found


def decode_pedals(pedal: FloatArray, threshold: float) -> list[tuple[float, float]]:
    """Return (press, release) in frames of every time that the pedal is down.

    Args:
        pedal: [frames, 3], probabilities of pressing, releasing and being down.
        threshold: from which the pedal is down, and a peak of the releases lifts it for a moment.
    """
    release, down = pedal[:, PEDAL_RELEASE], pedal[:, PEDAL_DOWN]
    edges = np.flatnonzero(np.diff((down >= threshold).astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    lifts = peaks(release, threshold)
    found: list[tuple[float, float]] = []
    for first, last in edges.tolist():
        inside = [lift for lift in lifts.tolist() if first + MIN_PEDAL_FRAMES < lift < last - MIN_PEDAL_FRAMES]
        bounds = [float(first), *(refined(release, lift) for lift in inside), float(last)]
        found += [(press, lift) for press, lift in pairwise(bounds) if lift - press >= MIN_PEDAL_FRAMES]
    return found


def peaks(curve: FloatArray, threshold: float) -> IntArray:
    """Return the frames that are above `threshold` and higher than their neighbours, two on each side."""
    padded = np.pad(curve, 2, constant_values=-np.inf)
    before = np.maximum(padded[:-4], padded[1:-3])
    after = np.maximum(padded[3:-1], padded[4:])
    result: IntArray = np.flatnonzero((curve >= threshold) & (curve > before) & (curve >= after))
    return result


def refined(curve: FloatArray, peak: int) -> float:
    """Return the tip, in frames, of the symmetric triangle through a peak and its neighbours."""
    if not 0 < peak < len(curve) - 1:
        return float(peak)
    left, middle, right = (float(value) for value in curve[peak - 1 : peak + 2])
    slope = middle - min(left, right)
    return peak + (right - left) / (2 * slope) if slope > 0 else float(peak)


def _end(start: int, limit: int, ends: IntArray, frame: FloatArray, threshold: float) -> int:
    """Return the first frame after `start` where the note is released, no longer sounds, or is struck again."""
    released = ends[np.searchsorted(ends, start + 1) :]
    silent = np.flatnonzero(frame[start + 1 : limit] < threshold)
    candidates = [limit, *released[:1].tolist(), *(start + 1 + silent[:1]).tolist()]
    return int(min(candidates))
