"""The melody: the strongest line, one note at a time, with the curve of its pitch.

The line is the most probable path through the contours of Basic Pitch, which have three bins for each semitone. It is cut into
notes where its pitch changes for good, where it begins anew, and where it is silent.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from pipelines.music.harmony.note_activations import CONTOUR_BINS, CONTOUR_BINS_PER_PITCH, LOWEST_PITCH, NoteFrames
from pipelines.notes.detection.decoding import FrameNote
from pipelines.notes.detection.note_candidates import Candidates
from pipelines.notes.notes import NoteOptions

MAX_STEP_BINS = 4
"""Bins that the line moves in a frame by gliding; further away is a leap."""
STEP_COST, LEAP_COST = 0.15, 1.5
"""Natural logarithms of odds that a bin of gliding, and a leap, cost."""
COST_PER_DB, MIN_LEVEL_DB = 0.15, -30.0
"""Natural logarithm of odds for each dB below the loudest pitch: the activations alone are as high for soft notes."""
MIN_LINE_DB = -45.0
"""Level of the line, relative to the loudest pitch of the clip, below which it is silent."""
SMOOTH_FRAMES = 17
"""Frames of the median that evens out vibrato: one of its periods, 0.2 s."""
MAX_DEVIATION = 0.7
"""Semitones from its pitch at which a note ends."""
SETTLED_FRAMES = 9
"""Frames after the beginning of a note of which the median is its pitch, and for which a new pitch has to stay."""
GAP_FRAMES = 5
"""Frames that the line may be silent within a note."""
MIN_ACTIVATION = 0.02


def decode_melody(
    frames: NoteFrames, levels: FloatArray, candidates: Candidates, options: NoteOptions, frames_per_second: float
) -> list[FrameNote]:
    """Return the notes of the strongest line within the pitches of `options`, by start; each has its curve.

    Args:
        frames: activations; the line is where its contours are above `frame_threshold`.
        levels: [frames, 88], dB of each pitch, 0 for the loudest of all.
        candidates: where notes may begin; above `onset_threshold` they part notes of one pitch.
        options: thresholds, the shortest note and the range.
        frames_per_second: frame rate.
    """
    first = CONTOUR_BINS_PER_PITCH * (options.lowest_pitch - LOWEST_PITCH)
    last = CONTOUR_BINS_PER_PITCH * (options.highest_pitch - LOWEST_PITCH + 1)
    contours = frames.contours[:, max(0, first) : min(CONTOUR_BINS, last)]
    relative = levels - levels.max(axis=1, keepdims=True)
    costs = np.float32(COST_PER_DB) * np.repeat(np.maximum(relative, np.float32(MIN_LEVEL_DB)), CONTOUR_BINS_PER_PITCH, axis=1)
    line = strongest_line(contours, costs[:, max(0, first) : min(CONTOUR_BINS, last)])
    along = np.arange(len(line))
    is_loud = levels[along, (line + max(0, first)) // CONTOUR_BINS_PER_PITCH] >= MIN_LINE_DB
    voiced = _voiced(contours[along, line], is_loud, options.frame_threshold)
    pitches = _pitches(_refined(contours, line) + first)
    onsets = _onsets(candidates, pitches, options)
    found = []
    for start, end in _stretches(voiced):
        for begin, stop in _notes(pitches[start:end], onsets[start:end]):
            if stop - begin >= max(2.0, options.min_note_seconds * frames_per_second):
                found.append(_note(pitches, start + begin, start + stop))
    return found


def with_curves(notes: list[FrameNote], contours: FloatArray) -> list[FrameNote]:
    """Return polyphonic notes with the curve of each: the centroid of its own pitch's contours."""
    found = []
    for note in notes:
        start, end = round(note.start), note.end
        middle = CONTOUR_BINS_PER_PITCH * (note.pitch - LOWEST_PITCH) + CONTOUR_BINS_PER_PITCH // 2
        curve = _pitches(_refined(contours[start:end], np.full(end - start, middle)))
        found.append(replace(note, bend=tuple(np.round(curve - note.pitch, 2).tolist())))
    return found


