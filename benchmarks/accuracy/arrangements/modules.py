"""The patterns of a tracker module: which instruments play which notes in each bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.arrangements.arrangement import Arrangement
from models.arrays import DoubleArray

BAR_ROWS, TERNARY_BAR_ROWS = 16, 12
"""Rows of a bar, and those where the first pattern has 48 or 96 rows."""
TERNARY_PATTERN_ROWS = (48, 96)
MIN_BAR_SECONDS = 1.4
"""A bar that would be shorter has twice as many rows."""
LAST_NOTE = 120
"""Notes are 1 to this; higher values end one."""

Cell = tuple[int, int]
"""(note, instrument) of one channel in one row; 0 for none."""


@dataclass(frozen=True)
class PlayedRow:
    """A row of a module when it is played."""

    time: float
    """Start in seconds."""
    order: int
    """Place of its pattern in the order list."""
    number: int
    """Number in its pattern."""
    cells: tuple[Cell, ...]
    """One for each channel."""


def module_arrangement(rows: Sequence[PlayedRow], first_pattern_rows: int, end: float) -> Arrangement:
    """Return the instruments and their pitch classes bar by bar; a pattern begins with a new bar.

    Args:
        rows: in the order in which they are played.
        first_pattern_rows: length of the first pattern, by which a bar is ternary or not.
        end: of the last row, seconds.
    """
    bar_rows = TERNARY_BAR_ROWS if first_pattern_rows in TERNARY_PATTERN_ROWS else BAR_ROWS
    times: DoubleArray = np.array([row.time for row in rows])
    while bar_rows * np.median(np.diff(times)) < MIN_BAR_SECONDS:
        bar_rows *= 2
    starts: list[float] = []
    bars: list[dict[str, set[int]]] = []
    instruments: dict[int, int] = {}
    order = -1
    for row in rows:
        if row.order != order or row.number % bar_rows == 0:
            starts.append(row.time)
            bars.append({})
        order = row.order
        for instrument, note in _onsets(row, instruments):
            bars[-1].setdefault(str(instrument), set()).add(note % 12)
    frozen = tuple({name: frozenset(notes) for name, notes in bar.items()} for bar in bars)
    return Arrangement((*starts, end), frozen)


def _onsets(row: PlayedRow, instruments: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Yield (instrument, note) of each note that starts in a row; `instruments` are the last ones of the channels."""
    for channel, (note, instrument) in enumerate(row.cells):
        instruments[channel] = instrument or instruments.get(channel, 0)
        if 0 < note <= LAST_NOTE:
            yield instruments[channel], note
