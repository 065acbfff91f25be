"""The chords of a clip with their times: major, minor and dominant seventh, or none.

The harmony network and crema give the probability of every chord in each frame; a Viterbi search over beats finds the sequence of
chords from their product.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from models.arrays import DoubleArray, FloatArray
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.harmony.notation import SHARPS
from pipelines.music.harmony.types import NO_CHORD_NAME, Chord, ChordCandidate
from pipelines.music.harmony.viterbi import best_path

KINDS = ("maj", "min", "7")
"""Kinds of chords on each root, in the order of the network's output."""
CHORD_COUNT = 12 * len(KINDS) + 1
NO_CHORD = CHORD_COUNT - 1
CHANGE_COST = 3.0
"""Cost of a change of chord, in nats."""
EVIDENCE_FRAMES = 8.0
"""Independent frames in one beat. With 4 the majmin score on rendered chorales and quartets (tuning) is lower by 0.03, and on
composed pieces equal."""
GRID_SECONDS = 0.5
"""Distance of the times at which chords may change where there are no beats."""
OWN_WEIGHT, CREMA_WEIGHT = 0.5, 0.5
"""Exponents of the probabilities of the harmony network and of crema. Set on the tuning sources: majmin on composed pieces,
chorales and quartets is 0.975, 0.745 and 0.851; with the harmony network alone 0.952, 0.710 and 0.822, with crema alone 0.971,
0.637 and 0.736."""
MIN_PROB = 1e-4
"""Probabilities are taken to be at least this, so that neither network can rule a chord out."""
MIN_ALTERNATIVE_PROB = 0.02
MAX_ALTERNATIVES = 2


def find_chords(
    probs: FloatArray, duration: float, beats: tuple[float, ...] = (), spelling: tuple[str, ...] = SHARPS
) -> tuple[Chord, ...]:
    """Return the chords of a clip, which change only at beats.

    Args:
        probs: [frames, 37], 10.8 a second.
        duration: of the clip, seconds.
        beats: seconds, ascending.
        spelling: names of the twelve pitch classes, from C up.
    """
    edges = chord_grid(beats, duration)
    log_probs = np.log(np.maximum(probs, MIN_PROB))
    evidence = np.stack([_part(log_probs, start, end).mean(axis=0) for start, end in pairwise(edges)])
    path = best_path(EVIDENCE_FRAMES * evidence, CHANGE_COST)
    changes = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    return tuple(
        _chord(log_probs, float(edges[first]), float(edges[last]), int(path[first]), spelling)
        for first, last in pairwise(changes)
    )


def chord_grid(beats: tuple[float, ...], duration: float) -> DoubleArray:
    """Return the times at which chords may change, in seconds from 0 to `duration`: beats, elsewhere every half second."""
    anchors = np.array([0.0, *(beat for beat in beats if 0.0 < beat < duration), duration])
    edges = [anchors[0]]
    for start, end in pairwise(anchors):
        steps = max(1, round(float(end - start) / GRID_SECONDS)) if end - start > 3 * GRID_SECONDS else 1
        edges += [start + (end - start) * step / steps for step in range(1, steps)] + [end]
    return np.array(edges)


def fused_log_probs(logits: FloatArray, crema: FloatArray) -> FloatArray:
    """Return the log-probabilities [frames, 37] of both networks together: a weighted product.

    Args:
        logits: [frames, 37] of the harmony network.
        crema: [frames, 37], probabilities.
    """
    own = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    no_chord = np.minimum(own[:, NO_CHORD], crema[:, NO_CHORD])
    product = OWN_WEIGHT * _log_with(own, no_chord) + CREMA_WEIGHT * _log_with(crema, no_chord)
    normalised: FloatArray = product - np.logaddexp.reduce(product, axis=1, keepdims=True)
    return normalised


def _log_with(probs: FloatArray, no_chord: FloatArray) -> FloatArray:
    """Return log-probabilities [frames, 37]: that of no chord is the log of `no_chord`, the others keep their proportions."""
    scale = (1.0 - no_chord) / np.maximum(1.0 - probs[:, NO_CHORD], MIN_PROB)
    scaled = probs * scale[:, None]
    scaled[:, NO_CHORD] = no_chord
    logs: FloatArray = np.log(np.maximum(scaled, MIN_PROB))
    return logs


def chord_probability(logits: FloatArray) -> float:
    """Return the mean probability that there is a chord, 0 to 1, from the logits [frames, 37] of the harmony network."""
    return 1.0 - float(np.exp(logits[:, NO_CHORD] - np.logaddexp.reduce(logits, axis=1)).mean())


def chord_name(index: int, spelling: tuple[str, ...] = SHARPS) -> str:
    """Return the chord symbol of class `index`, e.g. 'A:min'; 'N' for no chord."""
    return NO_CHORD_NAME if index == NO_CHORD else f"{spelling[index // len(KINDS)]}:{KINDS[index % len(KINDS)]}"


def _chord(log_probs: FloatArray, start: float, end: float, index: int, spelling: tuple[str, ...]) -> Chord:
    probs = np.exp(_part(log_probs, start, end)).mean(axis=0)
    others = [i for i in np.argsort(-probs, kind="stable").tolist() if i != index and probs[i] >= MIN_ALTERNATIVE_PROB]
    candidates = tuple(ChordCandidate(chord_name(i, spelling), round(float(probs[i]), 3)) for i in others[:MAX_ALTERNATIVES])
    return Chord(round(start, 3), round(end, 3), chord_name(index, spelling), round(float(probs[index]), 3), candidates)


def _part(frames: FloatArray, start: float, end: float) -> FloatArray:
    """Return the frames [at least 1, ...] between two times in seconds."""
    first = min(len(frames) - 1, round(start * HARMONY_FRAMES_PER_SECOND))
    return frames[first : max(first + 1, round(end * HARMONY_FRAMES_PER_SECOND))]