def _pitches(bins: DoubleArray) -> DoubleArray:
    """Return MIDI pitches of fractional bins of the contours."""
    pitches: DoubleArray = LOWEST_PITCH + (bins - CONTOUR_BINS_PER_PITCH // 2) / CONTOUR_BINS_PER_PITCH
    return pitches


def strongest_line(contours: FloatArray, level_scores: FloatArray) -> IntArray:
    """Return the bin [frames] of the most probable path (Viterbi) of `contours` and `level_scores`, [frames, bins] each."""
    bounded = np.clip(contours, MIN_ACTIVATION, 1 - MIN_ACTIVATION)
    scores = np.log(bounded / (1 - bounded)) + level_scores
    bins = scores.shape[1]
    shifts = np.arange(-MAX_STEP_BINS, MAX_STEP_BINS + 1)
    costs = STEP_COST * np.abs(shifts)[:, np.newaxis]
    index = np.arange(bins) + shifts[:, np.newaxis] + MAX_STEP_BINS
    origins = np.zeros(scores.shape, dtype=np.int16)
    total = scores[0]
    for frame in range(1, len(scores)):
        near = np.pad(total, MAX_STEP_BINS, constant_values=-np.inf)[index] - costs  # [shifts, bins]
        step = near.argmax(axis=0)
        value = near[step, np.arange(bins)]
        leap = int(total.argmax())
        is_leap = total[leap] - LEAP_COST > value
        origins[frame] = np.where(is_leap, leap, np.arange(bins) + shifts[step])
        total = np.where(is_leap, total[leap] - LEAP_COST, value) + scores[frame]
    line = np.empty(len(scores), dtype=np.int64)
    line[-1] = total.argmax()
    for frame in range(len(scores) - 1, 0, -1):
        line[frame - 1] = origins[frame, line[frame]]
    return line


def _refined(contours: FloatArray, line: IntArray) -> DoubleArray:
    """Return the centroid [frames] of the activations around the line, in bins."""
    near = line[:, np.newaxis] + np.arange(-2, 3)
    inside = (near >= 0) & (near < contours.shape[1])
    weights = np.where(inside, contours[np.arange(len(line))[:, np.newaxis], np.clip(near, 0, contours.shape[1] - 1)], 0)
    total = weights.sum(axis=1)
    centroid: DoubleArray = np.where(total > 0, (weights * near).sum(axis=1) / np.maximum(total, 1e-6), line)
    return centroid


def _voiced(activations: FloatArray, is_loud: BoolArray, threshold: float) -> BoolArray:
    """Return for each frame whether the line sounds: it is loud, and around it the activation reaches the threshold.

    Between the frames that reach it, half of it is enough: that of whistling and of vibrato rises and falls.
    """
    from scipy.ndimage import binary_closing, label

    may_sound = binary_closing(np.pad(activations >= 0.5 * threshold, GAP_FRAMES), np.ones(GAP_FRAMES))[GAP_FRAMES:-GAP_FRAMES]
    stretches, _ = label(may_sound & is_loud)
    voiced: BoolArray = np.isin(stretches, np.setdiff1d(stretches[activations >= threshold], [0]))
    return voiced


def _onsets(candidates: Candidates, pitches: DoubleArray, options: NoteOptions) -> BoolArray:
    """Return for each frame whether a note begins at it, within a semitone of the line."""
    found = np.zeros(len(pitches), dtype=bool)
    probable = candidates.probabilities >= options.onset_threshold
    for frame, column in zip(candidates.frames[probable].tolist(), candidates.columns[probable].tolist(), strict=True):
        found[frame] |= abs(pitches[min(len(pitches) - 1, frame + 2)] - LOWEST_PITCH - column) <= 1
    return found


def _stretches(voiced: BoolArray) -> list[tuple[int, int]]:
    """Return the first frame and the frame after the last one of each stretch of the line."""
    edges = np.flatnonzero(np.diff(np.pad(voiced.astype(np.int8), 1)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _notes(pitches: DoubleArray, onsets: BoolArray) -> list[tuple[int, int]]:
    """Return the notes of one stretch, whose frames count from 0."""
    from scipy.ndimage import median_filter

    smooth = median_filter(pitches, SMOOTH_FRAMES, mode="nearest")
    found, start = [], 0
    while start < len(smooth):
        pitch = round(float(np.median(smooth[start : start + SETTLED_FRAMES])))
        end = start + SETTLED_FRAMES
        while end < len(smooth) and not onsets[end] and not _has_left(smooth[end : end + SETTLED_FRAMES], pitch):
            end += 1
        found.append((start, min(end, len(smooth))))
        start = end
    return found


def _has_left(smooth: DoubleArray, pitch: int) -> bool:
    """Return whether all of the next frames are away from the pitch of a note."""
    return bool((np.abs(smooth - pitch) > MAX_DEVIATION).all())


def _note(pitches: DoubleArray, start: int, end: int) -> FrameNote:
    """Return the note of the frames from `start` to before `end`, with its curve."""
    curve = pitches[start:end]
    pitch = round(float(np.median(curve)))
    return FrameNote(float(start), end, pitch, tuple(np.round(curve - pitch, 2).tolist()))
