"""Beats of sparse clicks, taps or a metronome: onsets at equal distances with nothing between them."""

from __future__ import annotations

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND

MIN_ONSETS = 5
MIN_ONSET_RATIO = 0.25
"""Onset strength relative to the maximum from which there is an onset."""
MAX_DEVIATION = 0.04
"""Maximum deviation of an interval from the median, relative to it."""
MIN_ONSET_SECONDS = 0.1
"""Onsets that are nearer to each other are one."""


def regular_onsets(onsets: FloatArray, min_bpm: float, max_bpm: float) -> IntArray:
    """Return the frames [at 50 a second] of the onsets if all of them are equally far apart, else an empty array.

    Args:
        onsets: onset strength [frames at 50 a second].
        min_bpm: lower limit of the tempo, beats per minute.
        max_bpm: upper limit of the tempo, beats per minute.
    """
    from librosa.util import peak_pick

    nothing = np.empty(0, dtype=np.int64)
    if len(onsets) < 3 or onsets.max() <= 0:
        return nothing
    reach = round(MIN_ONSET_SECONDS * FRAMES_PER_SECOND)
    padded = np.pad(onsets / onsets.max(), reach)  # a peak in the first frame counts
    options = {"pre_max": reach, "post_max": reach, "pre_avg": reach, "post_avg": reach, "delta": 0.0, "wait": reach}
    peaks = peak_pick(padded, **options)
    frames: IntArray = peaks[padded[peaks] >= MIN_ONSET_RATIO].astype(np.int64) - reach
    if len(frames) < MIN_ONSETS:
        return nothing
    intervals = np.diff(frames)
    usual = float(np.median(intervals))
    # One frame is the resolution of a single onset.
    is_steady = bool((np.abs(intervals - usual) <= max(1.0, MAX_DEVIATION * usual)).all())
    is_allowed = min_bpm <= 60 * FRAMES_PER_SECOND / float(intervals.mean()) <= max_bpm
    return frames if is_steady and is_allowed else nothing
