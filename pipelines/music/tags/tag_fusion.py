"""Fusion of three models' scores into the confidences of the tags of `tag_table`.

The evidence of a score is the difference of its log-odds from those of a neutral score. The evidence of the models is summed with
weights for each kind of tag: YAMNet is better at instruments, musicnn at styles. Weights and neutral scores were set on the
tuning pieces of `training/fitting_music_tags.json`; the figures of the test pieces are printed by
`python -m training.evaluate_music_tags`. `tag_calibration` makes confidences of instruments, genres and vocals from the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import Result, fields_of
from pipelines.music.decisions import MIN_MUSIC_SCORE
from pipelines.music.tags.tag_calibration import families, genre_log_odds, instrument_log_odds, tag_calibration
from pipelines.music.tags.tag_table import MSD_TAGS, MTT_TAGS, TABLE, TAG_KINDS, TableRow, TagKind
from pipelines.tagging.audioset import MUSIC, SINGING_CLASSES, class_tree
from pipelines.tagging.patch_scores import check_patches, check_scores
from pipelines.tagging.tag_heatmap import MAX_ROWS, TagHeatmap, peak_scores, tag_heatmap
from pipelines.wording.certainty import MIN_PROBABLE

MIN_SCORE = 1e-4
"""Scores are clipped here: a model with a score near 0 must not outvote the others."""
MIN_FIRST_CONFIDENCE = 0.2
"""Confidence from which the first genre is named: all music has one."""


@dataclass(frozen=True)
class MusicScores:
    """Scores of the models for the same segments."""

    mtt: FloatArray
    """[segments, 50]."""
    msd: FloatArray
    """[segments, 50]."""
    yamnet: FloatArray
    """[segments, 521]."""


@dataclass(frozen=True)
class ModelWeights:
    """Weight of each model's evidence, and the neutral score of each."""

    mtt: float
    msd: float
    yamnet: float
    neutral_yamnet: float
    """YAMNet's score that is no evidence, 0 to 1."""
    neutral_musicnn: float = 0.1
    """The same of both musicnn models."""


@dataclass(frozen=True)
class MusicTag(Result):
    """A tag with its confidence, 0 to 1: for genres and instruments the share of music in which such a tag is right."""

    name: str
    kind: TagKind
    confidence: float


INSTRUMENT_WEIGHTS = ModelWeights(mtt=0.5, msd=0.5, yamnet=1.0, neutral_yamnet=0.01)
STYLE_WEIGHTS = ModelWeights(mtt=1.0, msd=1.0, yamnet=0.5, neutral_yamnet=0.002)
GENRE_COLUMNS = [column for column, row in enumerate(TABLE) if row.kind == "genre"]
GUITAR_COLUMN = next(column for column, row in enumerate(TABLE) if row.name == "Guitar")
MIN_BASS_LEAD = -0.5
"""Log-odds of YAMNet's 'Bass guitar' less those of 'Guitar' from which there is a bass guitar rather than a guitar. In recordings
for tuning bass guitars are above -0.1, guitars below -1.5."""
INSTRUMENT_COLUMNS = [column for column, row in enumerate(TABLE) if row.kind == "instrument"]
WEIGHTS: dict[TagKind, ModelWeights] = {kind: INSTRUMENT_WEIGHTS if kind == "instrument" else STYLE_WEIGHTS for kind in TAG_KINDS}


def log_odds(scores: FloatArray | float) -> FloatArray:
    """Return the natural log-odds of scores in 0 to 1."""
    bounded = np.clip(np.asarray(scores, dtype=np.float32), MIN_SCORE, 1 - MIN_SCORE)
    return np.asarray(np.log(bounded / (1 - bounded)), dtype=np.float32)


def probability(evidence: FloatArray) -> FloatArray:
    """Return the inverse of `log_odds`."""
    from scipy.special import expit

    return np.asarray(expit(evidence), dtype=np.float32)


