"""Probability of vocals in music, by a logistic regression on scores of the three models.

The coefficients are in `tag_calibration.json`, written by `python -m training.calibrate_music_tags`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Literal

import numpy as np

from models.arrays import FloatArray
from pipelines.music.decisions import MIN_MUSIC_SCORE
from pipelines.music.tags.tag_calibration import tag_calibration
from pipelines.music.tags.tag_fusion import MusicScores, log_odds, music_scores, probability
from pipelines.music.tags.tag_table import MSD_TAGS, MTT_TAGS
from pipelines.tagging.audioset import SINGING_CLASSES, SPEECH, class_tree


@dataclass(frozen=True)
class VocalScore:
    """A regressor: the log-odds of the highest of a model's scores of `tags`."""

    name: str
    model: Literal["mtt", "msd", "yamnet"]
    tags: tuple[str, ...]


VOCAL_SCORES = (
    VocalScore("women", "mtt", ("female", "woman", "female vocal", "female voice")),
    VocalScore("choirs", "mtt", ("choir", "choral", "opera")),
    VocalScore("singers", "msd", ("female vocalists", "female vocalist", "male vocalists")),
    VocalScore("singing", "yamnet", SINGING_CLASSES),
    VocalScore("song", "yamnet", ("Song",)),
)
"""Chosen on the tuning sources, each predicted from the others; musicnn's other tags of voices and against them got no weight."""
VOCALS_DIVISOR = 2
"""The half of the music in which vocals are likeliest decides whether a clip has vocals, since singers rest."""


def vocal_evidence(scores: MusicScores) -> FloatArray:
    """Return the log-odds [segments, VOCAL_SCORES] of the scores that are evidence for vocals."""
    found = [getattr(scores, one.model)[:, columns].max(axis=1) for one, columns in zip(VOCAL_SCORES, _columns(), strict=True)]
    return log_odds(np.stack(found, axis=1))


def vocal_probs(scores: MusicScores) -> FloatArray:
    """Return the probability [segments] of vocals; plain speech does not count."""
    calibration = tag_calibration().vocals
    factors = np.array([calibration.factors[one.name] for one in VOCAL_SCORES], dtype=np.float32)
    sung = probability(vocal_evidence(scores) @ factors + np.float32(calibration.intercept))
    unspoken = 1 - scores.yamnet[:, class_tree().index(SPEECH)]
    return np.asarray(np.where(music_scores(scores) >= MIN_MUSIC_SCORE, sung * unspoken, 0), dtype=np.float32)


def clip_vocals_prob(vocals_over_time: FloatArray, music_over_time: FloatArray) -> float:
    """Return the probability of vocals somewhere in the music: of the mean log-odds over the half of it that has most of them."""
    ordered = np.sort(vocals_over_time[music_over_time >= MIN_MUSIC_SCORE])[::-1]
    return float(probability(log_odds(ordered[: ceil(len(ordered) / VOCALS_DIVISOR)]).mean())) if len(ordered) else 0.0


@cache
def _columns() -> tuple[list[int], ...]:
    names = {"mtt": MTT_TAGS, "msd": MSD_TAGS, "yamnet": class_tree().names}
    return tuple([names[one.model].index(tag) for tag in one.tags] for one in VOCAL_SCORES)
