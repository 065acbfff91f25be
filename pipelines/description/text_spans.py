"""Spans of time: (start, end) in seconds of the clip."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipelines.clip.chunking import Span
from pipelines.clip.series import runs_of_true


def runs_of(flags: NDArray[np.bool_], hop: float, length: float, duration: float) -> tuple[Span, ...]:
    """Return (start, end) in seconds of each run of true patches [patches], one every `hop` seconds and `length` seconds long."""
    runs = [(first * hop, min(duration, (end - 1) * hop + length)) for first, end in runs_of_true(flags)]
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
