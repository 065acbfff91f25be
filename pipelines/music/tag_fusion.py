"""From the scores of three models to what is said of a piece of music, and how surely.

A score is news as far as its log-odds differ from those of a neutral score, which says nothing. The news of the models is added
up, each with the weight that its kind of tag deserves: YAMNet knows instruments by their sound, musicnn knows styles. Weights and
neutral scores were set on the tuning pieces of `training/fitting_music_tags.json`; the figures of the test pieces are printed by
`python -m training.evaluate_music_tags`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from models.arrays import FloatArray
from pipelines.music.decisions import MIN_MUSIC_SCORE, MIN_PROBABLE
from pipelines.music.tag_table import (
    KINDS,
    MSD_TAGS,
    MTT_TAGS,
    TABLE,
    Kind,
    TableRow,
)
from pipelines.tagging.audioset import MUSIC, SPEECH, class_tree

MIN_SCORE = 1e-4
"""Log-odds of less are those of this: a model that is very sure of a no must not outvote the others."""
LIKELIEST = 0.2
"""For the first of its kind this is enough where one must be right: all music has a genre and is played by something."""
ALWAYS_ONE: tuple[Kind, ...] = ("genre", "instrument")
BEST_SHARE = 3
"""A singer may rest: whether there are vocals is decided by the third of the music in which they are likeliest."""


@dataclass(frozen=True)
class MusicScores:
    """What the models say of the same stretches of sound."""

    mtt: FloatArray
    """[stretches, 50]."""
    msd: FloatArray
    """[stretches, 50]."""
    yamnet: FloatArray
    """[stretches, 521]."""


@dataclass(frozen=True)
class ModelWeights:
    """Weight of each model's news, and the score of each that says nothing."""

    mtt: float
    msd: float
    yamnet: float
    neutral_yamnet: float
    neutral_musicnn: float = 0.1


@dataclass(frozen=True)
class MusicTag:
    """Something to say of a piece of music; from a `confidence` of 0.5, in 0 to 1, the models speak for it."""

    name: str
    kind: Kind
    confidence: float


BY_SOUND = ModelWeights(mtt=0.5, msd=0.5, yamnet=1.0, neutral_yamnet=0.01)
BY_STYLE = ModelWeights(mtt=1.0, msd=1.0, yamnet=0.5, neutral_yamnet=0.002)
WEIGHTS: dict[Kind, ModelWeights] = {kind: BY_SOUND if kind == "instrument" else BY_STYLE for kind in KINDS}

# Vocals: the tags that speak for them and against them, and the odds at which both balance.
MTT_VOICES = (
    *("vocal", "vocals", "singing", "voice", "choir", "choral", "opera"),
    *("female", "woman", "female vocal", "female voice", "male", "man", "male vocal", "male voice"),
)
MSD_NO_VOICE = "instrumental"
YAMNET_VOICES = (
    *("Singing", "Choir", "Yodeling", "Chant", "Mantra", "Child singing", "Synthetic singing", "Rapping", "Humming"),
    *("Vocal music", "A capella", "Opera"),
)
VOCAL_BALANCE = -4.1


def log_odds(scores: FloatArray | float) -> FloatArray:
    """Of scores in 0 to 1."""
    bounded = np.clip(np.asarray(scores, dtype=np.float32), MIN_SCORE, 1 - MIN_SCORE)
    return np.asarray(np.log(bounded / (1 - bounded)), dtype=np.float32)


def probability(evidence: FloatArray) -> FloatArray:
    """The inverse of `log_odds`."""
    return np.asarray(1 / (1 + np.exp(-evidence)), dtype=np.float32)


