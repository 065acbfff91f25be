"""Where the beats and the bars of a clip are, how fast they go, and how sure that is.

The beat network says how likely each frame is a beat and a downbeat. Two Viterbi searches make music of it: one over beat times
and the distance between beats, which may change a little from beat to beat (a semi-Markov form of the bar pointer model of Krebs,
Böck and Widmer 2015); one over the place of each beat in its bar.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.arrays import AnyArray, DoubleArray, FloatArray, IntArray
from pipelines.music.beat_network import FRAMES_PER_SECOND, METRES, TEMPO_BINS, RhythmActivations

SLOWEST_BIN_BPM = 40.0
TEMPO_BINS_PER_OCTAVE = 24
SEARCH_RATE = 2 * FRAMES_PER_SECOND
"""Frames a second in the search: at 200 beats a minute, a step of 20 ms would be 7 % of a beat."""
TIMING_FRAMES = 1.0
"""Standard deviation in search frames of when a beat is played."""
TEMPO_CHANGE = 0.03
"""Standard deviation of how a distance between beats differs from the last one."""
TEMPO_WEIGHT = 1.0
"""Of the network's tempo for each beat, against what it says of the beat itself."""
BEAT_BONUS = 1.5
"""Added to each logit: the probability of one beat is spread over a few frames, and most beats of music are weak ones."""
LOGIT_LIMIT = 5.0
"""No single frame may say more than this."""
GAP_COST = 12.0
"""Of a pause after which the beat begins anew."""
GAP_SECONDS = 1.0
NOWHERE = -1
SLIP_COST = 8.0
"""Of a bar that is longer or shorter than the others."""
BAR_WEIGHT = 8.0
"""How many beats the downbeats of a whole clip are worth as evidence for its metre."""
METRE_WEIGHT = 2.0
"""Of what the network says of the metre itself."""
DIVISION_WEIGHT = 3.0
MIN_THIRDS = -0.3
"""Of `thirds_against_halves`: below, every unit speaks against 6/8 with `DIVISION_WEIGHT`."""
MIN_BEATS = 5
TEMPO_SPAN = 8
"""Beats over which the tempo is measured, as single ones are known to 10 ms."""
TEMPO_TOLERANCE = 0.06
"""Readings this close are the same tempo."""
FAINTEST_CANDIDATE = 0.02
OFFBEATS_HEARD = 0.3
"""Probability from which a frame counts as met by a pulse."""

Relation = Literal["half", "double", "third", "triple", "other"]
RELATIONS: tuple[tuple[float, Relation], ...] = ((0.5, "half"), (2.0, "double"), (1 / 3, "third"), (3.0, "triple"))


@dataclass(frozen=True)
class TempoCandidate:
    """A tempo that was considered and not taken."""

    bpm: float
    """Beats per minute."""
    confidence: float
    """0 to 1; those of the chosen tempo and of all candidates add up to no more than 1."""
    relation: Relation
    """To the chosen tempo: 'half' goes half as fast."""


@dataclass(frozen=True)
class Tempo:
    """How many beats a minute has; the beat is the notated one, in 6/8 and 12/8 the dotted quarter."""

    bpm: float
    """Beats per minute: the median over the clip."""
    confidence: float
    """0 to 1: low where two readings are equally good, or where there is hardly a pulse."""
    alternatives: tuple[TempoCandidate, ...]
    """Half and double first, then what else came near, best first."""
    reason: str
    """Why this one and not its half or double, in one sentence for people."""


@dataclass(frozen=True)
class MetreCandidate:
    """A metre that was considered and not taken."""

    beats_per_bar: int
    beat_unit: int
    confidence: float
    """0 to 1."""

    @property
    def metre(self) -> str:
        """As a time signature, e.g. '3/4'."""
        return time_signature(self.beats_per_bar, self.beat_unit)


@dataclass(frozen=True)
class Beats:
    """Every beat, and where it stands in its bar."""

    times: tuple[float, ...]
    """Seconds, ascending."""
    positions: tuple[int, ...]
    """Of each beat in its bar: 1 is the downbeat, then 2, up to `beats_per_bar`."""
    beats_per_bar: int
    """Beats that a person counts or conducts: 2 in 6/8, where each beat is a dotted quarter."""
    beat_unit: int
    """4: the beat is a quarter; 8: it is three eighths, as in 6/8."""
    confidence: float
    """0 to 1, of the beats' places and the metre together."""
    alternatives: tuple[MetreCandidate, ...] = ()
    """Other metres, best first."""

    @property
    def metre(self) -> str:
        """As a time signature, e.g. '4/4' or '6/8'."""
        return time_signature(self.beats_per_bar, self.beat_unit)

    @property
    def downbeats(self) -> tuple[float, ...]:
        """Seconds at which the bars begin."""
        return tuple(time for time, position in zip(self.times, self.positions, strict=True) if position == 1)


