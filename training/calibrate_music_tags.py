"""Fits the confidences of instruments, genres and vocals: `python -m training.calibrate_music_tags --music FOLDER`.

The recordings are those of `benchmarks/accuracy/sources.json` whose instruments are known, and sums of up to four of the real
ones, since few real ones have several instruments. The fit uses the sources for tuning; the table at the end has those kept apart
too. `FOLDER` is that of `make accuracy`: it keeps packages, excerpts and the models' scores for the next run.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from benchmarks.accuracy.excerpts import Excerpt, excerpts
from benchmarks.accuracy.readers.instruments import VOICES, with_families
from benchmarks.accuracy.sources import Source, read_sources
from benchmarks.accuracy.stored_features import kept_features
from benchmarks.accuracy.tracks import Annotation
from models.arrays import DoubleArray, FloatArray
from pipelines.music.decisions import MIN_MUSIC_SCORE, is_music
from pipelines.music.tags.music_tagging import is_audible, model_scores
from pipelines.music.tags.musicnn import MUSICNN_SAMPLE_RATE
from pipelines.music.tags.tag_calibration import CALIBRATION_FILE, Coefficients, GenreCoefficients, VocalCoefficients, margins
from pipelines.music.tags.tag_fusion import (
    GENRE_COLUMNS,
    INSTRUMENT_COLUMNS,
    VOCALS_DIVISOR,
    MusicScores,
    music_scores,
    tag_evidence,
    vocal_evidence,
)
from pipelines.music.tags.tag_table import INSTRUMENTS, TABLE
from services import Services, build_services
from settings import Settings
from training.evaluate_music_tags import piece_of, rows
from training.music_tag_report import report
from training.tagged_pieces import rendered_file

PENALTY = 10.0
"""Weight of the squared distance from the common coefficients. Each source predicted from the others, the calibration error was
0.050, 0.043, 0.037 and 0.042 with 1, 3, 10 and 30."""
MIN_RECORDINGS = 4
"""Recordings for tuning with an instrument from which it has coefficients of its own."""
MIN_PRECISION = 0.75
"""Share of right ones among the recordings that are said to have an instrument, below which it is not named."""
NAMING_CONFIDENCES = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
"""Confidences from which an instrument may be named; the lowest that is precise enough counts."""
MIN_NAMED = 3
"""Number of recordings that must be said to have it, for the share to count."""
MIXTURES = {"tuning": 160, "kept apart": 40}
MIXED_PARTS, MIXED_SECONDS, MAX_SOFTER_DB = (2, 2, 3, 3, 4), 9, 8.0

Bools = NDArray[np.bool_]
Piece = tuple[dict[str, Any], MusicScores]
"""A row of `fitting_music_tags.json`, and the scores of its rendering."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording whose instruments are known, with what the models say."""

    source: str
    split: str
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
    vocal_regressors: DoubleArray
    """[3], mean vocal evidence over the third of the patches that has most."""