def confidences(scores: MusicScores) -> FloatArray:
    """Return the confidence [segments, rows of `TABLE`], 0 to 1, of each tag, given that the segment is music."""
    log_odds_of_tags = tag_evidence(scores)
    log_odds_of_tags[:, INSTRUMENT_COLUMNS] = instrument_log_odds(log_odds_of_tags[:, INSTRUMENT_COLUMNS])
    log_odds_of_tags[:, GENRE_COLUMNS] = genre_log_odds(log_odds_of_tags[:, GENRE_COLUMNS])
    return probability(log_odds_of_tags)


def clip_confidences(of_segments: FloatArray) -> FloatArray:
    """Return the confidences [rows] of a clip from those of its segments of music [segments, rows]: the mean log-odds."""
    return probability(log_odds(of_segments).mean(axis=0))


def tag_evidence(scores: MusicScores) -> FloatArray:
    """Return the evidence [segments, rows of `TABLE`] for each tag, summed over the models, in log-odds."""
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
    guitar = evidence[:, GUITAR_COLUMN]
    evidence[:, GUITAR_COLUMN] = np.where(_is_bass_guitar(scores), np.minimum(guitar, 0), guitar)
    return evidence


def _is_bass_guitar(scores: MusicScores) -> NDArray[np.bool_]:
    """Return whether what sounds like a guitar in a segment is a bass guitar, for which musicnn has no tag."""
    bass, guitar = (scores.yamnet[:, class_tree().index(name)] for name in ("Bass guitar", "Guitar"))
    is_one: NDArray[np.bool_] = (bass >= INSTRUMENT_WEIGHTS.neutral_yamnet) & (log_odds(bass) - log_odds(guitar) >= MIN_BASS_LEAD)
    return is_one


def music_scores(scores: MusicScores) -> FloatArray:
    """Return the maximum score [segments] among 'Music', its kinds, and singing."""
    tree = class_tree()
    musical = sorted(tree.below(MUSIC) | {tree.index(name) for name in SINGING_CLASSES})
    highest: FloatArray = scores.yamnet[:, musical].max(axis=1)
    return highest


def best_tags(confidence: FloatArray, kind: TagKind, count: int) -> tuple[MusicTag, ...]:
    """Return at most `count` tags of a kind from confidences [rows], best first; see `named_rows`."""
    calibration = tag_calibration()
    tags = []
    for row in named_rows(confidence, kind, count, calibration.named_from):
        sureness = confidence[TABLE.index(row)]
        if kind == "instrument":
            sureness = probability(calibration.named.intercept + calibration.named.log_odds * log_odds(sureness))
        tags.append(MusicTag(row.name, kind, round(float(sureness), 3)))
    return tuple(tags)


def named_rows(confidence: FloatArray, kind: TagKind, count: int, named_from: Mapping[str, float]) -> tuple[TableRow, ...]:
    """Return at most `count` rows of a kind that are named at confidences [rows], best first.

    Of a family and its members the more confident one is named; instead of a vague family any member that is confident. An
    instrument is named from the confidence in `named_from`, at which it was right often enough.
    """
    chosen: list[TableRow] = []
    for column in np.argsort(-confidence, kind="stable").tolist():
        row = TABLE[column]
        if len(chosen) == count:
            break
        enough = MIN_FIRST_CONFIDENCE if kind == "genre" and not chosen else _named_from(row, named_from)
        is_sure = row.kind == kind and confidence[column] >= enough
        if is_sure and not _is_covered(row, chosen) and not _is_replaced(row, confidence, named_from):
            chosen.append(row)
    return tuple(chosen)


def _named_from(row: TableRow, named_from: Mapping[str, float]) -> float:
    """Return the confidence from which a tag is named; infinity for instruments that never are."""
    return named_from.get(row.name, inf) if row.kind == "instrument" else MIN_PROBABLE


def _is_covered(row: TableRow, chosen: Iterable[TableRow]) -> bool:
    return any(row.name in _families(other) or other.name in _families(row) for other in chosen)


