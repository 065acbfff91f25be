"""What speaks for a section that begins at a beat: novelty of several kinds and widths, peaks of it, and the phase of phrases."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.arrays import FloatArray
from pipelines.music.sections.beat_features import BeatGrid, SoundFrames, accents, change_features, note_features
from pipelines.music.sections.novelty import novelty_curve, set_change
from pipelines.music.sections.repetition import Repetition, lag_rows

WIDTHS = (8, 16, 32)
"""Beats before and after that are compared."""
JOINT_WIDTHS = (8, 16)
"""Those of which peaks and phases are looked for, and those of repetition."""
RELATIVE_WIDTH = 8
"""Width at which phases are looked for in the features that are relative to the clip."""
PHRASES = (4, 8, 16, 32)
"""Beats of a phrase."""
PEAK_REACHES = (4, 8, 16)
"""Beats on both sides that a peak is compared with."""
LOCAL_BEATS = 32
"""Beats over which the mean of the novelty is local."""
END_BEATS = 24
"""Beats from either end beyond which their distance does not matter."""


def boundary_features(
    frames: SoundFrames, grid: BeatGrid, features: dict[str, FloatArray], repetition: Repetition
) -> tuple[list[str], FloatArray]:
    """Return (names, values [beats, names]) of what the regression of boundaries is given.

    Args:
        frames: outputs of the networks.
        grid: the beats.
        features: `beat_features` of both.
        repetition: what repeats in them.
    """
    columns = {f"{name} accent": accent for name, accent in accents(frames, grid).items()}
    notes, changes = note_features(frames, grid), change_features(frames, grid)
    for width in WIDTHS:
        curves = {name: _change(rows, width) for name, rows in changes.items()}
        if width in JOINT_WIDTHS:
            lags = _change(lag_rows(repetition), max(1, width // repetition.step))
            curves["repetition"] = np.repeat(lags, repetition.step)[: len(grid.positions)]
        columns |= {f"{name}, {width} beats": curve for name, curve in curves.items()}
        if width in JOINT_WIDTHS:
            sets = [set_change(rows, width) for rows in notes.values()]
            relative = [_change(rows, width) for rows in features.values()]
            columns |= dict(_joint_columns([*curves.values(), *sets, *relative], width))
    columns |= _phase_columns(np.mean([_change(rows, RELATIVE_WIDTH) for rows in features.values()], axis=0), "relative")
    places = np.arange(len(grid.positions))
    for name, distance in (("start", places), ("end", len(places) - places)):
        columns[f"distance from the {name}"] = np.minimum(distance, END_BEATS) / END_BEATS
    return list(columns), np.stack(list(columns.values()), axis=1).astype(np.float32)


def _joint_columns(curves: list[FloatArray], width: int) -> Iterator[tuple[str, FloatArray]]:
    """Yield what follows from the mean of all novelty curves of a width."""
    curve: FloatArray = np.mean([_z_scores(curve) for curve in curves], axis=0)
    yield f"all, {width} beats", curve
    for reach in PEAK_REACHES:
        yield f"peak within {reach} beats, {width} beats", curve - _highest_beside(curve, reach)
    yield from _phase_columns(curve, f"{width} beats").items()


def _phase_columns(curve: FloatArray, name: str) -> dict[str, FloatArray]:
    """Return how well each beat is at the phase of phrases of several lengths, by what is above the local mean of a curve."""
    from scipy.ndimage import uniform_filter1d

    excess: FloatArray = np.maximum(0, curve - uniform_filter1d(curve, LOCAL_BEATS, mode="nearest"))
    return {f"phase of {phrase} beats, {name}": _phase_scores(excess, phrase) for phrase in PHRASES}


def _change(rows: FloatArray, width: int) -> FloatArray:
    """Return the distance [rows] of the means before and after each row."""
    distance: FloatArray = np.sqrt(2 * novelty_curve(rows, width))
    return distance


def _z_scores(curve: FloatArray) -> FloatArray:
    scores: FloatArray = (curve - curve.mean()) / (curve.std() + 1e-6)
    return scores


def _highest_beside(curve: FloatArray, reach: int) -> FloatArray:
    """Return the maximum of the values within `reach`, without the value itself."""
    padded = np.pad(curve, reach)
    shifts = [shift for shift in range(2 * reach + 1) if shift != reach]
    highest: FloatArray = np.max([padded[shift : shift + len(curve)] for shift in shifts], axis=0)
    return highest


def _phase_scores(novelty: FloatArray, phrase: int) -> FloatArray:
    """Return how many standard deviations the mean novelty at the phase of each beat is above that of all phases."""
    phases = np.arange(len(novelty)) % phrase
    counts = np.maximum(1, np.bincount(phases, minlength=phrase))
    means = np.bincount(phases, novelty, minlength=phrase) / counts
    scores: FloatArray = _z_scores(means)[phases].astype(np.float32)
    return scores