def recording(source: str, split: str, kind: str, known: Annotation, scores: MusicScores) -> Recording | None:
    """Return what is known of a recording and what the models say; None where it does not count as music."""
    audible = is_audible(scores)
    musical = audible & (music_scores(scores) >= MIN_MUSIC_SCORE)
    if not is_music(musical.sum() / max(1, audible.sum())):
        return None
    evidence = tag_evidence(scores)[musical][:, INSTRUMENT_COLUMNS]
    regressors = np.stack([evidence.mean(axis=0), margins(evidence).mean(axis=0)], axis=1).astype(np.float64)
    names = frozenset(known.instruments or ())
    plays = np.array([row.name in names for row in INSTRUMENTS])
    vocal = vocal_evidence(scores)[musical].astype(np.float64)
    most = np.argsort(-vocal[:, :2].sum(axis=1))[: max(1, len(vocal) // VOCALS_DIVISOR)]
    others, is_sung = known.has_other_instruments, known.is_sung
    return Recording(source, split, kind, plays, others, regressors, is_sung, vocal[most].mean(axis=0))


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
        file = folder / f"mixture {chosen[0].source.split} {number}.wav"
        soundfile.write(file, sound / max(1.0, float(np.abs(sound).max())), MUSICNN_SAMPLE_RATE)
        names = {name for part in chosen for name in part.annotation.instruments or ()}
        annotation = Annotation(instruments=tuple(sorted(names)), is_sung=any(part.annotation.is_sung for part in chosen))
        yield Excerpt(chosen[0].source, file.stem, file, annotation)


def fit(recordings: list[Recording]) -> tuple[Coefficients, dict[str, Coefficients]]:
    """Return the coefficients for all instruments together, and those of each that enough recordings have."""
    regressors = np.stack([one.regressors for one in recordings])
    plays = np.stack([one.plays for one in recordings]).astype(np.float64)
    known = plays.astype(bool) | ~np.array([[one.has_others] for one in recordings])
    single = [column for column, row in enumerate(INSTRUMENTS) if not row.is_vague]
    common = _regression(
        np.concatenate([regressors[known[:, column], column] for column in single]),
        np.concatenate([plays[known[:, column], column] for column in single]),
        np.zeros(3),
        0.0,
    )
    own = {
        row.name: Coefficients(*_regression(regressors[known[:, i], i], plays[known[:, i], i], common, PENALTY).round(4).tolist())
        for i, row in enumerate(INSTRUMENTS)
        if plays[:, i].sum() >= MIN_RECORDINGS
    }
    return Coefficients(*common.round(4).tolist()), own


def fit_genres(pieces: Iterable[Piece]) -> GenreCoefficients:
    """Return the coefficients of genres, fitted on the composed pieces for tuning that have genres."""
    genres = [TABLE[column].name for column in GENRE_COLUMNS]
    evidence: list[FloatArray] = []
    fits: list[bool] = []
    for row, scores in pieces:
        musical = music_scores(scores) >= MIN_MUSIC_SCORE
        if row["group"] == "tuning" and row["genres"] and musical.any():
            evidence.append(tag_evidence(scores)[musical][:, GENRE_COLUMNS].mean(axis=0))
            fits += [name in row["genres"] for name in genres]
    regressors = np.concatenate(evidence).astype(np.float64)[:, None]
    return GenreCoefficients(*_regression(regressors, np.array(fits, dtype=np.float64), np.zeros(2), 0.0).round(4).tolist())


def fit_vocals(recordings: list[Recording]) -> VocalCoefficients:
    """Return the coefficients of vocals."""
    known = [one for one in recordings if one.is_sung is not None]
    sung = np.array([one.is_sung for one in known])
    model = LogisticRegression(class_weight="balanced", max_iter=1000).fit(
        np.stack([one.vocal_regressors for one in known]), sung
    )
    return VocalCoefficients(*np.round([*model.intercept_, *model.coef_[0]], 4).tolist())


def _regression(regressors: DoubleArray, plays: DoubleArray, centre: DoubleArray, penalty: float) -> DoubleArray:
    """Return intercept and factors of a logistic regression whose coefficients are drawn to `centre`; no factor is negative."""
    columns = np.column_stack([np.ones(len(regressors)), regressors])

    def loss(coefficients: DoubleArray) -> tuple[float, DoubleArray]:
        log_odds, off = columns @ coefficients, coefficients - centre
        value = (np.logaddexp(0, log_odds) - plays * log_odds).sum() + penalty * (off**2).sum()
        return float(value), columns.T @ (expit(log_odds) - plays) + 2 * penalty * off

    bounds = [(None, None), *[(0.0, None)] * regressors.shape[1]]
    found: DoubleArray = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found


def predicted(common: Coefficients, own: dict[str, Coefficients], recordings: Iterable[Recording]) -> DoubleArray:
    """Return the confidences [recordings, INSTRUMENTS]."""
    table = np.array([list(asdict(own.get(row.name, common)).values()) for row in INSTRUMENTS])
    regressors = np.stack([one.regressors for one in recordings])
    confidence: DoubleArray = expit(table[:, 0] + (regressors * table[:, 1:]).sum(axis=2))
    return confidence


def naming_thresholds(own: Iterable[str], recordings: list[Recording]) -> dict[str, float]:
    """Return the confidence from which each instrument is right often enough, where its source took no part in the fit."""
    said: dict[str, list[tuple[float, bool]]] = {name: [] for name in own}
    unmixed = [one for one in recordings if one.kind != "mixed"]
    for source in sorted({one.source for one in unmixed}):
        here = [one for one in unmixed if one.source == source]
        for one, confidence in zip(
            here, predicted(*fit([other for other in unmixed if other.source != source]), here), strict=True
        ):
            for column, row in enumerate(INSTRUMENTS):
                if row.name in said and (one.plays[column] or not one.has_others):
                    said[row.name].append((float(confidence[column]), bool(one.plays[column])))
    found: dict[str, float] = {}
    for name, pairs in said.items():
        for threshold in NAMING_CONFIDENCES:
            right = [plays for confidence, plays in pairs if confidence >= threshold]
            if len(right) >= MIN_NAMED and np.mean(right) >= MIN_PRECISION:
                found[name] = threshold
                break
    return found


def main() -> None:
    """Fit, write the coefficients, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, required=True, help="as that of `make accuracy`")
    music = parser.parse_args().music
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        pieces = list(composed_pieces(services, music))
        recordings = [*known_recordings(services, music), *piece_recordings(pieces)]
    tuning = [one for one in recordings if one.split == "tuning"]
    common, own = fit(tuning)
    named_from = naming_thresholds(own, tuning)
    write(common, own, named_from, fit_genres(pieces), fit_vocals(tuning))
    print(report(recordings, predicted(common, own, recordings), named_from))


def write(
    common: Coefficients,
    own: dict[str, Coefficients],
    named_from: dict[str, float],
    genres: GenreCoefficients,
    vocals: VocalCoefficients,
) -> None:
    """Write the coefficients as JSON."""
    table = {
        "common": asdict(common),
        "own": {name: asdict(values) for name, values in own.items()},
        "named_from": named_from,
        "genres": asdict(genres),
        "vocals": asdict(vocals),
    }
    CALIBRATION_FILE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def composed_pieces(services: Services, music: Path) -> Iterator[Piece]:
    """Yield the pieces of `fitting_music_tags.json` with the models' scores."""
    folder = music / "tagged pieces"
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows("tuning", "test"):
        yield row, stored_scores(rendered_file(piece_of(row), folder), services, music)


def piece_recordings(pieces: Iterable[Piece]) -> Iterator[Recording]:
    """Yield the recordings of composed pieces; their group 'test' is kept apart."""
    for row, scores in pieces:
        names = row["instruments"]
        known = Annotation(instruments=with_families(names), is_sung=bool(VOICES.intersection(names)))
        split = "tuning" if row["group"] == "tuning" else "kept apart"
        if one := recording("composed pieces", split, "rendered", known, scores):
            yield one


def known_recordings(services: Services, music: Path) -> Iterator[Recording]:
    """Yield the excerpts of the sources, and sums of them."""

    def scored(excerpt: Excerpt, kind: str) -> Recording | None:
        scores = stored_scores(excerpt.file, services, music)
        return recording(excerpt.source.name, excerpt.source.split, kind, excerpt.annotation, scores)

    def load(file: Path) -> FloatArray:
        return np.array(services.clips.open(file).waveform(MUSICNN_SAMPLE_RATE))

    parts: dict[str, list[Excerpt]] = {split: [] for split in MIXTURES}
    for source in instrument_sources():
        for excerpt in excerpts(source, music / "packages", music / "excerpts"):
            known = excerpt.annotation
            if source.kind == "real" and not known.has_other_instruments and (known.instruments or known.is_sung):
                parts[source.split].append(excerpt)
            if one := scored(excerpt, source.kind):
                yield one
    folder = music / "mixtures"
    folder.mkdir(parents=True, exist_ok=True)
    for split, count in MIXTURES.items():
        for excerpt in mixtures(parts[split], count, load, folder):
            if one := scored(excerpt, "mixed"):
                yield one


def stored_scores(file: Path, services: Services, music: Path) -> MusicScores:
    """Return the models' scores of a file as they are kept, in half precision, so that the first run has those of the next."""
    clip = services.clips.open(file)
    for _ in ("compute what is missing", "read"):
        with kept_features(music / "features", clip.content_hash, services.settings.feature_store_bytes) as store:
            scores = model_scores(clip, replace(services.runtime, features=store))
    return scores


def instrument_sources() -> list[Source]:
    """Return the sources whose instruments are known."""
    return [source for source in read_sources() if "instruments" in source.tasks]


if __name__ == "__main__":
    main()
