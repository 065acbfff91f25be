"""The sections of a piece by self-similarity; repeated ones are labelled alike.

Bars are compared by their harmony and their colour. A section may begin where the bars before and after are unlike each other
(Foote 2000, a checkerboard along the diagonal of the similarity matrix); sections whose bars match one by one get the same label.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.arrays import DoubleArray, FloatArray
from pipelines.music.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.note_activations import LOWEST_PITCH
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND
from pipelines.music.rhythm.beat_tracking import Beats

BAR_SECONDS = 2.0
"""Of the bars that are made up where there is no beat."""
PARTS_PER_BAR = 4
"""Harmony is compared quarter by quarter of a bar."""
KERNEL_BARS = 6
"""Before and after a possible boundary."""
COLOUR_WEIGHT = 0.5
SHORTEST_BARS = 4
BOUNDARY_DEVIATIONS = 0.5
"""A peak of the novelty counts from this many standard deviations above its mean."""
MIN_NOVELTY = 0.05
ALIKE = 0.4
"""How far between the usual similarity of two bars and 1 the bars of two sections must be on average to have one label."""
MIN_OVERLAP = 0.5
"""Of their lengths."""
MAX_BARS = 2400


@dataclass(frozen=True)
class Section:
    """One section from `start` to `end`; the sections of a clip follow each other without gaps."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    label: str
    """'A' for the first kind of section, 'B' for the next; equal labels sound alike."""
    confidence: float
    """0 to 1: how clearly it differs from its neighbours and resembles those with the same label."""


def find_sections(notes: FloatArray, colour: FloatArray, beats: Beats | None, duration: float) -> tuple[Section, ...]:
    """The sections from 0 to `duration` seconds.

    `notes` [frames, 2, 88] as `pooled_notes` has them, eleven a second; `colour` [frames, 20] is a coarse log-mel spectrogram, 50
    a second.
    """
    bars = _bars(beats, duration)
    if len(bars) - 1 < 2 * SHORTEST_BARS:
        return (Section(0.0, round(duration, 3), "A", 1.0),)
    alike = similarity(_bar_features(notes, colour, bars))
    novelty = novelty_curve(alike)
    edges = [0, *boundaries(novelty), len(alike)]
    labels, fit = section_labels(alike, edges)
    times = [0.0, *(float(bars[edge]) for edge in edges[1:-1]), duration]
    return tuple(
        Section(round(start, 3), round(end, 3), label, round(sureness, 3))
        for (start, end), label, sureness in zip(pairwise(times), labels, fit, strict=True)
    )


