"""Tags over time as a few rows for the timeline: the classes that stand out somewhere, the strongest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray
from pipelines.music.decisions import MIN_MUSIC_SCORE, MIN_PROBABLE
from pipelines.music.tags.tag_fusion import MusicTags
from pipelines.music.tags.tag_table import TABLE, Kind
from pipelines.tagging.audioset import best_names, tree_of
from pipelines.tagging.sound_tagging import MIN_CLIP_SCORE
from pipelines.tagging.tags import SoundTags

MAX_ROWS = 12
SHOWN = 0.05
"""Peak from which a sound has a row: below, it could not be seen."""
PEAK_SHARE = 0.1
"""A row is as strong as its mean over this share of the patches, the strongest ones: what is heard briefly may have a row too."""


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
    """The sounds that stand out, at most `rows`, of a class and its kinds only one, as in the names of a clip."""
    peaks = _peaks(tags.scores) if len(tags.scores) else np.zeros(len(tags.classes), dtype=np.float32)
    named = best_names(peaks, rows, min_score=MIN_CLIP_SCORE, tree=tree_of(tags.classes))
    columns = [column for column in (tags.classes.index(tag.name) for tag in named) if peaks[column] >= SHOWN]
    names = tuple(tags.classes[column] for column in columns)
    return _heatmap(names, tags.scores[:, columns], tags.hop_seconds, tags.patch_seconds)


def music_heatmap(tags: MusicTags, kind: Kind, rows: int = MAX_ROWS) -> TagHeatmap:
    """The music's tags of one kind that stand out, at most `rows`; blank where there is no music."""
    shown = np.where(tags.music[:, np.newaxis] >= MIN_MUSIC_SCORE, tags.confidences, 0)
    peaks = _peaks(shown) if len(shown) else np.zeros(len(TABLE), dtype=np.float32)
    columns = [i for i in np.argsort(-peaks, kind="stable").tolist() if TABLE[i].kind == kind and peaks[i] >= MIN_PROBABLE][:rows]
    return _heatmap(tuple(TABLE[i].name for i in columns), shown[:, columns], tags.hop_seconds, tags.patch_seconds)


def _heatmap(rows: tuple[str, ...], scores: FloatArray, hop: float, patch_seconds: float) -> TagHeatmap:
    """Each frame is drawn around the middle of its patch, which lasts longer than the hop."""
    return TagHeatmap(rows, scores, hop, start=(patch_seconds - hop) / 2)


def _peaks(scores: FloatArray) -> FloatArray:
    """[columns] of [patches, columns]."""
    strongest = max(1, round(PEAK_SHARE * len(scores)))
    peaks: FloatArray = np.sort(scores, axis=0)[-strongest:].mean(axis=0)
    return peaks
