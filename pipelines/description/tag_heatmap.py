"""Tags over time as rows of a heatmap: the classes with the highest peaks, the strongest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray
from pipelines.music.decisions import MIN_MUSIC_SCORE
from pipelines.music.tags.tag_fusion import MusicTags, best_tags
from pipelines.music.tags.tag_table import TABLE, TagKind
from pipelines.tagging.audioset import best_names, tree_of
from pipelines.tagging.sound_tagging import MIN_CLIP_SCORE
from pipelines.tagging.tags import SoundTags
from pipelines.wording.certainty import MIN_PROBABLE

MAX_ROWS = 12
MIN_ROW_SCORE = 0.05
"""Peak score from which a sound has a row; below, the row would be blank."""
PEAK_FRACTION = 0.1
"""Fraction of the patches, the strongest ones, whose mean score is the peak of a row; brief sounds get a row too."""


@dataclass(frozen=True, eq=False)
class TagHeatmap:
    """What a heatmap track draws: frame i covers `start + i * hop` to `start + (i + 1) * hop` seconds."""

    rows: tuple[str, ...]
    """Names, the strongest first; none if nothing stands out."""
    scores: FloatArray
    """[frames, rows], 0 to 1."""
    hop: float
    start: float


def sound_heatmap(tags: SoundTags, rows: int = MAX_ROWS) -> TagHeatmap:
    """Return the heatmap of the strongest sounds, at most `rows`; of a class and its descendants only one."""
    peaks = _peaks(tags.scores) if len(tags.scores) else np.zeros(len(tags.classes), dtype=np.float32)
    named = best_names(peaks, rows, min_score=MIN_CLIP_SCORE, tree=tree_of(tags.classes))
    columns = [column for column in (tags.classes.index(tag.name) for tag in named) if peaks[column] >= MIN_ROW_SCORE]
    names = tuple(tags.classes[column] for column in columns)
    return _heatmap(names, tags.scores[:, columns], tags.hop_seconds, tags.patch_seconds)


def music_heatmap(tags: MusicTags, kind: TagKind, rows: int = MAX_ROWS) -> TagHeatmap:
    """Return the heatmap of the strongest music tags of one kind, at most `rows`; 0 where there is no music."""
    shown = np.where(tags.music[:, np.newaxis] >= MIN_MUSIC_SCORE, tags.confidences, 0)
    peaks = _peaks(shown) if len(shown) else np.zeros(len(TABLE), dtype=np.float32)
    named = [tag.name for tag in best_tags(peaks, kind, rows) if tag.confidence >= MIN_PROBABLE]
    columns = [next(i for i, row in enumerate(TABLE) if (row.kind, row.name) == (kind, name)) for name in named]
    return _heatmap(tuple(named), shown[:, columns], tags.hop_seconds, tags.patch_seconds)


def _heatmap(rows: tuple[str, ...], scores: FloatArray, hop: float, patch_seconds: float) -> TagHeatmap:
    """Return a heatmap whose frames are centred on their patches, which last longer than the hop."""
    return TagHeatmap(rows, scores, hop, start=(patch_seconds - hop) / 2)


def _peaks(scores: FloatArray) -> FloatArray:
    """Return the peak scores [columns] of `scores` [patches, columns]."""
    strongest = max(1, round(PEAK_FRACTION * len(scores)))
    peaks: FloatArray = np.sort(scores, axis=0)[-strongest:].mean(axis=0)
    return peaks
