"""The chords of a clip with their times: major, minor and dominant seventh, or none.

The harmony network gives each frame a probability for every chord; a Viterbi search over beats finds the sequence that changes
only where it must.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.arrays import DoubleArray, FloatArray, IntArray
from pipelines.music.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.notation import SHARPS

KINDS = ("maj", "min", "7")
"""In the order of the network's output for each root."""
CHORD_COUNT = 12 * len(KINDS) + 1
NO_CHORD = CHORD_COUNT - 1
NO_CHORD_NAME = "N"
CHANGE_COST = 3.0
"""Of a new chord, in nats."""
FRAMES_THAT_COUNT = 4.0
"""How much evidence the frames of one beat are: neighbours say nearly the same, so they are not all new."""
GRID_SECONDS = 0.5
"""Between the places where chords may change if there are no beats."""
FAINTEST_CANDIDATE = 0.02
MAX_CANDIDATES = 2


@dataclass(frozen=True)
class ChordCandidate:
    """A chord that was considered for a stretch and not taken."""

    name: str
    confidence: float
    """0 to 1."""


@dataclass(frozen=True)
class Chord:
    """One chord from `start` to `end`; the chords of a clip follow each other without gaps."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    name: str
    """In Harte's syntax, as mir_eval reads it: 'C:maj', 'A:min', 'G:7', 'Bb:maj', or 'N' for no chord."""
    confidence: float
    """0 to 1."""
    alternatives: tuple[ChordCandidate, ...] = ()
    """Other readings of the same stretch, best first."""


def find_chords(
    logits: FloatArray, duration: float, beats: tuple[float, ...] = (), spelling: tuple[str, ...] = SHARPS
) -> tuple[Chord, ...]:
    """The chords from 0 to `duration` seconds for `logits` [frames, 37], eleven a second; they change only at `beats` (seconds).

    `spelling`: the names of the twelve pitch classes, from C up.
    """
    edges = chord_grid(beats, duration)
    log_share = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    evidence = np.stack([_part(log_share, start, end).mean(axis=0) for start, end in pairwise(edges)])
    path = smoothed_path(FRAMES_THAT_COUNT * evidence)
    changes = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    return tuple(
        _chord(log_share, float(edges[first]), float(edges[last]), int(path[first]), spelling)
        for first, last in pairwise(changes)
    )


def chord_grid(beats: tuple[float, ...], duration: float) -> DoubleArray:
    """Seconds at which chords may change, from 0 to `duration`: the beats, and where there are none every half second."""
    anchors = np.array([0.0, *(beat for beat in beats if 0.0 < beat < duration), duration])
    edges = [anchors[0]]
    for start, end in pairwise(anchors):
        steps = max(1, round(float(end - start) / GRID_SECONDS)) if end - start > 3 * GRID_SECONDS else 1
        edges += [start + (end - start) * step / steps for step in range(1, steps)] + [end]
    return np.array(edges)


def smoothed_path(evidence: FloatArray | DoubleArray) -> IntArray:
    """The best chord [steps] for `evidence` [steps, 37] in nats, where each change costs `CHANGE_COST`."""
    stays = np.empty(evidence.shape, dtype=np.bool_)
    best_before = np.empty(len(evidence), dtype=np.int64)
    score = np.zeros(evidence.shape[1], dtype=np.float64)
    for step, gain in enumerate(evidence):
        best_before[step] = score.argmax()
        changed = score[best_before[step]] - CHANGE_COST
        stays[step] = score >= changed
        score = np.maximum(score, changed) + gain
    path = np.empty(len(evidence), dtype=np.int64)
    path[-1] = score.argmax()
    for step in range(len(evidence) - 1, 0, -1):
        path[step - 1] = path[step] if stays[step, path[step]] else best_before[step]
    return path


def chord_coverage(chords: tuple[Chord, ...]) -> float:
    """How much of the time there is a chord, 0 to 1."""
    total = sum(chord.end - chord.start for chord in chords)
    return sum(chord.end - chord.start for chord in chords if chord.name != NO_CHORD_NAME) / total if total else 0.0


def chord_name(index: int, spelling: tuple[str, ...] = SHARPS) -> str:
    """Of the network's output `index`."""
    return NO_CHORD_NAME if index == NO_CHORD else f"{spelling[index // len(KINDS)]}:{KINDS[index % len(KINDS)]}"


def _chord(log_share: FloatArray, start: float, end: float, index: int, spelling: tuple[str, ...]) -> Chord:
    share = np.exp(_part(log_share, start, end)).mean(axis=0)
    others = [int(i) for i in np.argsort(-share, kind="stable") if i != index and share[i] >= FAINTEST_CANDIDATE][:MAX_CANDIDATES]
    candidates = tuple(ChordCandidate(chord_name(i, spelling), round(float(share[i]), 3)) for i in others)
    return Chord(round(start, 3), round(end, 3), chord_name(index, spelling), round(float(share[index]), 3), candidates)


def _part(frames: FloatArray, start: float, end: float) -> FloatArray:
    """The frames [at least 1, ...] between two times in seconds."""
    first = min(len(frames) - 1, round(start * HARMONY_FRAMES_PER_SECOND))
    return frames[first : max(first + 1, round(end * HARMONY_FRAMES_PER_SECOND))]
