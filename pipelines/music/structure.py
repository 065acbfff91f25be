"""The sections of a piece by self-similarity; repeated ones have the same label.

Bars are compared by harmony and timbre. A section may begin where the bars before and after differ (Foote 2000: a checkerboard
kernel along the diagonal of the similarity matrix); sections whose bars match one by one have the same label.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.arrays import DoubleArray, FloatArray
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND, chroma_of
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND
from pipelines.music.rhythm.types import Beats

BAR_SECONDS = 2.0
"""Duration of a bar where there are no beats."""
PARTS_PER_BAR = 4
"""Harmony is compared quarter by quarter of a bar."""
KERNEL_BARS = 6
"""Bars before and after a possible boundary that are compared."""
TIMBRE_WEIGHT = 0.5
"""Weight of timbre in the similarity; the rest is harmony."""
MIN_SECTION_BARS = 4
BOUNDARY_DEVIATIONS = 0.5
"""Standard deviations above the mean of the novelty from which a peak is a boundary."""
MIN_NOVELTY = 0.05
"""Novelty up to which a peak is no boundary."""
SAME_LABEL_FRACTION = 0.4
"""Place between the median similarity of two bars and 1 from which the mean similarity of two sections gives them one label."""
MIN_LENGTH_RATIO = 0.5
"""Ratio of the lengths of two sections below which they are not compared."""
MAX_BARS = 2400
"""Bars above which several count as one: the similarity matrix stays below 25 MB."""


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


def find_sections(notes: FloatArray, bands: FloatArray, beats: Beats | None, duration: float) -> tuple[Section, ...]:
    """Return the sections of a clip.

    Args:
        notes: [frames, 2, 88] as `pooled_notes` returns them, 10.8 a second.
        bands: log-mel bands [frames, 20], 50 a second.
        beats: None where there are none.
        duration: of the clip, seconds.
    """
    bars = _bar_times(beats, duration)
    if len(bars) - 1 < 2 * MIN_SECTION_BARS:
        return (Section(0.0, round(duration, 3), "A", 1.0),)
    similarity = bar_similarity(*_bar_features(notes, bands, bars))
    edges = [0, *boundaries(novelty_curve(similarity)), len(similarity)]
    labels, confidences = section_labels(similarity, edges)
    times = [0.0, *(float(bars[edge]) for edge in edges[1:-1]), duration]
    return tuple(
        Section(round(start, 3), round(end, 3), label, round(confidence, 3))
        for (start, end), label, confidence in zip(pairwise(times), labels, confidences, strict=True)
    )


def _bar_times(beats: Beats | None, duration: float) -> DoubleArray:
    """Return the start of each bar and the end of the last in seconds; several bars count as one beyond `MAX_BARS`."""
    starts = np.array(beats.downbeats if beats else np.arange(0, duration, BAR_SECONDS))
    starts = starts[:: 1 + len(starts) // MAX_BARS]
    return np.append(starts[starts < duration], duration)


def _bar_features(notes: FloatArray, bands: FloatArray, bars: DoubleArray) -> tuple[FloatArray, FloatArray]:
    """Return (harmony [bars, 48] with rows of length 1, timbre [bars, 20] with a variance of about 1)."""
    from librosa.util import normalize

    parts = np.concatenate([np.linspace(start, end, PARTS_PER_BAR, endpoint=False) for start, end in pairwise(bars)])
    chroma = chroma_of(notes[:, 0])
    harmony = _means(chroma, np.append(parts, bars[-1]) * HARMONY_FRAMES_PER_SECOND).reshape(len(bars) - 1, -1)
    timbre = _means(bands, bars * FRAMES_PER_SECOND)
    timbre = (timbre - timbre.mean(axis=0)) / (timbre.std(axis=0).mean() + 1e-6)
    return normalize(harmony, norm=2, axis=1), timbre


def _means(frames: FloatArray, edges: DoubleArray) -> FloatArray:
    """Return the mean [len(edges) - 1, columns] of the frames between two edges, given in frames; at least one frame each."""
    from librosa.util import sync

    places = np.clip(np.round(edges).astype(np.int64), 0, len(frames)).tolist()
    spans = [(min(start, len(frames) - 1), end) for start, end in pairwise(places)]
    means: FloatArray = sync(frames, [slice(start, max(start + 1, end)) for start, end in spans], aggregate=np.mean, axis=0)
    return means


def bar_similarity(harmony: FloatArray, timbre: FloatArray) -> FloatArray:
    """Return the similarity [bars, bars], 0 to 1: cosines of the harmony and a Gaussian kernel of the timbre."""
    # An affinity of librosa.segment.recurrence_matrix in its place gives a lower F of the boundaries, 0.464 instead of 0.472.
    squares = np.square(timbre).mean(axis=1)
    distance = np.maximum(0, squares[:, np.newaxis] + squares[np.newaxis] - 2 * timbre @ timbre.T / timbre.shape[1])
    mixed: FloatArray = ((1 - TIMBRE_WEIGHT) * (harmony @ harmony.T) + TIMBRE_WEIGHT * np.exp(-0.5 * distance)).astype(np.float32)
    return mixed


def novelty_curve(similarity: FloatArray) -> FloatArray:
    """Return the novelty [bars] at the beginning of each bar (Foote 2000); near the ends, of fewer bars.

    The novelty is the mean similarity within the bars before and within those after, less that between them.
    """
    curve = np.zeros(len(similarity), dtype=np.float32)
    for bar in range(1, len(similarity)):
        reach = min(KERNEL_BARS, bar, len(similarity) - bar)
        before, after = slice(bar - reach, bar), slice(bar, bar + reach)
        within = (similarity[before, before].mean() + similarity[after, after].mean()) / 2
        curve[bar] = (within - similarity[before, after].mean()) * (reach / KERNEL_BARS) ** 0.5
    return curve


def boundaries(novelty: FloatArray) -> list[int]:
    """Return the bars at which sections begin, without the first: peaks, the highest within `MIN_SECTION_BARS`."""
    from librosa.util import peak_pick

    reach, length, excess = MIN_SECTION_BARS, len(novelty), BOUNDARY_DEVIATIONS * float(novelty.std())
    peaks = peak_pick(novelty, pre_max=reach - 1, post_max=reach, pre_avg=length, post_avg=length, delta=excess, wait=reach - 1)
    return [bar for bar in peaks.tolist() if novelty[bar] > MIN_NOVELTY and reach <= bar <= length - reach]


def section_labels(similarity: FloatArray, edges: list[int]) -> tuple[list[str], list[float]]:
    """Return (label, confidence) of each section between two `edges`, in bars.

    A section has the label of the earlier one that it matches best, or a new one.
    """
    spans = list(pairwise(edges))
    usual = float(np.median(similarity))
    needed = usual + SAME_LABEL_FRACTION * (1 - usual)
    labels: list[int] = []
    confidences: list[float] = []
    for count, span in enumerate(spans):
        matches = [_match(similarity, span, other) for other in spans[:count]]
        best = int(np.argmax(matches)) if matches else -1
        is_known = bool(matches) and matches[best] >= needed
        labels.append(labels[best] if is_known else max(labels, default=-1) + 1)
        confidences.append(0.5 + 0.5 * min(1.0, abs(matches[best] - needed) / (1 - needed)) if matches else 1.0)
    return [_label(number) for number in labels], confidences


def _match(similarity: FloatArray, one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return the mean similarity of two sections, bar by bar from their beginnings; 0 for very different lengths."""
    lengths = sorted((one[1] - one[0], other[1] - other[0]))
    if lengths[0] < MIN_LENGTH_RATIO * lengths[1]:
        return 0.0
    steps = np.arange(lengths[0])
    return float(similarity[one[0] + steps, other[0] + steps].mean())


def _label(number: int) -> str:
    """Return 'A' to 'Z', then 'A2' and so on."""
    return chr(ord("A") + number % 26) + (str(1 + number // 26) if number >= 26 else "")
