"""Fits the confidences of instruments, genres and vocals: `python -m training.calibrate_music_tags --music FOLDER`.

The recordings are the sources for tuning of `benchmarks/accuracy/sources.json` whose instruments or vocals are known, sums of up
to four of the real ones, since few real ones have several instruments, and the composed pieces of `fitting_music_tags.json`. The
table at the end is of each source predicted from the others; `make accuracy` measures the music that is kept apart. `FOLDER` is
that of `make accuracy`: it keeps packages, excerpts and the models' scores for the next run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from math import ceil
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from models.arrays import DoubleArray, FloatArray
from pipelines.music.decisions import MIN_MUSIC_SCORE
from pipelines.music.tags.tag_calibration import (
    CALIBRATION_FILE,
    Coefficients,
    GenreCoefficients,
    NamedCoefficients,
    TagCalibration,
    VocalCoefficients,
)
from pipelines.music.tags.tag_fusion import (
    GENRE_COLUMNS,
    INSTRUMENT_COLUMNS,
    MusicTagOptions,
    log_odds,
    music_scores,
    named_rows,
    tag_evidence,
)
from pipelines.music.tags.tag_table import INSTRUMENTS, TABLE
from pipelines.music.tags.vocal_evidence import VOCAL_SCORES, VOCALS_DIVISOR
from services import build_services
from settings import Settings
from training.music.tagged_recordings import Piece, Recording, composed_pieces, known_recordings, piece_recordings
from training.music_tag_report import report

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
VOCAL_PENALTY, VOCAL_ROUNDS = 10.0, 3
"""Weight of the vocals' squared factors, and the number of fits, between which the deciding halves are chosen anew."""


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
        if row["genres"] and musical.any():
            evidence.append(tag_evidence(scores)[musical][:, GENRE_COLUMNS].mean(axis=0))
            fits += [name in row["genres"] for name in genres]
    regressors = np.concatenate(evidence).astype(np.float64)[:, None]
    return GenreCoefficients(*_regression(regressors, np.array(fits, dtype=np.float64), np.zeros(2), 0.0).round(4).tolist())


def fit_vocals(recordings: list[Recording]) -> VocalCoefficients:
    """Return the coefficients of vocals, fitted on the half of each recording in which they make vocals likeliest."""
    known = [one for one in recordings if one.is_sung is not None]
    sung = np.array([one.is_sung for one in known], dtype=np.float64)
    weights = np.where(sung, 0.5 / sung.mean(), 0.5 / (1 - sung.mean()))
    penalty = np.array([0.0, *[VOCAL_PENALTY] * len(VOCAL_SCORES)])
    evidence = np.stack([one.vocals.mean(axis=0) for one in known])
    for _ in range(VOCAL_ROUNDS):
        found = _regression(evidence, sung, np.zeros_like(penalty), penalty, weights)
        evidence = np.stack([_likeliest(one.vocals, found[1:]) for one in known])
    intercept, *factors = found.round(4).tolist()
    return VocalCoefficients(intercept, {score.name: factor for score, factor in zip(VOCAL_SCORES, factors, strict=True)})


def _likeliest(vocals: DoubleArray, factors: DoubleArray) -> DoubleArray:
    """Return the mean evidence over the patches that decide on vocals."""
    most = np.argsort(-(vocals @ factors), kind="stable")[: ceil(len(vocals) / VOCALS_DIVISOR)]
    mean: DoubleArray = vocals[most].mean(axis=0)
    return mean


def _regression(
    regressors: DoubleArray,
    plays: DoubleArray,
    centre: DoubleArray,
    penalty: float | DoubleArray,
    weights: float | DoubleArray = 1.0,
) -> DoubleArray:
    """Return intercept and factors of a logistic regression whose coefficients are drawn to `centre`; no factor is negative."""
    columns = np.column_stack([np.ones(len(regressors)), regressors])

    def loss(coefficients: DoubleArray) -> tuple[float, DoubleArray]:
        log_odds, off = columns @ coefficients, coefficients - centre
        value = (weights * (np.logaddexp(0, log_odds) - plays * log_odds)).sum() + (penalty * off**2).sum()
        return float(value), columns.T @ (weights * (expit(log_odds) - plays)) + 2 * penalty * off

    bounds = [(None, None), *[(0.0, None)] * regressors.shape[1]]
    found: DoubleArray = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found


