"""Viterbi search for the beats: over beat times and the distance between beats, which may change a little from beat to beat.

A semi-Markov form of the bar pointer model of Krebs, Böck and Widmer 2015.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from models.arrays import AnyArray, FloatArray, IntArray
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND, TEMPO_BINS

MIN_TEMPO_BIN_BPM = 40.0
"""Tempo of the network's first tempo bin."""
TEMPO_BINS_PER_OCTAVE = 24
SEARCH_RATE = 2 * FRAMES_PER_SECOND
"""Frames per second of the search: at 200 beats a minute, a step of 20 ms would be 7 % of a beat."""
TIMING_FRAMES = 1.0
"""Standard deviation of the time of a beat, in search frames."""
TEMPO_CHANGE = 0.03
"""Relative standard deviation of the change from one distance between beats to the next."""
TEMPO_WEIGHT = 1.0
"""Weight of the network's tempo logits for each beat, relative to its beat logits."""
BEAT_BONUS = 1.5
"""Added to each beat logit: the probability of one beat is spread over a few frames, and most beats of music are weak ones."""
MIN_BEAT_LOGIT, MAX_BEAT_LOGIT = -2.0, 5.0
"""Limits of the evidence of a single frame. A low one keeps the beats going where the music hides them."""
GAP_COST = 120.0
"""Cost of a pause, after which the beats begin anew, or which the clip begins or ends with: 60 beats without any evidence. With
-5 for the least evidence and free pauses at the ends, beats were found in a part of the clip only: on 74 real pieces of the
tuning sources the F-measure is 0.781 so and 0.853 without any pause."""
MIN_GAP_SECONDS = 1.0
MIN_TEMPO_LOGIT = -8.0
"""Limit of the evidence of the tempo, relative to the most likely tempo."""
MIN_EDGE_PROB = 0.2
"""Least probability of the first and the last beat: before and after, the search fills sound without beats."""
MAX_SILENT_PROB, MIN_SILENT_BEATS = 0.03, 8
"""Where so many beats between two likely ones are no more probable than this, nothing plays, and they are left out. The
probability is at most 0.023 in silence between two pieces."""
NO_FRAME = -1


def search_beats(logits: FloatArray, tempo_logits: FloatArray, min_bpm: float = 40.0, max_bpm: float = 240.0) -> IntArray:
    """Return the frames of the beats at `SEARCH_RATE`, ascending.

    `score[t, i]` is the score of the best path that ends with a beat at frame t, `intervals[i]` frames after the beat before.

    Args:
        logits: [frames at 50 a second] of a beat.
        tempo_logits: [64], as the beat network has them.
        min_bpm: lower limit of the tempo, beats per minute.
        max_bpm: upper limit of the tempo, beats per minute.
    """
    evidence = _at_search_rate(np.clip(logits + BEAT_BONUS, MIN_BEAT_LOGIT, MAX_BEAT_LOGIT))
    shortest, longest = round(60 * SEARCH_RATE / max_bpm), round(60 * SEARCH_RATE / min_bpm)
    intervals = np.arange(shortest, longest + 1)
    prior = TEMPO_WEIGHT * _log_tempo(tempo_logits, intervals)
    change, columns = _tempo_change_cost(shortest, longest), np.arange(len(intervals))
    gap = round(MIN_GAP_SECONDS * SEARCH_RATE)
    path = _Backpointers(len(evidence), intervals)
    onward = np.full((longest + 1, len(intervals)), -np.inf, dtype=np.float32)  # [beat modulo its rows, next interval]
    highest, highest_at = 0.0, NO_FRAME
    for t, gain in enumerate(evidence.tolist()):
        if t >= gap and path.best[t - gap] > highest:
            highest, highest_at = float(path.best[t - gap]), t - gap
        fresh = prior + (highest - GAP_COST if t > longest else 0.0)
        score = onward[(t - intervals) % len(onward), columns] + prior
        path.is_fresh[t] = fresh > score
        score = np.maximum(fresh, score) + gain
        path.fresh_from[t], path.best_column[t], path.best[t] = highest_at, score.argmax(), score.max()
        leading = score - change  # [next interval, interval]
        path.onward_from[t] = leading.argmax(axis=1)
        onward[t % len(onward)] = leading[columns, path.onward_from[t]]
    return _sounding_beats(path.trace(longest), logits)


