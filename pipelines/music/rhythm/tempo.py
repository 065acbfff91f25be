"""The tempo of a clip, from its beats, the metrical levels that were considered, and the tempo logits of the beat networks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray, FloatArray, IntArray
from pipelines.music.rhythm.beat_network import BeatActivations
from pipelines.music.rhythm.beat_search import max_around, sigmoid
from pipelines.music.rhythm.pulse import tempo_bins
from pipelines.music.rhythm.tempo_levels import SAME_TEMPO, TempoLevel
from pipelines.music.rhythm.types import Relation, Tempo, TempoCandidate
from pipelines.wording.grammar import share

TEMPO_SPAN_BEATS = 8
"""Beats over which the tempo is measured: the time of a single beat is known to 10 ms."""
TEMPO_TOLERANCE = 0.06
"""Relative deviation from the limits that the tempo of a span may have."""
MIN_CANDIDATE_PROB = 0.02
MIN_ONBEAT_PROB = 0.3
"""Probability of a beat from which a frame supports a tempo."""

RELATIONS: tuple[tuple[float, Relation], ...] = ((0.5, "half"), (2.0, "double"), (1 / 3, "third"), (3.0, "triple"))
OCTAVES: tuple[Relation, ...] = ("half", "double")
"""Relations that are always among the candidates, if they are within the limits."""


def estimate_tempo(
    activations: BeatActivations, times: FloatArray, levels: tuple[TempoLevel, ...], limits: tuple[float, float]
) -> Tempo:
    """Return the tempo of the beats, with the other tempi that were considered; none of them is more confident.

    The confidence is shared between the levels and, where the networks' tempo logits have another peak, that one.

    Args:
        activations: of the beat networks.
        times: of the beats of the first level, seconds.
        levels: see `tempo_levels`.
        limits: of the tempo, beats per minute.
    """
    bpm = median_bpm(times, limits)
    probs = np.exp(activations.tempo - np.logaddexp.reduce(activations.tempo))
    of_levels = np.any([_near(level.bpm) for level in levels], axis=0)
    elsewhere = np.where(of_levels, 0, probs)
    other_bpm = float(tempo_bins()[elsewhere.argmax()])
    other_prob = float(elsewhere[_near(other_bpm)].sum())
    confidence = levels[0].probability * (1 - other_prob)

    candidates = [
        TempoCandidate(
            round(bpm * ratio, 1),
            round((1 - other_prob) * _probability(levels, levels[0].ratio * ratio), 3),
            relation,
        )
        for ratio, relation in RELATIONS
    ]
    candidates.append(TempoCandidate(round(other_bpm, 1), round(min(confidence, other_prob), 3), "other"))
    allowed = [candidate for candidate in candidates if limits[0] <= candidate.bpm <= limits[1]]
    octaves = [candidate for candidate in allowed if candidate.relation in OCTAVES]
    others = [candidate for candidate in allowed if candidate not in octaves and candidate.confidence >= MIN_CANDIDATE_PROB]
    ranked = (*octaves, *sorted(others, key=lambda candidate: -candidate.confidence))
    return Tempo(bpm, round(confidence, 3), ranked, _reason(activations.beats[:, 0], levels[0].frames, bpm))


def _probability(levels: tuple[TempoLevel, ...], ratio: float) -> float:
    """Return the probability of the level at this ratio to the tempo of the search; 0 where it was not considered."""
    return next((level.probability for level in levels if abs(level.ratio / ratio - 1) < TEMPO_TOLERANCE), 0.0)


def median_bpm(times: FloatArray | DoubleArray, limits: tuple[float, float]) -> float:
    """Return the median tempo of the beats, to 0.1, within the limits; spans with a pause are outside of them."""
    for span in dict.fromkeys((min(TEMPO_SPAN_BEATS, len(times) - 1), 1)):
        bpm = 60 * span / (times[span:] - times[:-span])
        allowed = bpm[(bpm >= limits[0] * (1 - TEMPO_TOLERANCE)) & (bpm <= limits[1] * (1 + TEMPO_TOLERANCE))]
        if len(allowed):
            return min(limits[1], max(limits[0], round(float(np.median(allowed)), 1)))
    raise ValueError("no two beats are within the limits of the tempo")


def _near(bpm: float) -> NDArray[np.bool_]:
    """Return a mask [64] of the tempo bins that are the same tempo."""
    near: NDArray[np.bool_] = np.abs(np.log(tempo_bins() / bpm)) < SAME_TEMPO
    return near


def _reason(logits: FloatArray, frames: IntArray, bpm: float) -> str:
    """Return the evidence for the tempo and against its double and half."""
    between = (frames[:-1] + frames[1:]) // 2
    on, off = (float((sigmoid(max_around(logits, places)) >= MIN_ONBEAT_PROB).mean()) for places in (frames, between))
    return (
        f"At {bpm:.0f} BPM {share(on)} of the beats meet a pulse; {2 * bpm:.0f} BPM would add beats of which {share(off)} do, "
        f"and {bpm / 2:.0f} BPM would leave out every other one that does."
    )
