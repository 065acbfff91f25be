"""Spans of time: (start, end) in seconds of the clip."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Span = tuple[float, float]
"""(start, end) in seconds."""


def runs_of(flags: NDArray[np.bool_], hop: float, length: float, duration: float) -> tuple[Span, ...]:
    """Return (start, end) in seconds of each run of true patches [patches], one every `hop` seconds and `length` seconds long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))).tolist()
    runs = [(first * hop, min(duration, (last - 1) * hop + length)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    return merged_spans(run for run in runs if run[0] < run[1])


def merged_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return ascending spans; those that touch are merged."""
    result: list[Span] = []
    for start, end in spans:
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)