def predicted(common: Coefficients, own: dict[str, Coefficients], recordings: Iterable[Recording]) -> DoubleArray:
    """Return the confidences [recordings, INSTRUMENTS]."""
    table = np.array([list(asdict(own.get(row.name, common)).values()) for row in INSTRUMENTS])
    regressors = np.stack([one.regressors for one in recordings])
    confidence: DoubleArray = expit(table[:, 0] + (regressors * table[:, 1:]).sum(axis=2))
    return confidence


def predicted_apart(recordings: list[Recording]) -> DoubleArray:
    """Return the confidences [recordings, INSTRUMENTS] where the source of each recording took no part in the fit."""
    confidence = np.zeros((len(recordings), len(INSTRUMENTS)))
    sources = np.array([one.source for one in recordings])
    for source in np.unique(sources):
        here = np.flatnonzero(sources == source)
        others = [one for one in recordings if one.source != source]
        confidence[here] = predicted(*fit(others), [recordings[i] for i in here])
    return confidence


def naming_thresholds(own: Iterable[str], recordings: list[Recording], apart: DoubleArray) -> dict[str, float]:
    """Return the confidence from which each instrument is right often enough; those that never are are absent.

    Args:
        own: names of the instruments.
        recordings: for tuning.
        apart: what `predicted_apart` returns for them.
    """
    said: dict[str, list[tuple[float, bool]]] = {name: [] for name in own}
    for one, confidences in zip(recordings, apart, strict=True):
        for column, row in enumerate(INSTRUMENTS):
            if row.name in said and one.kind != "mixed" and (one.plays[column] or not one.has_others):
                said[row.name].append((float(confidences[column]), bool(one.plays[column])))
    found: dict[str, float] = {}
    for name, pairs in said.items():
        for threshold in NAMING_CONFIDENCES:
            right = [plays for confidence, plays in pairs if confidence >= threshold]
            if len(right) >= MIN_NAMED and np.mean(right) >= MIN_PRECISION:
                found[name] = threshold
                break
    return found


def fit_named(recordings: list[Recording], apart: DoubleArray, named_from: dict[str, float]) -> NamedCoefficients:
    """Return the coefficients that make the confidences of named instruments the share that is right.

    Args:
        recordings: for tuning; sums of recordings and those where others may play do not count.
        apart: what `predicted_apart` returns for them.
        named_from: confidence from which an instrument is named.
    """
    names = MusicTagOptions().names
    found: list[tuple[float, bool]] = []
    for one, confidences in zip(recordings, apart, strict=True):
        if one.kind != "mixed" and not one.has_others:
            of_rows = np.zeros(len(TABLE), dtype=np.float32)
            of_rows[INSTRUMENT_COLUMNS] = confidences
            columns = [INSTRUMENTS.index(row) for row in named_rows(of_rows, "instrument", names, named_from)]
            found += [(float(confidences[column]), bool(one.plays[column])) for column in columns]
    confidence, is_right = np.array(found, dtype=np.float64).T
    regressor = log_odds(confidence.astype(np.float32)).astype(np.float64)[:, None]
    return NamedCoefficients(*_regression(regressor, is_right, np.zeros(2), 0.0).round(4).tolist())


def main() -> None:
    """Fit, write the coefficients, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, required=True, help="as that of `make accuracy`")
    music = parser.parse_args().music
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        pieces = list(composed_pieces(services, music))
        recordings = [*known_recordings(services, music), *piece_recordings(pieces)]
    common, own = fit(recordings)
    apart = predicted_apart(recordings)
    named_from = naming_thresholds(own, recordings, apart)
    named = fit_named(recordings, apart, named_from)
    table = TagCalibration(common, own, named_from, named, fit_genres(pieces), fit_vocals(recordings))
    CALIBRATION_FILE.write_text(json.dumps(asdict(table), indent=1) + "\n", encoding="utf-8")
    print(report(recordings, apart, named_from))


if __name__ == "__main__":
    main()
