"""Which sections sound alike: a logistic regression on the distances of two sections, then average linkage."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from models.arrays import FloatArray
from pipelines.music.sections.repetition import Repetition
from pipelines.music.sections.weights import weights

Span = tuple[int, int]
"""First beat and the one after the last."""
MIN_PROBABILITY = 0.3
"""Mean probability, over their pairs, from which sections have one label."""
ALIGNED = ("harmony", "pitches")
RHYTHMIC = ("onsets", "spectrum", "flux")
"""Features that are compared beat by beat from the beginnings of two sections."""


def section_labels(features: dict[str, FloatArray], repetition: Repetition, spans: list[Span]) -> list[str]:
    """Return the label of each section, 'A' for the first kind."""
    if len(spans) == 1:
        return ["A"]
    from scipy.cluster.hierarchy import fcluster, linkage

    odds = weights().pairs.log_odds(*pair_features(features, repetition, spans))
    groups = fcluster(linkage(1 / (1 + np.exp(odds)), "average"), 1 - MIN_PROBABILITY, "distance").tolist()
    order = list(dict.fromkeys(groups))
    return [_label(order.index(group)) for group in groups]


def pair_features(features: dict[str, FloatArray], repetition: Repetition, spans: list[Span]) -> tuple[list[str], FloatArray]:
    """Return (names, values [pairs, names]) of what the regression is given of every two sections, in SciPy's order of pairs."""
    from scipy.spatial.distance import pdist

    pairs = list(combinations(spans, 2))
    columns = {
        name: pdist(np.stack([rows[start:end].mean(axis=0, dtype=np.float64) for start, end in spans]))
        for name, rows in features.items()
    }
    for names in (ALIGNED, RHYTHMIC):
        joined = np.concatenate([features[name] for name in names], axis=1) / len(names) ** 0.5
        columns[f"{' and '.join(names)} beat by beat"] = np.array([_aligned_distance(joined, *pair) for pair in pairs])
    columns["path"] = np.array([_path(repetition, *pair) for pair in pairs])
    columns["ratio of lengths"] = pdist(np.log([[end - start] for start, end in spans]))
    return list(columns), np.stack(list(columns.values()), axis=1).astype(np.float32)


def _aligned_distance(rows: FloatArray, one: Span, other: Span) -> float:
    """Return the root mean square distance of the beats of two sections from their beginnings on."""
    length = min(one[1] - one[0], other[1] - other[0])
    difference = rows[one[0] : one[0] + length] - rows[other[0] : other[0] + length]
    return float(np.sqrt(np.vdot(difference, difference) / length))


def _path(repetition: Repetition, one: Span, other: Span) -> float:
    """Return the mean over the beats of two sections of the strongest path to the other one."""
    step = repetition.step
    rows, columns = (slice(start // step, max(start // step + 1, end // step)) for start, end in (one, other))
    block = repetition.paths[rows, columns]
    return float((block.max(axis=0).mean() + block.max(axis=1).mean()) / 2)


def _label(number: int) -> str:
    """Return 'A' to 'Z', then 'A2' and so on."""
    return chr(ord("A") + number % 26) + (str(1 + number // 26) if number >= 26 else "")
