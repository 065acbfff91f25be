"""The cheapest way to cut text into cues and cues into lines, as TeX lays out paragraphs.

Among all ways to cut it, the one with the least cost wins, so that a cue never leaves a lone word to the next one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from pipelines.subtitles.cue_options import CueOptions
from pipelines.subtitles.unbreakable_units import Atom

BRISK_MS = 2000
"""A cue with less time than this is better joined with its neighbour."""
CUE_COST = 2.0
INNER_SENTENCE_COST = 2.5
"""More than a cue costs: a cue holds one sentence where there is time (BBC 3.2)."""
BRIEF_COST = 6.0
FULL_COST = 2.0
LINE_COST = 1000.0
"""More than any break: text stays on one line unless it exceeds the limit (Netflix)."""
UNEVEN_LINE_COST = 30.0


def cut_into_cues(atoms: Sequence[Atom], options: CueOptions) -> list[Sequence[Atom]]:
    """Return the atoms of each cue."""
    return [atoms[first:end] for first, end in _cheapest_parts(len(atoms), lambda first: _cue_costs(atoms, first, options))]


def cut_into_lines(atoms: Sequence[Atom]) -> list[Sequence[Atom]]:
    """Return the atoms of each line of a cue."""
    return [atoms[first:end] for first, end in _cheapest_parts(len(atoms), lambda first: _line_costs(atoms, first))]


def _cheapest_parts(count: int, costs_from: Callable[[int], Iterator[float]]) -> list[tuple[int, int]]:
    """Cut `count` things into consecutive parts [first, end) with the least sum of costs.

    `costs_from(first)` yields the cost of [first, first + 1), of [first, first + 2) and so on while a part may grow.
    """
    least = [0.0] + [math.inf] * count
    part_start = [0] * (count + 1)
    for first in range(count):
        for end, cost in enumerate(costs_from(first), first + 1):
            if least[first] + cost < least[end]:
                least[end], part_start[end] = least[first] + cost, first
    parts, end = [], count
    while end:
        parts.append((part_start[end], end))
        end = part_start[end]
    return parts[::-1]


def _cue_costs(atoms: Sequence[Atom], first: int, options: CueOptions) -> Iterator[float]:
    """Yield the cost of each cue that begins with the atom `first`; one atom alone is always a cue."""
    room, max_ms = atoms[first].limits.characters_a_line, options.max_seconds * 1000
    lines, line_width, characters, inner_cost = 1, -1, 0, 0.0
    for last in range(first, len(atoms)):
        atom = atoms[last]
        characters += atom.width
        line_width += atom.spaced + atom.width
        if last == first:
            line_width = atom.width
        elif line_width > room:
            lines, line_width = lines + 1, atom.width
        too_many_words = options.max_words is not None and last - first >= options.max_words
        if last > first and (lines > options.max_lines or too_many_words or atom.end_ms - atoms[first].start_ms > max_ms):
            return
        fullness = characters / (room * options.max_lines)
        brevity = max(0.0, 1 - _screen_ms(atoms, first, last, options) / BRISK_MS)
        yield CUE_COST + inner_cost + atom.break_cost + FULL_COST * fullness**2 + BRIEF_COST * brevity**2
        if atom.must_break:
            return
        inner_cost += INNER_SENTENCE_COST * (atom.break_cost == 0)


def _screen_ms(atoms: Sequence[Atom], first: int, last: int, options: CueOptions) -> float:
    """Return how long a cue of these atoms could show, in milliseconds."""
    held_ms = atoms[last].end_ms + options.max_hold_seconds * 1000
    return min(held_ms, atoms[last + 1].start_ms if last + 1 < len(atoms) else math.inf) - atoms[first].start_ms


def _line_costs(atoms: Sequence[Atom], first: int) -> Iterator[float]:
    """Yield the cost of each line that begins with the atom `first`: few lines, then even ones that end with a clause."""
    room, width = atoms[first].limits.characters_a_line, 0
    for last in range(first, len(atoms)):
        width += atoms[last].width + (atoms[last].spaced and last > first)
        if width > room and last > first:
            return
        yield LINE_COST + UNEVEN_LINE_COST * (width / room) ** 2 + atoms[last].break_cost