def time_signature(beats_per_bar: int, beat_unit: int) -> str:
    """'3/4' for three quarters a bar; '6/8' for two beats of three eighths."""
    return f"{beats_per_bar}/4" if beat_unit == 4 else f"{3 * beats_per_bar}/8"


@dataclass(frozen=True)
class RhythmOptions:
    """What is looked for."""

    slowest_bpm: float = 40.0
    """Beats per minute."""
    fastest_bpm: float = 240.0
    beats_per_bar: int | None = None
    """None to find out."""
    weakest_pulse: float = 0.35
    """Mean probability at the beats below which there is no pulse."""


def find_rhythm(activations: RhythmActivations, options: RhythmOptions = RhythmOptions()) -> tuple[Tempo, Beats] | None:
    """The tempo and the beats, or None where there is no pulse."""
    frames = beat_frames(activations.pulse[:, 0], activations.tempo, options.slowest_bpm, options.fastest_bpm)
    return rhythm_of_beats(frames, activations, options)


def rhythm_of_beats(
    frames: IntArray, activations: RhythmActivations, options: RhythmOptions = RhythmOptions()
) -> tuple[Tempo, Beats] | None:
    """The same from beats that are known, as `beat_frames` finds them."""
    if len(frames) < MIN_BEATS:
        return None
    strength = float(_sigmoid(_highest_around(activations.pulse[:, 0], frames)).mean())
    if strength < options.weakest_pulse:
        return None
    times = _refined(activations.pulse[:, 0], frames)
    positions, metres = bar_positions(activations, frames, options.beats_per_bar)
    (beats, unit), metre_confidence = metres[0]
    tempo = _tempo(activations, times, frames, strength)
    others = tuple(MetreCandidate(*metre, round(share, 3)) for metre, share in metres[1:] if share >= FAINTEST_CANDIDATE)
    return tempo, Beats(
        tuple(round(float(t), 3) for t in times),
        tuple(positions.tolist()),
        beats,
        unit,
        round(strength * metre_confidence, 3),
        others,
    )


def beat_frames(logits: FloatArray, tempo_logits: FloatArray, slowest_bpm: float = 40.0, fastest_bpm: float = 240.0) -> IntArray:
    """Frames of the beats at `SEARCH_RATE`, ascending: the best path for `logits` [frames at 50 a second] of a beat.

    `score[t, i]` is the best that can be said of frames up to t if t is a beat and the one before was `intervals[i]` earlier.
    """
    evidence = _at_search_rate(np.clip(logits + BEAT_BONUS, -LOGIT_LIMIT, LOGIT_LIMIT))
    shortest, longest = round(60 * SEARCH_RATE / fastest_bpm), round(60 * SEARCH_RATE / slowest_bpm)
    intervals = np.arange(shortest, longest + 1)
    prior = TEMPO_WEIGHT * _log_tempo(tempo_logits, intervals)
    change, columns, gap = _tempo_change_cost(shortest, longest), np.arange(len(intervals)), round(GAP_SECONDS * SEARCH_RATE)
    path = _Backpointers(len(evidence), intervals)
    onward = np.full((longest + 1, len(intervals)), -np.inf, dtype=np.float32)  # [beat modulo its rows, next interval]
    highest, highest_at = GAP_COST, NOWHERE  # a beginning costs nothing
    for t, gain in enumerate(evidence.tolist()):
        if t >= gap and path.best[t - gap] > highest:
            highest, highest_at = float(path.best[t - gap]), t - gap
        fresh = prior + (highest - GAP_COST)
        score = onward[(t - intervals) % len(onward), columns] + prior
        path.is_fresh[t] = fresh > score
        score = np.maximum(fresh, score) + gain
        path.fresh_from[t], path.best_column[t], path.best[t] = highest_at, score.argmax(), score.max()
        leading = score - change  # [next interval, interval]
        path.onward_from[t] = leading.argmax(axis=1)
        onward[t % len(onward)] = leading[columns, path.onward_from[t]]
    return path.traced()


