"""The table of `training.calibrate_music_tags`: precision, recall and calibration error of the instruments that are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray
from pipelines.music.tags.tag_table import INSTRUMENTS

MIN_RELIABILITY_CONFIDENCE = 0.1
"""Confidence from which the calibration error counts: nearly all instruments do not play, and are said not to."""
BINS = 10


class Measured(Protocol):
    """What the table needs of a recording."""

    @property
    def kind(self) -> str:
        """'real', 'mixed' or 'rendered'."""

    @property
    def plays(self) -> NDArray[np.bool_]:
        """[INSTRUMENTS], whether each plays."""

    @property
    def has_others(self) -> bool:
        """Whether others may play too."""


def report(recordings: Sequence[Measured], confidence: DoubleArray, named_from: Mapping[str, float]) -> str:
    """Return the tables as text.

    Args:
        recordings: all of them.
        confidence: [recordings, INSTRUMENTS].
        named_from: confidence from which an instrument is named.
    """
    plays = np.stack([one.plays for one in recordings])
    known = plays | ~np.array([[one.has_others] for one in recordings])
    shown = confidence >= np.array([named_from.get(row.name, inf) for row in INSTRUMENTS])
    lines = [f"{'recordings':24}{'number':>8}{'named':>8}{'right':>8}{'found':>8}{'calibration error':>20}"]
    kinds = np.array([one.kind for one in recordings])
    for kind in sorted(set(kinds)):
        here = known & (kinds == kind)[:, None]
        counted = here & (confidence >= MIN_RELIABILITY_CONFIDENCE)
        error = calibration_error(confidence[counted], plays[counted])
        lines.append(f"{kind:24}{(kinds == kind).sum():8}{_shares(shown & here, plays & here)}{error:20.3f}")
    lines.append(f"\n{'real':24}{'plays':>8}{'named':>8}{'right':>8}{'found':>8}")
    real = known & (kinds == "real")[:, None]
    for column, row in enumerate(INSTRUMENTS):
        here = real[:, column]
        count = int((plays[:, column] & here).sum())
        lines.append(f"{row.name:24}{count:8}{_shares(shown[:, column] & here, plays[:, column] & here)}")
    return "\n".join(lines)


def calibration_error(confidence: DoubleArray, right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error (Naeini et al. 2015) in ten bins of equal width."""
    bins = np.minimum(BINS - 1, (confidence * BINS).astype(int))
    gaps = [
        abs(confidence[bins == i].mean() - right[bins == i].mean()) * (bins == i).sum() for i in range(BINS) if (bins == i).any()
    ]
    return float(sum(gaps) / max(1, len(confidence)))


def _shares(shown: NDArray[np.bool_], plays: NDArray[np.bool_]) -> str:
    """Return the number of names, and the shares of the names that are right and of the players that are named."""
    right = int((shown & plays).sum())
    precision = f"{right / shown.sum():8.2f}" if shown.any() else f"{'–':>8}"
    recall = f"{right / plays.sum():8.2f}" if plays.any() else f"{'–':>8}"
    return f"{int(shown.sum()):8}{precision}{recall}"
