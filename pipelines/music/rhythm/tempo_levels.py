"""The metrical level of the beats: whether the tempo is the one of the search, or its half, double, third or triple.

A conditional logistic regression over the levels: the softmax of their weighted evidence gives their probabilities. Style decides
between octaves where the pulse does not (Hörschläger, Vogl, Böck and Knees 2015), so tags of calm music count beside
the pulse and the density of onsets. `python -m training.music.train_tempo_levels` finds the weights on the tuning sources.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from models.arrays import DoubleArray, FloatArray, IntArray
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND, BeatActivations
from pipelines.music.rhythm.beat_search import SEARCH_RATE, max_around, sigmoid
from pipelines.music.rhythm.pulse import pulse_correlation, tempo_bins
from pipelines.music.rhythm.subdivision import are_eighths, subdivision_evidence
from pipelines.music.tags.tag_fusion import MusicTags, log_odds
from pipelines.music.tags.tag_table import TABLE

WEIGHTS_FILE = Path(__file__).parent / "tempo_levels.json"
THIRD = 1 / 3
RATIOS = (1.0, 1 / 2, 2.0, THIRD, 3.0)
"""Tempi that are considered, relative to the one of the search."""
EVIDENCE_PROB = 0.7
"""Probability of the level that the places of onsets and downbeats are evidence for, beside its share of the rest: a third of the
tempo of the search if `are_eighths`, else its double if there is `subdivision_evidence`. Chosen: both tempi can be tapped."""
MIN_BEATS = 4
FEATURES = ("network", "pulse", "density", "distance", "calm", "slow")
SAME_TEMPO = 0.08
"""Natural logarithm of the ratio of two tempi below which they are the same."""
MIN_PROB = 0.01
"""Added to probabilities, so that logarithms are finite."""
CENTRE_BPM = 120.0
CENTRE_DENSITY = 1.3
"""Binary logarithm of the number of onsets in a beat that is usual: 2.5."""
ONSET_FRAMES, ONSET_MEAN_FRAMES, MIN_ONSET = 3, 10, 0.03
"""Distance between onsets and length of the mean around them, in frames; onset strength above it, relative to the maximum."""


@dataclass(frozen=True)
class Character:
    """Log-odds of the tags of calm music; 0 where there are none."""

    calm: float = 0.0
    """Ambient or classical, whichever is more confident."""
    slow: float = 0.0


NEUTRAL = Character()
"""Character where no tags are known."""


@dataclass(frozen=True, eq=False)
class TempoLevel:
    """Beats at one of the tempi that are considered."""

    ratio: float
    """To the tempo of the search, one of `RATIOS`."""
    bpm: float
    frames: IntArray
    """Frames of the beats at `SEARCH_RATE`."""
    features: DoubleArray
    """[6], the values of `FEATURES`."""
    probability: float = 0.0
    """0 to 1; those of all levels sum to 1."""


def character_of(tags: MusicTags) -> Character:
    """Return the character of music by its tags."""
    if not len(tags.confidences):
        return NEUTRAL
    odds = dict(zip((row.name for row in TABLE), log_odds(tags.confidences.mean(axis=0)).tolist(), strict=True))
    return Character(max(odds["Ambient"], odds["Classical"]), odds["Slow"])


def tempo_levels(
    activations: BeatActivations, frames: IntArray, limits: tuple[float, float], character: Character
) -> tuple[TempoLevel, ...]:
    """Return the levels that lie within the limits, the most probable first; never none.

    Args:
        activations: of the beat networks.
        frames: of the beats that the search found, at `SEARCH_RATE`.
        limits: of the tempo, beats per minute.
        character: of the music.
    """
    # What is not calm need not be fast: 88 of 94 pieces of the tuning sources are right, with negative log-odds 86.
    calm = Character(max(0.0, character.calm), max(0.0, character.slow))
    levels = levels_of(activations, frames, limits, calm)
    scores = np.array([level.features for level in levels]) @ _weights()
    probs = np.exp(scores - np.logaddexp.reduce(scores))
    ratios = [level.ratio for level in levels]
    if THIRD in ratios and are_eighths(activations, frames, levels[ratios.index(THIRD)].frames):
        probs = (1 - EVIDENCE_PROB) * probs + EVIDENCE_PROB * (np.array(ratios) == THIRD)
    elif 2.0 in ratios and subdivision_evidence(activations, frames, limits[1]):
        probs = (1 - EVIDENCE_PROB) * probs + EVIDENCE_PROB * (np.array(ratios) == 2.0)
    order = np.argsort(-probs, kind="stable")
    return tuple(
        TempoLevel(level.ratio, level.bpm, level.frames, level.features, float(probs[i]))
        for i, level in ((i, levels[i]) for i in order.tolist())
    )


def levels_of(
    activations: BeatActivations, frames: IntArray, limits: tuple[float, float], character: Character
) -> tuple[TempoLevel, ...]:
    """Return the levels within the limits with their features, the one of the search first, without probabilities."""
    evidence = _Evidence(activations, character)
    searched = 60 * SEARCH_RATE / float(np.median(np.diff(frames)))
    levels = []
    for ratio in RATIOS:
        bpm = searched * ratio
        beats = frames if ratio == 1 else _subdivided(frames, round(ratio)) if ratio > 1 else evidence.thinned(frames, ratio)
        if ratio == 1 or (limits[0] <= bpm <= limits[1] and len(beats) >= MIN_BEATS):
            levels.append(TempoLevel(ratio, bpm, beats, evidence.features(bpm)))
    return tuple(levels)


class _Evidence:
    """What speaks for and against a level."""

    def __init__(self, activations: BeatActivations, character: Character) -> None:
        self._downbeats = sigmoid(activations.beats[:, 1])
        self._probs = sigmoid(activations.beats[:, 0])
        self._tempo = np.exp(activations.tempo - np.logaddexp.reduce(activations.tempo))
        self._correlation = pulse_correlation(self._probs)
        self._onsets_a_minute = 60 * onset_rate(activations.onsets)
        self._character = character

    def thinned(self, frames: IntArray, ratio: float) -> IntArray:
        """Return every second or third of the frames, those where beats and downbeats are likeliest."""
        step = round(1 / ratio)
        choices = [frames[first::step] for first in range(step)]
        likely = [
            sum(float(max_around(values, beats).mean()) for values in (self._probs, self._downbeats)) if len(beats) else 0.0
            for beats in choices
        ]
        return choices[int(np.argmax(likely))]

    def features(self, bpm: float) -> DoubleArray:
        """Return [6], the values of `FEATURES`."""
        octaves = float(np.log2(bpm / CENTRE_BPM))
        near = np.abs(np.log(tempo_bins() / bpm)) < SAME_TEMPO
        place = float(np.interp(np.log2(bpm), np.log2(tempo_bins()), self._correlation))
        density = float(np.log2(self._onsets_a_minute / bpm)) if self._onsets_a_minute else CENTRE_DENSITY
        character = self._character
        return np.array(
            [
                np.log(float(self._tempo[near].sum()) + MIN_PROB),
                place,
                (density - CENTRE_DENSITY) ** 2,
                octaves**2,
                octaves * character.calm,
                octaves * character.slow,
            ]
        )


def onset_rate(onsets: FloatArray) -> float:
    """Return the number of onsets a second, from their strength [frames at 50 a second]."""
    from librosa.util import peak_pick

    highest = float(onsets.max(initial=0))
    if highest <= 0:
        return 0.0
    near, mean = ONSET_FRAMES, ONSET_MEAN_FRAMES
    options = {"pre_max": near, "post_max": near, "pre_avg": mean, "post_avg": mean, "delta": MIN_ONSET, "wait": near}
    return len(peak_pick(onsets / highest, **options)) * FRAMES_PER_SECOND / len(onsets)


def _subdivided(frames: IntArray, parts: int) -> IntArray:
    """Return the frames with `parts` - 1 more at equal distances between each two."""
    places = np.arange((len(frames) - 1) * parts + 1) / parts
    divided: IntArray = np.round(np.interp(places, np.arange(len(frames)), frames)).astype(np.int64)
    return divided


@cache
def _weights() -> DoubleArray:
    """Return the weight [6] of each of `FEATURES`."""
    weights = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return np.array([weights[name] for name in FEATURES])