class _Backpointers:
    """How each beat was reached; an hour takes 90 MB."""

    def __init__(self, frames: int, intervals: IntArray) -> None:
        self._intervals = intervals
        self.best = np.empty(frames, dtype=np.float32)
        """[frames], of the best path that ends with a beat there."""
        self.best_column = np.empty(frames, dtype=np.int32)
        self.is_fresh = np.empty((frames, len(intervals)), dtype=np.bool_)
        """[frames, interval]: no beat one interval before; the beat begins there, or again after a pause."""
        self.fresh_from = np.empty(frames, dtype=np.int32)
        """[frames], the beat before the pause."""
        self.onward_from = np.empty((frames, len(intervals)), dtype=np.uint8)
        """[frames, next interval], the interval that led to the beat."""

    def traced(self) -> IntArray:
        """Frames of the best path, ascending."""
        if not len(self.best) or self.best.max() <= 0:
            return np.empty(0, dtype=np.int64)
        t = int(self.best.argmax())
        column, path = int(self.best_column[t]), [t]
        while True:
            if self.is_fresh[t, column]:
                t = int(self.fresh_from[t])
                if t == NOWHERE:
                    return np.array(path[::-1], dtype=np.int64)
                column = int(self.best_column[t])
            else:
                t -= int(self._intervals[column])
                column = int(self.onward_from[t, column])
            path.append(t)


@cache
def _tempo_change_cost(shortest: int, longest: int) -> FloatArray:
    """[to, from] for two distances between beats that follow each other, in search frames."""
    intervals = np.arange(shortest, longest + 1, dtype=np.float32)
    step = (intervals[:, np.newaxis] - intervals) / (TIMING_FRAMES + TEMPO_CHANGE * intervals)
    cost: FloatArray = (0.5 * step**2).astype(np.float32)
    return cost


def bar_positions(
    activations: RhythmActivations, frames: IntArray, beats_per_bar: int | None = None
) -> tuple[IntArray, list[tuple[tuple[int, int], float]]]:
    """Position in the bar of each beat (1 is the downbeat), and every metre with its confidence, best first."""
    beat, downbeat = (_highest_around(activations.pulse[:, column], frames) for column in (0, 1))
    share = np.clip(_sigmoid(downbeat) / np.maximum(_sigmoid(beat), 0.05), 0.02, 0.98)
    first, later = np.log(share), np.log1p(-share)
    heard = activations.metre - np.logaddexp.reduce(activations.metre)
    paths = {length: _bar_path(first, later, length) for length in {length for length, _ in METRES}}
    per_beat = np.array([paths[length][1] for length, _ in METRES]) / len(frames)
    total = BAR_WEIGHT * per_beat + METRE_WEIGHT * heard
    total[[unit == 8 for _, unit in METRES]] -= DIVISION_WEIGHT * max(
        0.0, MIN_THIRDS - thirds_against_halves(activations.onsets, frames)
    )
    if beats_per_bar is not None:
        total[[length != beats_per_bar for length, _ in METRES]] = -np.inf
    confidence = np.exp(total - np.logaddexp.reduce(total))
    order = np.argsort(-total, kind="stable")
    ranked = [(METRES[i], float(confidence[i])) for i in order]
    return paths[METRES[order[0]][0]][0] + 1, ranked


def thirds_against_halves(onsets: FloatArray, frames: IntArray) -> float:
    """How much more begins at the thirds of beats than at their halves, as a natural logarithm: 0 for equally much.

    Where a beat is three eighths, both of its thirds are played; in a swung one only the second is.
    """
    starts, lengths = frames[:-1], np.diff(frames)
    half, one_third, two_thirds = (
        float(_highest_around(onsets, np.round(starts + share * lengths)).mean()) for share in (1 / 2, 1 / 3, 2 / 3)
    )
    return float(np.log((min(one_third, two_thirds) + 1e-3) / (half + 1e-3)))


def _bar_path(first: FloatArray, later: FloatArray, length: int) -> tuple[IntArray, float]:
    """(position from 0 of each beat, score) of the best path through bars of `length` beats."""
    beats = len(first)
    came_from = np.zeros((beats, length), dtype=np.int64)
    gains = np.tile(later[:, np.newaxis], (1, length))
    gains[:, 0] = first
    score = gains[0].copy()
    regular = (np.arange(length) - 1) % length
    for i in range(1, beats):
        slipping = int(score.argmax())
        slips = score[slipping] - SLIP_COST > score[regular]
        came_from[i] = np.where(slips, slipping, regular)
        score = np.where(slips, score[slipping] - SLIP_COST, score[regular]) + gains[i]
    path = np.empty(beats, dtype=np.int64)
    path[-1] = score.argmax()
    for i in range(beats - 1, 0, -1):
        path[i - 1] = came_from[i, path[i]]
    return path, float(score.max())


