"""The tempo of a clip, from its beats and from the tempo logits of the beat network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray, FloatArray, IntArray
from pipelines.music.rhythm.beat_network import TEMPO_BINS, BeatActivations
from pipelines.music.rhythm.beat_search import MIN_TEMPO_BIN_BPM, TEMPO_BINS_PER_OCTAVE, max_around, sigmoid
from pipelines.music.rhythm.subdivision import Evidence
from pipelines.music.rhythm.types import Relation, Tempo, TempoCandidate
from pipelines.wording.grammar import share

TEMPO_SPAN_BEATS = 8
"""Beats over which the tempo is measured: the time of a single beat is known to 10 ms."""
TEMPO_TOLERANCE = 0.06
"""Natural logarithm of the ratio of two tempi below which they are the same."""
MIN_CANDIDATE_PROB = 0.02
MIN_ONBEAT_PROB = 0.3
"""Probability of a beat from which a frame supports a tempo."""
DOUBLED_PROB = 0.7
"""Probability that a tempo is twice that of the network, given `subdivision_evidence`. Chosen: both tempi can be tapped."""

RELATIONS: tuple[tuple[float, Relation], ...] = ((0.5, "half"), (2.0, "double"), (1 / 3, "third"), (3.0, "triple"))


def estimate_tempo(
    activations: BeatActivations,
    times: FloatArray,
    frames: IntArray,
    strength: float,
    limits: tuple[float, float],
    subdivision: Evidence | None = None,
) -> Tempo:
    """Return the tempo of the beats, with the other tempi that the network considered; none of them is more confident.

    Args:
        activations: of the beat network.
        times: of the beats, seconds.
        frames: of the beats at `SEARCH_RATE`.
        strength: mean probability of the beats, 0 to 1.
        limits: of the tempo, beats per minute.
        subdivision: evidence for which the beats are twice as many as the network found; None where they are not.
    """
    bpm = _median_bpm(times, limits)
    probs = strength * np.exp(activations.tempo - np.logaddexp.reduce(activations.tempo))
    taken = _near(bpm)
    if subdivision:
        half = _near(bpm / 2)
        moved = DOUBLED_PROB * float(probs[half].sum())
        probs[half] *= 1 - DOUBLED_PROB
        probs[np.abs(np.log(_bin_bpm() / bpm)).argmin()] += moved
    confidence = float(probs[taken].sum())

    candidates = []
    for ratio, relation in RELATIONS:
        candidates.append(_candidate(bpm * ratio, np.where(taken, 0, probs), confidence, relation))
        taken |= _near(bpm * ratio)
    left = np.where(taken, 0, probs)
    candidates.append(_candidate(float(_bin_bpm()[left.argmax()]), left, confidence, "other"))
    octaves, others = candidates[:2], [candidate for candidate in candidates[2:] if candidate.confidence >= MIN_CANDIDATE_PROB]
    ranked = (*octaves, *sorted(others, key=lambda candidate: -candidate.confidence))
    return Tempo(bpm, round(confidence, 3), ranked, _reason(activations.beats[:, 0], frames, bpm, subdivision))


def _candidate(bpm: float, probs: DoubleArray, limit: float, relation: Relation) -> TempoCandidate:
    """Return an alternative with the sum of `probs` [64] near it.

    The beats are evidence for the chosen tempo, so one that only the network's tempo logits prefer has at most its confidence.
    """
    return TempoCandidate(round(bpm, 1), round(min(limit, float(probs[_near(bpm)].sum())), 3), relation)


def _median_bpm(times: FloatArray, limits: tuple[float, float]) -> float:
    """Return the median tempo of the beats, to 0.1, within the limits; spans with a pause are outside of them."""
    for span in dict.fromkeys((min(TEMPO_SPAN_BEATS, len(times) - 1), 1)):
        bpm = 60 * span / (times[span:] - times[:-span])
        allowed = bpm[(bpm >= limits[0] * (1 - TEMPO_TOLERANCE)) & (bpm <= limits[1] * (1 + TEMPO_TOLERANCE))]
        if len(allowed):
            return min(limits[1], max(limits[0], round(float(np.median(allowed)), 1)))
    raise ValueError("no two beats are within the limits of the tempo")


def _bin_bpm() -> DoubleArray:
    """Return the tempo [64] of each of the network's bins."""
    bpm: DoubleArray = MIN_TEMPO_BIN_BPM * 2 ** (np.arange(TEMPO_BINS) / TEMPO_BINS_PER_OCTAVE)
    return bpm


def _near(bpm: float) -> NDArray[np.bool_]:
    """Return a mask [64] of the bins that are the same tempo."""
    near: NDArray[np.bool_] = np.abs(np.log(_bin_bpm() / bpm)) < TEMPO_TOLERANCE
    return near


def _reason(logits: FloatArray, frames: IntArray, bpm: float, subdivision: Evidence | None) -> str:
    """Return the evidence for the tempo and against its double and half, or for doubling it."""
    if subdivision == "pulse":
        return f"Midway between the beats of {bpm / 2:.0f} BPM is nearly as strong a pulse, so the tempo is {bpm:.0f} BPM."
    if subdivision == "drums":
        return f"The snare is on every beat of {bpm / 2:.0f} BPM and the bass drum between, so the tempo is {bpm:.0f} BPM."
    between = (frames[:-1] + frames[1:]) // 2
    on, off = (float((sigmoid(max_around(logits, places)) >= MIN_ONBEAT_PROB).mean()) for places in (frames, between))
    return (
        f"At {bpm:.0f} BPM {share(on)} of the beats meet a pulse; {2 * bpm:.0f} BPM would add beats of which {share(off)} do, "
        f"and {bpm / 2:.0f} BPM would leave out every other one that does."
    )
