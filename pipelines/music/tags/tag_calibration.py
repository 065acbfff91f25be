"""Confidences of instruments, genres and vocals: how often they were right, at their evidence, in music of which that is known.

Evidence alone names a trombone beside each trumpet, since the models give both to either. So there are two regressors: the
evidence, and its margin over the strongest instrument that is not related (logistic regression, Platt 1999). The coefficients are
in `tag_calibration.json`, written by `python -m training.calibrate_music_tags`.

Of the instruments named in the real recordings for tuning, each source predicted from the others, 0.94 of 674 play. On 176
recordings kept apart 0.93 of 179 do, and the calibration error is 0.04. Where vocals are said on recordings kept apart there are
some in 9 of 11, and where they are denied there are none in 203 of 206. Genres have one line for all: on the pieces 'test' of
`fitting_music_tags.json` 0.87 of 23 named ones fit instead of 0.51 of 88.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from models.arrays import FloatArray
from pipelines.music.tags.tag_table import INSTRUMENTS, TableRow

CALIBRATION_FILE = Path(__file__).with_name("tag_calibration.json")


@dataclass(frozen=True)
class Coefficients:
    """Log-odds that an instrument plays: the intercept, and the factors of evidence and margin."""

    intercept: float
    evidence: float
    margin: float


@dataclass(frozen=True)
class NamedCoefficients:
    """Log-odds that an instrument plays that is named: the intercept, and the factor of its own log-odds.

    Only the most confident of a family is named, and only where it was right often enough, so that it is right more often than
    all instruments of its confidence.
    """

    intercept: float
    log_odds: float


@dataclass(frozen=True)
class GenreCoefficients:
    """Log-odds that a genre fits, the same for all genres: the intercept, and the factor of the evidence."""

    intercept: float
    evidence: float


@dataclass(frozen=True)
class VocalCoefficients:
    """Log-odds of vocals: the intercept, and the factors of the log-odds of `vocal_evidence.VOCAL_SCORES`, by name."""

    intercept: float
    factors: Mapping[str, float]


@dataclass(frozen=True)
class TagCalibration:
    """The coefficients of all instruments, and of vocals."""

    common: Coefficients
    """For instruments that too few recordings have: fitted on all instruments together."""
    own: Mapping[str, Coefficients]
    """By name, for the instruments that enough recordings have."""
    named_from: Mapping[str, float]
    """Confidence from which an instrument is named; those that were not right often enough at any confidence are absent."""
    named: NamedCoefficients
    """Confidence of the instruments that are named."""
    genres: GenreCoefficients
    """Fitted on rendered pieces, since too few real ones have a genre that is beyond dispute."""
    vocals: VocalCoefficients
    """Fitted as if half of all music were sung: of the recordings for tuning few are."""

    def of(self, name: str) -> Coefficients:
        """Return the coefficients of an instrument."""
        return self.own.get(name, self.common)


@cache
def tag_calibration() -> TagCalibration:
    """Return the fitted calibration."""
    table = json.loads(CALIBRATION_FILE.read_text(encoding="utf-8"))
    return TagCalibration(
        Coefficients(**table["common"]),
        {name: Coefficients(**values) for name, values in table["own"].items()},
        table["named_from"],
        NamedCoefficients(**table["named"]),
        GenreCoefficients(**table["genres"]),
        VocalCoefficients(**table["vocals"]),
    )


def margins(evidence: FloatArray) -> FloatArray:
    """Return by how much the evidence [segments, INSTRUMENTS] of each is above that of the strongest unrelated one.

    Families are related to their members, and compete with no one: a margin is over a single instrument.
    """
    found = np.empty_like(evidence)
    for column, rivals in enumerate(_rivals()):
        found[:, column] = evidence[:, column] - evidence[:, rivals].max(axis=1)
    return found


def genre_log_odds(evidence: FloatArray) -> FloatArray:
    """Return the log-odds that genres fit from the evidence for them."""
    genres = tag_calibration().genres
    log_odds: FloatArray = np.float32(genres.intercept) + np.float32(genres.evidence) * evidence
    return log_odds


def instrument_log_odds(evidence: FloatArray) -> FloatArray:
    """Return the log-odds [segments, INSTRUMENTS] that each instrument plays."""
    table = [tag_calibration().of(row.name) for row in INSTRUMENTS]
    columns = ([one.intercept for one in table], [one.evidence for one in table], [one.margin for one in table])
    intercept, factor, margin_factor = (np.array(column, dtype=np.float32) for column in columns)
    log_odds: FloatArray = intercept + factor * evidence + margin_factor * margins(evidence)
    return log_odds


def families(row: TableRow) -> tuple[str, ...]:
    """Return the names of the families of an instrument, from the nearest to the widest."""
    parents = {other.name: other.family for other in INSTRUMENTS}
    found: list[str] = []
    name = row.family
    while name:
        found.append(name)
        name = parents[name]
    return tuple(found)


@cache
def _rivals() -> tuple[list[int], ...]:
    """Return for each instrument the columns of the single instruments that are none of its relatives."""
    return tuple(
        [
            column
            for column, other in enumerate(INSTRUMENTS)
            if not other.is_vague and other is not row and other.name not in families(row) and row.name not in families(other)
        ]
        for row in INSTRUMENTS
    )
