"""The tempo of a clip, from its beats and from the tempo logits of the beat network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray, FloatArray, IntArray
from pipelines.music.rhythm.beat_network import TEMPO_BINS, BeatActivations
from pipelines.music.rhythm.beat_search import MIN_TEMPO_BIN_BPM, TEMPO_BINS_PER_OCTAVE, max_around, sigmoid
from pipelines.music.rhythm.types import Relation, Tempo, TempoCandidate

TEMPO_SPAN_BEATS = 8
"""Beats over which the tempo is measured: the time of a single beat is known to 10 ms."""
TEMPO_TOLERANCE = 0.06
"""Natural logarithm of the ratio of two tempi below which they are the same."""
MIN_CANDIDATE_PROB = 0.02
MIN_ONBEAT_PROB = 0.3
"""Probability of a beat from which a frame supports a tempo."""

RELATIONS: tuple[tuple[float, Relation], ...] = ((0.5, "half"), (2.0, "double"), (1 / 3, "third"), (3.0, "triple"))


def estimate_tempo(
    activations: BeatActivations, times: FloatArray, frames: IntArray, strength: float, limits: tuple[float, float]
) -> Tempo:
    """Return the tempo of the beats, with the other tempi that the network considered.

    Args:
        activations: of the beat network.
        times: of the beats, seconds.
        frames: of the beats at `SEARCH_RATE`.
        strength: mean probability of the beats, 0 to 1.
        limits: of the tempo, beats per minute.
    """
    bpm = _median_bpm(times, limits)
    probs = np.exp(activations.tempo - np.logaddexp.reduce(activations.tempo))
    taken = _near(bpm)
    confidence = float(probs[taken].sum()) * strength
    candidates = []
    for ratio, relation in RELATIONS:
        candidates.append(TempoCandidate(round(bpm * ratio, 1), round(float(probs[_near(bpm * ratio)].sum()), 3), relation))
        taken |= _near(bpm * ratio)
    left = np.where(taken, 0, probs)
    other = _bin_bpm()[left.argmax()]
    candidates.append(TempoCandidate(round(float(other), 1), round(float(left[_near(other)].sum()), 3), "other"))
    octaves, others = candidates[:2], [candidate for candidate in candidates[2:] if candidate.confidence >= MIN_CANDIDATE_PROB]
    ranked = (*octaves, *sorted(others, key=lambda candidate: -candidate.confidence))
    return Tempo(round(bpm, 1), round(confidence, 3), ranked, _reason(activations.beats[:, 0], frames, bpm))


def _median_bpm(times: FloatArray, limits: tuple[float, float]) -> float:
    """Return the median tempo of the beats within the limits; spans with a pause are outside of them."""
    for span in dict.fromkeys((min(TEMPO_SPAN_BEATS, len(times) - 1), 1)):
        bpm = 60 * span / (times[span:] - times[:-span])
        allowed = bpm[(bpm >= limits[0] * (1 - TEMPO_TOLERANCE)) & (bpm <= limits[1] * (1 + TEMPO_TOLERANCE))]
        if len(allowed):
            return min(limits[1], max(limits[0], float(np.median(allowed))))
    raise ValueError("no two beats are within the limits of the tempo")


def _bin_bpm() -> DoubleArray:
    """Return the tempo [64] of each of the network's bins."""
    bpm: DoubleArray = MIN_TEMPO_BIN_BPM * 2 ** (np.arange(TEMPO_BINS) / TEMPO_BINS_PER_OCTAVE)
    return bpm


def _near(bpm: float) -> NDArray[np.bool_]:
    """Return a mask [64] of the bins that are the same tempo."""
    near: NDArray[np.bool_] = np.abs(np.log(_bin_bpm() / bpm)) < TEMPO_TOLERANCE
    return near


def _reason(logits: FloatArray, frames: IntArray, bpm: float) -> str:
    """Return the evidence for the tempo and against its double and half."""
    between = (frames[:-1] + frames[1:]) // 2
    on, off = (float((sigmoid(max_around(logits, places)) >= MIN_ONBEAT_PROB).mean()) for places in (frames, between))
    return (
        f"At {bpm:.0f} BPM {on:.0%} of the beats meet a pulse; {2 * bpm:.0f} BPM would add beats of which {off:.0%} do, "
        f"and {bpm / 2:.0f} BPM would leave out every other one that does."
    )
