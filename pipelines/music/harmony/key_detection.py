"""The key of a clip and of its parts: a softmax over 24 keys of weighted evidence.

`python -m training.music.fit_keys` finds the weights on the tuning sources of `benchmarks/accuracy/sources.json`, by maximum
likelihood, so that the probabilities are calibrated and add up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from models.arrays import DoubleArray
from pipelines.music.harmony.key_evidence import EDGES, LOCAL, HarmonyActivations, edge_evidence, local_evidence
from pipelines.music.harmony.notation import MODES, Mode, tonic_name
from pipelines.music.harmony.types import Key, KeyCandidate

WEIGHTS_FILE = Path(__file__).with_name("key_weights.json")
MIN_CHORD_PROB = 0.25
"""Mean probability of a chord by the harmony network below which there is no tonal centre: 0.03 for drums, 0.41 for a bass line
with drums."""
MIN_KEY_PROB = 0.12
"""Probability of the best of 24 keys below which there is none."""
MIN_ALTERNATIVE_PROB = 0.02
MAX_ALTERNATIVES = 3


@cache
def key_weights() -> Mapping[str, Mapping[str, float]]:
    """Return the weight of each kind of evidence: for a whole 'clip' and for a 'part'."""
    weights: Mapping[str, Mapping[str, float]] = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return weights


def clip_key_log_probs(activations: HarmonyActivations) -> DoubleArray:
    """Return the log-probability [24] of each key for the whole clip."""
    weights = key_weights()["clip"]
    evidence = np.concatenate([local_evidence(activations), edge_evidence(activations)])
    return _log_softmax(np.array([weights[kind] for kind in (*LOCAL, *EDGES)]) @ evidence)


def part_key_log_probs(activations: HarmonyActivations, part: slice) -> DoubleArray:
    """Return the log-probability [24] of each key for some frames."""
    weights = key_weights()["part"]
    return _log_softmax(np.array([weights[kind] for kind in LOCAL]) @ local_evidence(activations, part))


def find_key(log_probs: DoubleArray, chord_prob: float) -> Key | None:
    """Return the key of a clip, or None without a tonal centre.

    Args:
        log_probs: [24]: C major, C minor, C sharp major and so on.
        chord_prob: mean probability over the clip that there is a chord.
    """
    probs = np.exp(log_probs)
    order = np.argsort(-probs, kind="stable")
    if chord_prob < MIN_CHORD_PROB or probs[order[0]] < MIN_KEY_PROB:
        return None
    best, *others = (KeyCandidate(*tonic_and_mode(int(i)), round(float(probs[i]), 3)) for i in order[: 1 + MAX_ALTERNATIVES])
    return Key(best.tonic, best.mode, best.confidence, tuple(key for key in others if key.confidence >= MIN_ALTERNATIVE_PROB))


def tonic_and_mode(key: int) -> tuple[str, Mode]:
    """Return the name of the tonic, and the mode, of key `key` of 24."""
    tonic, mode = key // len(MODES), MODES[key % len(MODES)]
    return tonic_name(tonic, mode), mode


def _log_softmax(scores: DoubleArray) -> DoubleArray:
    normalised: DoubleArray = scores - np.logaddexp.reduce(scores)
    return normalised