def _is_replaced(row: TableRow, confidence: FloatArray, named_from: Mapping[str, float]) -> bool:
    """Return whether a vague row has a member that is confident enough to be named instead."""
    return row.is_vague and any(
        confidence[i] >= _named_from(other, named_from) and row.name in _families(other) for i, other in enumerate(TABLE)
    )


def _families(row: TableRow) -> tuple[str, ...]:
    return families(row) if row.kind == "instrument" else (row.family,)


@dataclass(frozen=True)
class _Columns:
    """Columns of a row's tags in the models' outputs."""

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


@dataclass(frozen=True)
class MusicTagOptions:
    """Options of `tag_music`."""

    names: int = 5
    """Maximum number of tags of each kind."""


@dataclass(frozen=True, eq=False)
class MusicTags(ModelUse):
    """The tags so far; the last one of a run is the result."""

    duration: float
    """Duration of the clip in seconds."""
    times: FloatArray
    """[patches], start of each patch in seconds; a patch lasts `patch_seconds`."""
    confidences: FloatArray
    """[patches, rows of `tag_table.TABLE`], 0 to 1; meaningful where `music` is high."""
    music: FloatArray
    """[patches], 0 to 1: the maximum score of 'Music' and its kinds; `MIN_MUSIC_SCORE` and more is music."""
    vocals: FloatArray
    """[patches], probability of vocals, 0 to 1."""
    tags: tuple[MusicTag, ...] = ()
    """Tags of the whole clip, by kind and then best first; filled when the job is done, empty where there is no music."""
    is_music: bool | None = None
    """None until the job is done."""
    music_fraction: float = 0.0
    """Fraction of the clip, silence left out, that is music."""
    vocals_in_clip: float = 0.0
    """Probability of vocals somewhere in the clip."""
    hop_seconds: float = field(kw_only=True)
    """Time from one patch to the next."""
    patch_seconds: float = field(kw_only=True)
    position: float = 0.0
    """Progress of the job, in seconds of the clip."""
    state: Literal["loading", "tagging", "done", "stopped"] = field(default="loading", kw_only=True)

    def check(self) -> None:
        """Check that the parts agree, where they may be a stranger's.

        Raises:
            ValueError: they do not.
        """
        check_patches(self.times, self.hop_seconds, self.patch_seconds, self.duration)
        check_scores(self.confidences, (len(self.times), len(TABLE)))
        for series in (self.music, self.vocals):
            check_scores(series, self.times.shape)
        named = {(tag.kind, tag.name) for tag in self.tags}
        if not named <= {(row.kind, row.name) for row in TABLE} or len(named) < len(self.tags):
            raise ValueError("the tags are none of the table")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of `confidences`; a genre and an instrument may share one."""
        return tuple(row.name for row in TABLE)

    def of_kind(self, kind: TagKind) -> tuple[MusicTag, ...]:
        """Return the clip's tags of one kind, best first."""
        return tuple(tag for tag in self.tags if tag.kind == kind)

    def heatmap(self, kind: TagKind, rows: int = MAX_ROWS) -> TagHeatmap:
        """Return the heatmap of the strongest tags of one kind, at most `rows`; 0 where there is no music."""
        shown = np.where(self.music[:, np.newaxis] >= MIN_MUSIC_SCORE, self.confidences, 0)
        named = [tag.name for tag in best_tags(peak_scores(shown), kind, rows) if tag.confidence >= MIN_PROBABLE]
        columns = [next(i for i, row in enumerate(TABLE) if (row.kind, row.name) == (kind, name)) for name in named]
        return tag_heatmap(tuple(named), shown[:, columns], self.hop_seconds, self.patch_seconds)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, with the heatmap of instruments as `over_time` instead of the arrays of all tags."""
        arrays = ("times", "confidences", "music", "vocals")
        return {**fields_of(self, arrays), "over_time": self.heatmap("instrument").to_dict()}
