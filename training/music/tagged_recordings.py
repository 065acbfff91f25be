"""Recordings of known instruments or vocals with the evidence that the models give, for `training.calibrate_music_tags`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.accuracy.excerpts import Excerpt, excerpts
from benchmarks.accuracy.readers.instruments import VOICES, with_families
from benchmarks.accuracy.sources import Source, read_sources
from benchmarks.accuracy.stored_features import kept_features
from benchmarks.accuracy.tracks import Annotation
from models.arrays import DoubleArray, FloatArray
from models.cache.feature_store import FeatureKey
from models.specs.sound import MUSICNN_MSD, MUSICNN_MTT, YAMNET
from pipelines.music.decisions import MIN_MUSIC_SCORE, is_music
from pipelines.music.tags.music_tagging import is_audible, model_scores
from pipelines.music.tags.musicnn import MUSICNN_SAMPLE_RATE
from pipelines.music.tags.tag_calibration import margins
from pipelines.music.tags.tag_fusion import INSTRUMENT_COLUMNS, MusicScores, music_scores, tag_evidence
from pipelines.music.tags.tag_table import INSTRUMENTS, MSD_TAGS, MTT_TAGS
from pipelines.music.tags.vocal_evidence import vocal_evidence
from services import Services
from training.evaluate_music_tags import piece_of, rows
from training.tagged_pieces import rendered_file

TAGGERS = (MUSICNN_MTT, MUSICNN_MSD, YAMNET)
MIXTURES = 100
MIXED_PARTS, MIXED_SECONDS, MAX_SOFTER_DB = (2, 2, 3, 3, 4), 9, 8.0

Bools = NDArray[np.bool_]
Piece = tuple[dict[str, Any], MusicScores]
"""A row of `fitting_music_tags.json`, and the scores of its rendering."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording whose instruments are known, with what the models say."""

    source: str
    kind: str
    """'real', 'mixed' or 'rendered'."""
    plays: Bools
    """[INSTRUMENTS], whether each plays, families included."""
    has_others: bool
    """Whether instruments may play that are not in `plays`."""
    regressors: DoubleArray
    """[INSTRUMENTS, 2], evidence and margin, means over the patches of music."""
    is_sung: bool | None
    """Whether there are vocals; None where that is not known."""
    vocals: DoubleArray
    """[patches of music, VOCAL_SCORES], vocal evidence."""


def recording(source: str, kind: str, known: Annotation, scores: MusicScores) -> Recording | None:
    """Return what is known of a recording and what the models say; None where it does not count as music."""
    audible = is_audible(scores)
    musical = audible & (music_scores(scores) >= MIN_MUSIC_SCORE)
    if not is_music(musical.sum() / max(1, audible.sum())):
        return None
    evidence = tag_evidence(scores)[musical][:, INSTRUMENT_COLUMNS]
    regressors = np.stack([evidence.mean(axis=0), margins(evidence).mean(axis=0)], axis=1).astype(np.float64)
    names = frozenset(known.instruments or ())
    plays = np.array([row.name in names for row in INSTRUMENTS])
    vocals = vocal_evidence(scores)[musical].astype(np.float64)
    return Recording(source, kind, plays, known.has_other_instruments, regressors, known.is_sung, vocals)


def mixtures(parts: list[Excerpt], count: int, load: Callable[[Path], FloatArray], folder: Path) -> Iterator[Excerpt]:
    """Yield sums of excerpts with different instruments, each up to 8 dB softer than the loudest may be."""
    rng = random.Random(count)
    by_instruments: dict[tuple[str, ...], list[Excerpt]] = {}
    for part in parts:
        by_instruments.setdefault(part.annotation.instruments or (), []).append(part)
    for number in range(count):
        chosen = [rng.choice(by_instruments[key]) for key in rng.sample(sorted(by_instruments), rng.choice(MIXED_PARTS))]
        sound = np.zeros(MIXED_SECONDS * MUSICNN_SAMPLE_RATE, dtype=np.float32)
        for part in chosen:
            samples = np.resize(load(part.file), len(sound))
            level = np.sqrt(np.mean(samples**2)) + 1e-6
            sound += samples * np.float32(0.1 / level * 10 ** (-rng.uniform(0, MAX_SOFTER_DB) / 20))
        file = folder / f"mixture {number}.wav"
        soundfile.write(file, sound / max(1.0, float(np.abs(sound).max())), MUSICNN_SAMPLE_RATE)
        names = {name for part in chosen for name in part.annotation.instruments or ()}
        annotation = Annotation(instruments=tuple(sorted(names)), is_sung=any(part.annotation.is_sung for part in chosen))
        yield Excerpt(chosen[0].source, file.stem, file, annotation)


def composed_pieces(services: Services, music: Path) -> Iterator[Piece]:
    """Yield the pieces for tuning of `fitting_music_tags.json` with the models' scores."""
    folder = music / "tagged pieces"
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows("tuning"):
        yield row, stored_scores(rendered_file(piece_of(row), folder), services, music)


def piece_recordings(pieces: Iterable[Piece]) -> Iterator[Recording]:
    """Yield the recordings of composed pieces."""
    for row, scores in pieces:
        names = row["instruments"]
        known = Annotation(instruments=with_families(names), is_sung=bool(VOICES.intersection(names)))
        if one := recording("composed pieces", "rendered", known, scores):
            yield one


def known_recordings(services: Services, music: Path) -> Iterator[Recording]:
    """Yield the excerpts of the sources, and sums of them."""

    def scored(excerpt: Excerpt, kind: str) -> Recording | None:
        scores = stored_scores(excerpt.file, services, music)
        return recording(excerpt.source.name, kind, excerpt.annotation, scores)

    def load(file: Path) -> FloatArray:
        return np.array(services.clips.open(file).waveform(MUSICNN_SAMPLE_RATE))

    parts: list[Excerpt] = []
    for source in tuning_sources():
        for excerpt in excerpts(source, music / "packages", music / "excerpts"):
            known = excerpt.annotation
            if source.kind == "real" and not known.has_other_instruments and (known.instruments or known.is_sung):
                parts.append(excerpt)
            if one := scored(excerpt, source.kind):
                yield one
    folder = music / "mixtures"
    folder.mkdir(parents=True, exist_ok=True)
    for excerpt in mixtures(parts, MIXTURES, load, folder):
        if one := scored(excerpt, "mixed"):
            yield one


def stored_scores(file: Path, services: Services, music: Path) -> MusicScores:
    """Return the models' scores of a file as they are kept, in half precision, so that the first run has those of the next."""
    clip = services.clips.open(file)
    models, sources = " ".join(spec.key for spec in TAGGERS), " ".join(repr(spec.source) for spec in TAGGERS)
    key = FeatureKey(clip.content_hash, models, sources, "scores of patches")
    for _ in ("compute and keep", "read"):
        with kept_features(music / "tag scores", clip.content_hash, services.settings.feature_store_bytes) as store:
            scores = store.get_or_compute(key, lambda: joined(model_scores(clip, services.runtime)))
    return MusicScores(*np.split(scores, np.cumsum((len(MTT_TAGS), len(MSD_TAGS))), axis=1))


def joined(scores: MusicScores) -> FloatArray:
    """Return the scores of the models side by side [patches, 621]."""
    return np.concatenate((scores.mtt, scores.msd, scores.yamnet), axis=1)


def tuning_sources() -> list[Source]:
    """Return the sources for tuning whose instruments are known."""
    return [source for source in read_sources() if source.split == "tuning" and "instruments" in source.tasks]