def confidences(scores: MusicScores) -> FloatArray:
    """[stretches, rows of `TABLE`], 0 to 1: how surely each row may be said of each stretch, if it is music."""
    evidence = np.zeros((len(scores.mtt), len(TABLE)), dtype=np.float32)
    for column, row in enumerate(TABLE):
        weights, columns = WEIGHTS[row.kind], _columns()[column]
        for weight, neutral, values, tags in (
            (weights.mtt, weights.neutral_musicnn, scores.mtt, columns.mtt),
            (weights.msd, weights.neutral_musicnn, scores.msd, columns.msd),
            (weights.yamnet, weights.neutral_yamnet, scores.yamnet, columns.yamnet),
        ):
            if tags:
                best = values[:, tags].max(axis=1)
                evidence[:, column] += weight * (log_odds(best) - log_odds(neutral))
    return probability(evidence)


def musicality(scores: MusicScores) -> FloatArray:
    """[stretches]: the highest score among 'Music', its kinds, and singing."""
    tree = class_tree()
    musical = sorted(tree.below(MUSIC) | {tree.index(name) for name in YAMNET_VOICES})
    highest: FloatArray = scores.yamnet[:, musical].max(axis=1)
    return highest


def vocals(scores: MusicScores) -> FloatArray:
    """[stretches]: probability that somebody sings; plain speech does not count."""
    tree = class_tree()
    voices = scores.mtt[:, [MTT_TAGS.index(tag) for tag in MTT_VOICES]].max(axis=1)
    singing = scores.yamnet[:, [tree.index(name) for name in YAMNET_VOICES]].max(axis=1)
    instrumental = scores.msd[:, MSD_TAGS.index(MSD_NO_VOICE)]
    evidence: FloatArray = (
        log_odds(voices) + (log_odds(singing) - log_odds(instrumental)) * np.float32(0.5) - np.float32(VOCAL_BALANCE)
    )
    unspoken = 1 - scores.yamnet[:, tree.index(SPEECH)]
    return np.asarray(np.where(musicality(scores) >= MIN_MUSIC_SCORE, probability(evidence) * unspoken, 0), dtype=np.float32)


def vocals_of_clip(vocals_over_time: FloatArray, music_over_time: FloatArray) -> float:
    """Probability that there are vocals somewhere in the music: the mean over its third that has most of them."""
    ordered = np.sort(vocals_over_time[music_over_time >= MIN_MUSIC_SCORE])[::-1]
    return float(ordered[: max(1, len(ordered) // BEST_SHARE)].mean()) if len(ordered) else 0.0


def best_tags(confidence: FloatArray, kind: Kind, count: int) -> tuple[MusicTag, ...]:
    """At most `count` tags of a kind from confidences [rows], best first.

    Of a family and its members the surer one is named, and of a vague family any member that is likely.
    """
    chosen: list[TableRow] = []
    tags: list[MusicTag] = []
    for column in np.argsort(-confidence, kind="stable").tolist():
        row = TABLE[column]
        enough = LIKELIEST if kind in ALWAYS_ONE and not tags else MIN_PROBABLE
        if len(tags) == count or confidence[column] < enough:
            break
        if row.kind == kind and not _is_said(row, chosen) and not (row.is_vague and _has_likely_member(row, confidence)):
            chosen.append(row)
            tags.append(MusicTag(row.name, kind, round(float(confidence[column]), 3)))
    return tuple(tags)


def _is_said(row: TableRow, chosen: Iterable[TableRow]) -> bool:
    return any(row.family == other.name or other.family == row.name for other in chosen)


def _has_likely_member(row: TableRow, confidence: FloatArray) -> bool:
    return any(confidence[i] >= MIN_PROBABLE for i, other in enumerate(TABLE) if other.family == row.name)


@dataclass(frozen=True)
class _Columns:
    """Where a row's tags stand in the models' outputs."""

    mtt: tuple[int, ...]
    msd: tuple[int, ...]
    yamnet: tuple[int, ...]


@cache
def _columns() -> tuple[_Columns, ...]:
    tree = class_tree()
    return tuple(
        _Columns(
            tuple(MTT_TAGS.index(tag) for tag in row.mtt),
            tuple(MSD_TAGS.index(tag) for tag in row.msd),
            tuple(tree.index(name) for name in row.yamnet),
        )
        for row in TABLE
    )
