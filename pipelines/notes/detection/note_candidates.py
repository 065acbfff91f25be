"""Moments at which a note may begin, and the probability that one does.

The onsets of Basic Pitch are high at overtones too, and while a note is held, so that no threshold tells notes from them. A small
network sees the activations of the pitch and of the pitches in whose overtones it lies, before and after the moment. It was
fitted by `python -m training.music.fit_notes` on the rendered pieces of `benchmarks/notes/pieces.json` that are for tuning.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.music.harmony.note_activations import PITCHES, NoteFrames
from pipelines.notes.detection.small_network import small_network

WEIGHTS_FILE = Path(__file__).with_name("note_weights.json")
MIN_EVIDENCE = 0.25
"""Onset activation, or rise of the note activation, from which a moment is a candidate: 94 % of the tuning pieces' notes are."""
PEAK_FRAMES = 7
"""Frames within which a candidate is the maximum of its pitch."""
RISE_FRAMES = 2
"""Frames over which a rise is measured."""
INTERVALS = (0, -1, 1, -12, 12, -19, 19, -24, 24, -28, 28)
"""Semitones from the candidate to the pitches whose activations are seen: neighbours, octaves, twelfths, double octaves, and the
fifth partial."""
SPANS = ((-10, -4), (-4, 0), (0, 3), (3, 6), (6, 12), (12, 24))
"""Frames relative to the candidate over which a note activation is averaged."""
NEAR_FRAMES = 5
"""Frames around the candidate over which the maximum of an onset activation is taken."""
MIN_ACTIVATION = 0.02
"""Activations are clipped here for their log-odds."""


@dataclass(frozen=True)
class Candidates:
    """Moments at which notes may begin."""

    frames: IntArray
    """[candidates], ascending within a pitch."""
    columns: IntArray
    """[candidates], ascending; 0 is the lowest pitch."""
    probabilities: FloatArray
    """[candidates], 0 to 1."""


def note_candidates(frames: NoteFrames) -> Candidates:
    """Return the candidates of consecutive frames with their probabilities."""
    places, columns = candidate_places(frames)
    if not len(places):
        return Candidates(places, columns, np.empty(0, dtype=np.float32))
    features = candidate_features(frames, places, columns)
    return Candidates(places, columns, small_network(WEIGHTS_FILE).probabilities(features)[:, 0])


def candidate_places(frames: NoteFrames) -> tuple[IntArray, IntArray]:
    """Return frames and columns of the candidates: peaks of the onsets, and of the rise of the notes where there is no onset."""
    from scipy.ndimage import maximum_filter1d

    before = np.pad(frames.notes, ((RISE_FRAMES, 0), (0, 0)))[:-RISE_FRAMES]
    evidence = np.maximum(frames.onsets, frames.notes - before)
    peaks = maximum_filter1d(evidence, PEAK_FRAMES, axis=0, mode="constant")
    columns, places = np.nonzero(((evidence >= MIN_EVIDENCE) & (evidence == peaks)).T)
    return places, columns


def candidate_features(frames: NoteFrames, places: IntArray, columns: IntArray) -> FloatArray:
    """Return what is known of candidates [candidates, features]: log-odds of activations, and the pitch."""
    from scipy.ndimage import maximum_filter1d

    onsets = maximum_filter1d(frames.onsets, NEAR_FRAMES, axis=0, mode="constant")
    reach = max(max(abs(edge) for edge in span) for span in SPANS)
    sums = np.cumsum(np.pad(frames.notes, ((reach + 1, reach), (0, 0))), axis=0, dtype=np.float64)
    found = [_log_odds(frames.onsets[places, columns])]
    for interval in INTERVALS:
        other = columns + interval
        inside = (other >= 0) & (other < PITCHES)
        other = np.clip(other, 0, PITCHES - 1)
        found.append(_log_odds(np.where(inside, onsets[places, other], 0)))
        for first, last in SPANS:
            mean = (sums[places + reach + last, other] - sums[places + reach + first, other]) / (last - first)
            found.append(_log_odds(np.where(inside, mean, 0)))
    for span in ((-11, -2), (3, 12)):
        found.append(_log_odds(_highest(frames.onsets, places, columns, span)))
    found += [_log_odds(frames.onsets.max(axis=1)[places]), np.log1p((onsets > 0.5).sum(axis=1))[places]]
    pitch = columns / PITCHES
    return np.stack([*found, pitch, np.square(pitch)], axis=1).astype(np.float32)


def _highest(values: FloatArray, places: IntArray, columns: IntArray, span: tuple[int, int]) -> FloatArray:
    """Return the maximum [candidates] of `values` over the frames of `span` relative to each candidate."""
    near = np.stack([places + shift for shift in range(*span)])
    inside = (near >= 0) & (near < len(values))
    highest: FloatArray = np.where(inside, values[np.clip(near, 0, len(values) - 1), columns], 0).max(axis=0)
    return highest


def _log_odds(values: FloatArray) -> FloatArray:
    bounded = np.clip(values, MIN_ACTIVATION, 1 - MIN_ACTIVATION)
    odds: FloatArray = np.log(bounded / (1 - bounded))
    return odds
