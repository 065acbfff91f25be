"""Sections from an arrangement: who plays when, and which notes.

No person has marked the sections of these pieces. A section begins where an arrangement that is known exactly changes: where
instruments enter or leave, or play other notes. The definition was written before anything was tuned on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.accuracy.tracks import Spans

WINDOW_BARS = 4
"""Bars before and after a bar line that are compared; also the fewest bars of a section."""
MIN_CHANGE = 0.4
"""Part of the arrangement that changes at a boundary."""
MAX_LABEL_CHANGE = 0.4
"""Part of the arrangement up to which two sections may differ and have one label."""

Bar = Mapping[str, frozenset[int]]
"""Pitch classes, or drums, of every voice that plays in a bar."""


@dataclass(frozen=True)
class Arrangement:
    """The voices of a piece, bar by bar."""

    times: tuple[float, ...]
    """Start of each bar and end of the last, seconds."""
    bars: tuple[Bar, ...]

    def sections(self, duration: float) -> Spans:
        """Return the sections of the first `duration` seconds, without gaps; those that resemble each other share a label.

        The first and the last include the silence before and after the notes. Where nothing is played, there is none.
        """
        whole_bars = sum(time <= duration for time in self.times[1:])
        played = [bar for bar, voices in enumerate(self.bars[:whole_bars]) if voices]
        if not played:
            return ()
        edges = [played[0], *self._boundaries(played[0], played[-1] + 1), played[-1] + 1]
        spans: list[tuple[float, float, str]] = []
        known: list[tuple[str, tuple[Bar, ...]]] = []
        for start, end in pairwise(edges):
            bars = self.bars[start:end]
            changes = [(change(bars, other), label) for label, other in known]
            least, label = min(changes, default=(1.0, ""))
            if least > MAX_LABEL_CHANGE:
                label = str(len({label for label, _ in known}) + 1)
            known.append((label, bars))
            spans.append((self.times[start], self.times[end], label))
        spans[0] = (0.0, *spans[0][1:])
        spans[-1] = (spans[-1][0], duration, spans[-1][2])
        return tuple(spans)

    def _boundaries(self, first: int, last: int) -> list[int]:
        """Return the bars where the change is at least `MIN_CHANGE` and the largest within `WINDOW_BARS`."""
        places = range(first + WINDOW_BARS, last - WINDOW_BARS + 1)
        changes = {bar: change(self.bars[bar - WINDOW_BARS : bar], self.bars[bar : bar + WINDOW_BARS]) for bar in places}
        return [
            bar
            for bar, value in changes.items()
            if value >= MIN_CHANGE
            and all(value > changes.get(other, 0.0) for other in range(bar - WINDOW_BARS + 1, bar))
            and all(value >= changes.get(other, 0.0) for other in range(bar + 1, bar + WINDOW_BARS))
        ]


def change(before: tuple[Bar, ...], after: tuple[Bar, ...]) -> float:
    """Return the part of the arrangement that differs, 0 to 1: the mean over all voices, weighted by how often they play.

    A voice stays by the product of two ratios: of the fractions of bars in which it plays, and of the pitch classes that both
    have to those that either has.
    """
    weights = kept = 0.0
    for voice in {voice for bar in (*before, *after) for voice in bar}:
        plays, notes = zip(*(_part(bars, voice) for bars in (before, after)), strict=True)
        weights += max(plays)
        kept += min(plays) * len(notes[0] & notes[1]) / len(notes[0] | notes[1])
    return 1 - kept / weights if weights else 0.0


def _part(bars: tuple[Bar, ...], voice: str) -> tuple[float, frozenset[int]]:
    """Return (fraction of the bars in which the voice plays, its notes)."""
    played = [bar[voice] for bar in bars if voice in bar]
    return len(played) / len(bars), frozenset().union(*played)
