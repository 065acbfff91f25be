"""Cut a long clip into pieces that fit a model's window, at section boundaries where there are any."""

from __future__ import annotations

from math import ceil

MIN_PIECE_SECONDS = 8.0
"""Shortest piece; of a shorter rest at the end, language models invent what is not there."""

Span = tuple[float, float]
"""(start, end) in seconds."""


def cut_into_pieces(
    duration: float, sections: tuple[Span, ...], window_seconds: float, min_seconds: float = MIN_PIECE_SECONDS
) -> tuple[Span, ...]:
    """Return pieces from 0 to `duration` seconds, none longer than the window, none shorter than `min_seconds`.

    Each cut is at the last boundary of `sections` within reach; what lies between two boundaries that are too far apart is cut
    evenly. The window has to be at least twice the shortest piece. A clip that fits the window is one piece, whatever its length.
    """
    boundaries = sorted({end for _, end in sections if end <= duration - min_seconds} | {duration})
    pieces, start = [], 0.0
    while duration - start > window_seconds:
        end = _next_cut(start, boundaries, window_seconds, min_seconds)
        pieces.append((start, end))
        start = end
    return (*pieces, (start, duration))


def _next_cut(start: float, boundaries: list[float], window_seconds: float, min_seconds: float) -> float:
    ahead = [boundary for boundary in boundaries if boundary >= start + min_seconds]
    within_reach = [boundary for boundary in ahead if boundary <= start + window_seconds]
    if within_reach:
        return within_reach[-1]
    stretch = ahead[0] - start
    return start + stretch / ceil(stretch / window_seconds)
