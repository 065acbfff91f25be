"""Notes from the activations of Basic Pitch.

A note begins at a candidate that is probable enough and ends where its note activation stays low, or where the pitch begins
anew: repeated notes stay apart, and one that is held by a pedal is one note, however long it sounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.music.harmony.note_activations import LOWEST_PITCH, NoteFrames
from pipelines.notes.detection.note_candidates import Candidates
from pipelines.notes.notes import NoteOptions

ONSET_LAG_SECONDS = 0.006
"""Median time by which the onsets of the network are later than the notes of the tuning pieces for piano."""
MIN_REPEAT_FRAMES = 4
"""Frames between two beginnings of one pitch: 46 ms."""
GAP_FRAMES = 8
"""Frames that the note activation may stay below the threshold within a note, and after its beginning: 93 ms."""


@dataclass(frozen=True)
class FrameNote:
    """A note on the network's time axis."""

    start: float
    """Frames, with a fraction."""
    end: int
    """Frame after the last one."""
    pitch: int
    """MIDI pitch."""
    bend: tuple[float, ...] = ()
    """Semitones above `pitch`, for each frame; () where it is steady."""


def decode_notes(frames: NoteFrames, candidates: Candidates, options: NoteOptions, frames_per_second: float) -> list[FrameNote]:
    """Return the notes within the pitches of `options`, by pitch and then start."""
    found = []
    min_frames = max(1.0, options.min_note_seconds * frames_per_second)
    probable = candidates.probabilities >= options.onset_threshold
    for pitch in range(options.lowest_pitch, options.highest_pitch + 1):
        column = pitch - LOWEST_PITCH
        chosen = probable & (candidates.columns == column)
        starts = _apart(candidates.frames[chosen], candidates.probabilities[chosen])
        ends = _ends(frames.notes[:, column], starts, options.frame_threshold)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if end - start >= min_frames:
                found.append(FrameNote(_refined(frames.onsets[:, column], start), end, pitch))
    return found


def _apart(starts: IntArray, probabilities: FloatArray) -> IntArray:
    """Return the more probable of beginnings that are too close to be two notes."""
    kept: list[int] = []
    for index in np.argsort(-probabilities, kind="stable").tolist():
        if all(abs(starts[index] - starts[other]) >= MIN_REPEAT_FRAMES for other in kept):
            kept.append(index)
    return starts[np.sort(np.asarray(kept, dtype=np.int64))]


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
    return peak + float(np.clip(0.5 * (before - after) / curvature, -0.5, 0.5)) if curvature < 0 else float(peak)
