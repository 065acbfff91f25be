"""The keys of a clip in the course of time: a Viterbi search over 24 keys, in which a change has a cost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from models.arrays import DoubleArray
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.harmony.key_detection import HOP_SECONDS, WINDOW_SECONDS, part_key_log_probs, tonic_and_mode
from pipelines.music.harmony.key_evidence import HarmonyActivations
from pipelines.music.harmony.types import KeyCandidate, KeySpan
from pipelines.music.harmony.viterbi import best_path

EVIDENCE = HOP_SECONDS / WINDOW_SECONDS
"""Weight of the log-probabilities of a window: neighbouring windows share most of their frames."""
CHANGE_COST = 3.0
"""Cost of a change of key, in nats. With it, two composed pieces (tuning) of 36 s each, joined, have the right key for 0.9 of the
time and two spans, and single pieces have one; with 9, a quarter of the pairs have one span too."""


def find_key_spans(activations: HarmonyActivations, windows: DoubleArray, duration: float) -> tuple[KeySpan, ...]:
    """Return the keys from 0 to `duration`.

    Args:
        activations: of the clip.
        windows: [windows, 24], as `window_key_log_probs` returns them.
        duration: seconds.
    """
    frames = len(activations.chords)
    path = best_path(EVIDENCE * windows, CHANGE_COST)
    changes = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    spans = []
    for first, last in pairwise(changes):
        start, end = first * HOP_SECONDS, duration if last == len(path) else last * HOP_SECONDS
        probs = np.exp(part_key_log_probs(activations, _frames(start, end, frames)))
        key = KeyCandidate(*tonic_and_mode(int(path[first])), round(float(probs[path[first]]), 3))
        spans.append(KeySpan(round(start, 3), round(end, 3), key))
    return tuple(spans)


def _frames(start: float, end: float, frames: int) -> slice:
    """Return the frames, at least one, between two times in seconds."""
    first = min(frames - 1, max(0, round(start * HARMONY_FRAMES_PER_SECOND)))
    return slice(first, max(first + 1, min(frames, round(end * HARMONY_FRAMES_PER_SECOND))))