def _sounding_beats(frames: IntArray, logits: FloatArray) -> IntArray:
    """Return the frames from the first likely beat to the last, without those in silence."""
    if not len(frames):
        return frames
    probs = sigmoid(max_around(logits, frames))
    likely, is_silent = np.flatnonzero(probs >= MIN_EDGE_PROB), probs <= MAX_SILENT_PROB
    if not len(likely):
        return frames[:0]
    is_kept = np.zeros(len(frames), dtype=np.bool_)
    is_kept[likely] = True
    for before, after in pairwise(likely.tolist()):
        is_kept[before:after] |= np.count_nonzero(is_silent[before:after]) < MIN_SILENT_BEATS
    return frames[is_kept]


class _Backpointers:
    """Backpointers of the search; an hour takes 90 MB."""

    def __init__(self, frames: int, intervals: IntArray) -> None:
        self._intervals = intervals
        self.best = np.empty(frames, dtype=np.float32)
        """[frames], score of the best path that ends with a beat there."""
        self.best_column = np.empty(frames, dtype=np.int32)
        self.is_fresh = np.empty((frames, len(intervals)), dtype=np.bool_)
        """[frames, interval]: no beat one interval before; the beats begin there, or again after a pause."""
        self.fresh_from = np.empty(frames, dtype=np.int32)
        """[frames], the beat before the pause."""
        self.onward_from = np.empty((frames, len(intervals)), dtype=np.uint8)
        """[frames, next interval], the interval that led to the beat."""

    def trace(self, longest: int) -> IntArray:
        """Return the frames of the best path, ascending; it costs a pause to end more than `longest` frames before the end."""
        if not len(self.best):
            return np.empty(0, dtype=np.int64)
        ends = self.best.copy()
        ends[: max(0, len(ends) - longest)] -= GAP_COST
        t = int(ends.argmax())
        column, path = int(self.best_column[t]), [t]
        while True:
            if self.is_fresh[t, column]:
                t = int(self.fresh_from[t])
                if t == NO_FRAME:
                    return np.array(path[::-1], dtype=np.int64)
                column = int(self.best_column[t])
            else:
                t -= int(self._intervals[column])
                column = int(self.onward_from[t, column])
            path.append(t)


@cache
def _tempo_change_cost(shortest: int, longest: int) -> FloatArray:
    """Return the cost [to, from] of two distances between beats that follow each other, in search frames."""
    intervals = np.arange(shortest, longest + 1, dtype=np.float32)
    step = (intervals[:, np.newaxis] - intervals) / (TIMING_FRAMES + TEMPO_CHANGE * intervals)
    cost: FloatArray = (0.5 * step**2).astype(np.float32)
    return cost


def _at_search_rate(values: FloatArray) -> FloatArray:
    """Interpolate [frames at 50 a second] to [2 frames - 1 at 100 a second]."""
    places = np.arange(max(0, 2 * len(values) - 1)) / 2
    return np.interp(places, np.arange(len(values)), values).astype(np.float32) if len(values) else values


def _log_tempo(tempo_logits: FloatArray, intervals: IntArray) -> FloatArray:
    """Return the log-probability of each distance between beats, relative to the likeliest of them."""
    places = TEMPO_BINS_PER_OCTAVE * np.log2(60 * SEARCH_RATE / intervals / MIN_TEMPO_BIN_BPM)
    logits = np.interp(places, np.arange(TEMPO_BINS), tempo_logits).astype(np.float32)
    relative: FloatArray = np.maximum(logits - logits.max(initial=-np.inf), MIN_TEMPO_LOGIT)
    return relative


def max_around(values: FloatArray, frames: AnyArray) -> FloatArray:
    """Return the maximum of three `values` [at 50 a second] around each of `frames` [at 100 a second]."""
    centres = np.round(frames / 2).astype(np.int64)
    around = np.clip(centres[:, np.newaxis] + np.arange(-1, 2), 0, len(values) - 1)
    highest: FloatArray = values[around].max(axis=1)
    return highest


def sigmoid(values: FloatArray) -> FloatArray:
    """Return the probabilities of logits."""
    from scipy.special import expit

    return np.asarray(expit(values), dtype=np.float32)