def _bars(beats: Beats | None, duration: float) -> DoubleArray:
    """Seconds at which bars begin, and the end; several bars count as one where there would be too many."""
    starts = np.array(beats.downbeats if beats else np.arange(0, duration, BAR_SECONDS))
    starts = starts[:: 1 + len(starts) // MAX_BARS]
    return np.append(starts[starts < duration], duration)


def _bar_features(notes: FloatArray, colour: FloatArray, bars: DoubleArray) -> tuple[FloatArray, FloatArray]:
    """(harmony [bars, 48], colour [bars, 20]), each row of length 1."""
    first_class = LOWEST_PITCH % 12
    chroma = np.zeros((len(notes), 12), dtype=np.float32)
    for pitch in range(notes.shape[2]):
        chroma[:, (first_class + pitch) % 12] += notes[:, 0, pitch]
    parts = np.concatenate([np.linspace(start, end, PARTS_PER_BAR, endpoint=False) for start, end in pairwise(bars)])
    harmony = _means(chroma, np.append(parts, bars[-1]) * HARMONY_FRAMES_PER_SECOND).reshape(len(bars) - 1, -1)
    tint = _means(colour, bars * FRAMES_PER_SECOND)
    tint = (tint - tint.mean(axis=0)) / (tint.std(axis=0).mean() + 1e-6)
    return _unit(harmony), tint


def _means(frames: FloatArray, edges: DoubleArray) -> FloatArray:
    """[len(edges) - 1, columns], the mean of the frames between two edges, which count in frames."""
    sums = np.concatenate([np.zeros((1, frames.shape[1])), np.cumsum(frames, axis=0, dtype=np.float64)])
    places = np.clip(np.round(edges).astype(np.int64), 0, len(frames))
    first, last = np.minimum(places[:-1], len(frames) - 1), np.maximum(places[1:], np.minimum(places[:-1], len(frames) - 1) + 1)
    means: FloatArray = ((sums[last] - sums[first]) / (last - first)[:, np.newaxis]).astype(np.float32)
    return means


def _unit(rows: FloatArray) -> FloatArray:
    scaled: FloatArray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return scaled


def similarity(features: tuple[FloatArray, FloatArray]) -> FloatArray:
    """[bars, bars], 0 to 1."""
    harmony, colour = features
    squares = np.square(colour).mean(axis=1)
    distance = np.maximum(0, squares[:, np.newaxis] + squares[np.newaxis] - 2 * colour @ colour.T / colour.shape[1])
    mixed: FloatArray = ((1 - COLOUR_WEIGHT) * (harmony @ harmony.T) + COLOUR_WEIGHT * np.exp(-0.5 * distance)).astype(np.float32)
    return mixed


def novelty_curve(alike: FloatArray) -> FloatArray:
    """[bars], how unlike the bars before and after the beginning of each bar are (Foote 2000); near the ends with fewer bars."""
    curve = np.zeros(len(alike), dtype=np.float32)
    for bar in range(1, len(alike)):
        reach = min(KERNEL_BARS, bar, len(alike) - bar)
        before, after = slice(bar - reach, bar), slice(bar, bar + reach)
        within = (alike[before, before].mean() + alike[after, after].mean()) / 2
        curve[bar] = (within - alike[before, after].mean()) * (reach / KERNEL_BARS) ** 0.5
    return curve


def boundaries(novelty: FloatArray) -> list[int]:
    """The bars at which sections begin, but for the first: the highest peaks, `SHORTEST_BARS` apart or more."""
    threshold = float(novelty.mean() + BOUNDARY_DEVIATIONS * novelty.std())
    chosen: list[int] = []
    for bar in np.argsort(-novelty, kind="stable").tolist():
        if novelty[bar] <= max(threshold, MIN_NOVELTY):
            break
        if all(abs(bar - other) >= SHORTEST_BARS for other in (0, len(novelty), *chosen)):
            chosen.append(bar)
    return sorted(chosen)


def section_labels(alike: FloatArray, edges: list[int]) -> tuple[list[str], list[float]]:
    """(label, confidence) of each section between two `edges` (bars): that of the earlier one it matches best, or a new one."""
    spans = list(pairwise(edges))
    common = float(np.median(alike))
    needed = common + ALIKE * (1 - common)
    labels: list[int] = []
    sureness: list[float] = []
    for count, span in enumerate(spans):
        matches = [_match(alike, span, other) for other in spans[:count]]
        best = int(np.argmax(matches)) if matches else -1
        is_known = bool(matches) and matches[best] >= needed
        labels.append(labels[best] if is_known else max(labels, default=-1) + 1)
        sureness.append(0.5 + 0.5 * min(1.0, abs(matches[best] - needed) / (1 - needed)) if matches else 1.0)
    return [_label(number) for number in labels], sureness


def _match(alike: FloatArray, one: tuple[int, int], other: tuple[int, int]) -> float:
    """Mean similarity of two sections, bar by bar from their beginnings; 0 for very different lengths."""
    lengths = sorted((one[1] - one[0], other[1] - other[0]))
    if lengths[0] < MIN_OVERLAP * lengths[1]:
        return 0.0
    steps = np.arange(lengths[0])
    return float(alike[one[0] + steps, other[0] + steps].mean())


def _label(number: int) -> str:
    """'A' to 'Z', then 'A2' and so on."""
    return chr(ord("A") + number % 26) + (str(1 + number // 26) if number >= 26 else "")
