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
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.harmony.key_evidence import EDGES, LOCAL, MINOR, HarmonyActivations, edge_evidence, local_evidence
from pipelines.music.harmony.notation import MODES, Mode, tonic_name
from pipelines.music.harmony.tonality import Tonality
from pipelines.music.harmony.types import Key, KeyCandidate

WEIGHTS_FILE = Path(__file__).with_name("key_weights.json")
CLIP = ("windows", "whole", *EDGES, "minor")
"""Kinds of evidence of a whole clip."""
WINDOW_SECONDS, HOP_SECONDS = 12.0, 4.0
"""Duration from which the key of a moment is read, and distance of the moments."""
MIN_PROB = 0.01
"""Added to the mean probability of a key over the windows, before its logarithm is taken."""
MIN_KEY_PROB = 0.12
"""Probability of the best of 24 keys below which there is none."""
MIN_ALTERNATIVE_PROB = 0.02
MAX_ALTERNATIVES = 3


@cache
def key_weights() -> Mapping[str, Mapping[str, float]]:
    """Return the weight of each kind of evidence: for a whole 'clip' and for a 'part'."""
    weights: Mapping[str, Mapping[str, float]] = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return weights


def part_key_log_probs(activations: HarmonyActivations, part: slice = slice(None)) -> DoubleArray:
    """Return the log-probability [24] of each key for some frames."""
    return _log_softmax(_weights("part", LOCAL) @ local_evidence(activations, part))


def window_key_log_probs(activations: HarmonyActivations) -> DoubleArray:
    """Return the log-probability [windows, 24] of each key in windows of 12 s around moments every 4 s, from 2 s on."""
    frames = len(activations.chords)
    hop, half = (round(seconds * HARMONY_FRAMES_PER_SECOND) for seconds in (HOP_SECONDS, WINDOW_SECONDS / 2))
    centres = range(hop // 2, max(hop, frames), hop)
    return np.stack([part_key_log_probs(activations, slice(max(0, centre - half), max(1, centre + half))) for centre in centres])


def clip_key_evidence(activations: HarmonyActivations, windows: DoubleArray) -> DoubleArray:
    """Return the evidence [5, 24] of a whole clip, in the order of `CLIP`; `windows` are those of `window_key_log_probs`."""
    mean = np.log(np.exp(windows).mean(axis=0) + MIN_PROB)
    return np.stack([mean, part_key_log_probs(activations), *edge_evidence(activations), MINOR])


def clip_key_log_probs(activations: HarmonyActivations, windows: DoubleArray) -> DoubleArray:
    """Return the log-probability [24] of each key for the whole clip."""
    return _log_softmax(_weights("clip", CLIP) @ clip_key_evidence(activations, windows))


def find_key(log_probs: DoubleArray, tonality: Tonality) -> Key | None:
    """Return the key of a clip, or None without a tonal centre.

    Args:
        log_probs: [24]: C major, C minor, C sharp major and so on.
        tonality: of the clip.
    """
    probs = np.exp(log_probs)
    order = np.argsort(-probs, kind="stable")
    if not tonality.has_centre or probs[order[0]] < MIN_KEY_PROB:
        return None
    best, *others = (KeyCandidate(*tonic_and_mode(int(i)), round(float(probs[i]), 3)) for i in order[: 1 + MAX_ALTERNATIVES])
    return Key(best.tonic, best.mode, best.confidence, tuple(key for key in others if key.confidence >= MIN_ALTERNATIVE_PROB))


def tonic_and_mode(key: int) -> tuple[str, Mode]:
    """Return the name of the tonic, and the mode, of key `key` of 24."""
    tonic, mode = key // len(MODES), MODES[key % len(MODES)]
    return tonic_name(tonic, mode), mode


def _weights(name: str, kinds: tuple[str, ...]) -> DoubleArray:
    return np.array([key_weights()[name][kind] for kind in kinds])


def _log_softmax(scores: DoubleArray) -> DoubleArray:
    normalised: DoubleArray = scores - np.logaddexp.reduce(scores)
    return normalised