def _tempo(activations: RhythmActivations, times: FloatArray, frames: IntArray, strength: float) -> Tempo:
    """The tempo of the beats that were found, with what else the network considered."""
    span = min(TEMPO_SPAN, len(times) - 1)
    bpm = 60 / float(np.median((times[span:] - times[:-span]) / span))
    share = np.exp(activations.tempo - np.logaddexp.reduce(activations.tempo))
    taken = _near(bpm)
    confidence = float(share[taken].sum()) * strength
    candidates = []
    for ratio, relation in RELATIONS:
        candidates.append(TempoCandidate(round(bpm * ratio, 1), round(float(share[_near(bpm * ratio)].sum()), 3), relation))
        taken |= _near(bpm * ratio)
    left = np.where(taken, 0, share)
    other = _bin_bpm()[left.argmax()]
    candidates.append(TempoCandidate(round(float(other), 1), round(float(left[_near(other)].sum()), 3), "other"))
    octaves, others = candidates[:2], [candidate for candidate in candidates[2:] if candidate.confidence >= FAINTEST_CANDIDATE]
    ranked = (*octaves, *sorted(others, key=lambda candidate: -candidate.confidence))
    return Tempo(round(bpm, 1), round(confidence, 3), ranked, _reason(activations.pulse[:, 0], frames, bpm))


def _bin_bpm() -> DoubleArray:
    """[64], the tempo that each of the network's bins stands for."""
    bpm: DoubleArray = SLOWEST_BIN_BPM * 2 ** (np.arange(TEMPO_BINS) / TEMPO_BINS_PER_OCTAVE)
    return bpm


def _near(bpm: float) -> NDArray[np.bool_]:
    """[64], the bins that are the same tempo."""
    near: NDArray[np.bool_] = np.abs(np.log(_bin_bpm() / bpm)) < TEMPO_TOLERANCE
    return near


def _reason(logits: FloatArray, frames: IntArray, bpm: float) -> str:
    """What speaks for the tempo and against its double and half."""
    between = (frames[:-1] + frames[1:]) // 2
    on, off = (float((_sigmoid(_highest_around(logits, places)) >= OFFBEATS_HEARD).mean()) for places in (frames, between))
    return (
        f"At {bpm:.0f} BPM {on:.0%} of the beats meet a pulse; {2 * bpm:.0f} BPM would add beats of which {off:.0%} do, "
        f"and {bpm / 2:.0f} BPM would leave out every other one that does."
    )


def _at_search_rate(values: FloatArray) -> FloatArray:
    """[frames at 50 a second] to [2 frames - 1 at 100 a second], straight lines between."""
    places = np.arange(max(0, 2 * len(values) - 1)) / 2
    return np.interp(places, np.arange(len(values)), values).astype(np.float32) if len(values) else values


def _highest_around(values: FloatArray, frames: AnyArray) -> FloatArray:
    """The highest of the frames [at 50 a second] around each of `frames` [at 100 a second]."""
    centers = np.round(frames / 2).astype(np.int64)
    around = np.clip(centers[:, np.newaxis] + np.arange(-1, 2), 0, len(values) - 1)
    highest: FloatArray = values[around].max(axis=1)
    return highest


def _refined(logits: FloatArray, frames: IntArray) -> FloatArray:
    """Seconds of the beats: the center of the probability around each frame."""
    centers = np.round(frames / 2).astype(np.int64)
    around = np.clip(centers[:, np.newaxis] + np.arange(-2, 3), 0, len(logits) - 1)
    weight = _sigmoid(logits[around]) + 1e-3
    times: FloatArray = ((around * weight).sum(axis=1) / weight.sum(axis=1) / FRAMES_PER_SECOND).astype(np.float32)
    return times


def _log_tempo(tempo_logits: FloatArray, intervals: IntArray) -> FloatArray:
    """Log-probability of each distance between beats, relative to the likeliest of them."""
    places = TEMPO_BINS_PER_OCTAVE * np.log2(60 * SEARCH_RATE / intervals / SLOWEST_BIN_BPM)
    logits = np.interp(places, np.arange(TEMPO_BINS), tempo_logits).astype(np.float32)
    relative: FloatArray = np.maximum(logits - logits.max(initial=-np.inf), -8.0)
    return relative


def _sigmoid(values: FloatArray) -> FloatArray:
    probability: FloatArray = (0.5 + 0.5 * np.tanh(0.5 * values)).astype(np.float32)
    return probability
