"""Notes from the activations of Basic Pitch.

A note begins at a peak of its pitch's onset activation and ends where its note activation stays low, or where the pitch begins
anew: repeated notes stay apart, and one that is held by a pedal is one note, however long it sounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.music.harmony.note_activations import LOWEST_PITCH, NoteFrames
from pipelines.notes.notes import NoteOptions

GAP_FRAMES = 8
"""Frames that the note activation may stay below the threshold within a note: 93 ms."""


@dataclass(frozen=True)
class FrameNote:
    """A note on the network's time axis."""

    start: float
    """Frames, with a fraction."""
    end: int
    """Frame after the last one."""
    pitch: int
    """MIDI pitch."""
    strength: float
    """0 to 1, how loud it is relative to the other notes of the clip; a rank, no power."""


def decode_notes(frames: NoteFrames, options: NoteOptions, frames_per_second: float) -> list[FrameNote]:
    """Return the notes within the pitches of `options`, by pitch and then start."""
    found = []
    min_frames = options.min_note_seconds * frames_per_second
    for pitch in range(options.lowest_pitch, options.highest_pitch + 1):
        column = pitch - LOWEST_PITCH
        notes, onsets = frames.notes[:, column], frames.onsets[:, column]
        starts = _peaks(onsets, options.onset_threshold)
        ends = _ends(notes, starts, options.frame_threshold)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if end - start >= max(1, min_frames):
                strength = float(notes[start:end].mean())
                found.append(FrameNote(_refined(onsets, start), end, pitch, strength))
    return found


def _peaks(values: FloatArray, threshold: float) -> IntArray:
    """Return the frames of the local maxima of `values` [frames] from `threshold` on."""
    padded = np.pad(values, 1)
    is_peak = (values >= threshold) & (values > padded[:-2]) & (values >= padded[2:])
    return np.flatnonzero(is_peak)


def _ends(notes: FloatArray, starts: IntArray, threshold: float) -> IntArray:
    """Return the frame after the last one of the note that begins at each of `starts`."""
    high = np.flatnonzero(notes >= threshold)
    if not len(high):
        return starts
    # Of each sounding frame: the last one before the next gap.
    is_last = np.append(np.diff(high) > GAP_FRAMES, True)
    last = high[is_last][np.searchsorted(np.flatnonzero(is_last), np.arange(len(high)))]
    first = np.searchsorted(high, starts)
    inside = np.minimum(first, len(high) - 1)
    sounds = (first < len(high)) & (high[inside] - starts <= GAP_FRAMES)
    ends = np.where(sounds, last[inside] + 1, starts)
    limited: IntArray = np.minimum(ends, np.append(starts[1:], len(notes)))
    return limited


def _refined(onsets: FloatArray, peak: int) -> float:
    """Return the frame of the vertex of the parabola through a peak and its neighbours."""
    if not 0 < peak < len(onsets) - 1:
        return float(peak)
    before, at, after = (float(onsets[frame]) for frame in (peak - 1, peak, peak + 1))
    curvature = before - 2 * at + after
    return peak + (0.5 * (before - after) / curvature if curvature < 0 else 0.0)
