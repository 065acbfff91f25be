"""Chords of notes that are known: a label only where what sounds is exactly one chord."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from benchmarks.accuracy.tracks import Spans
from pipelines.music.harmony.notation import SHARPS

KINDS = {"maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10)}
UNKNOWN = "X"
"""Harte's label for what is none of the chords; mir_eval leaves such time out."""
MIN_SHARE = 0.25
"""Part of the time between two beats for which a note has to sound to belong to the chord; a shorter one is passing."""

Note = tuple[float, float, int]
"""Start and end in seconds, and MIDI pitch."""


def note_chords(notes: Iterable[Note], beats: tuple[float, ...]) -> Spans:
    """Return the chord between each beat and the next, 'X' where it is not unambiguous; beats at one time count once."""
    ordered = sorted(notes)
    spans: list[tuple[float, float, str]] = []
    first = 0
    for start, end in pairwise(sorted(set(beats))):
        while first < len(ordered) and ordered[first][1] <= start and ordered[first][0] < start:
            first += 1
        seconds: dict[int, float] = {}
        for note_start, note_end, pitch in ordered[first:]:
            if note_start >= end:
                break
            overlap = min(end, note_end) - max(start, note_start)
            if overlap > 0:
                seconds[pitch % 12] = seconds.get(pitch % 12, 0.0) + overlap
        label = _label({name for name, held in seconds.items() if held >= MIN_SHARE * (end - start)})
        if spans and spans[-1][2] == label:
            spans[-1] = (spans[-1][0], end, label)
        else:
            spans.append((start, end, label))
    return tuple(spans)


def _label(pitch_classes: set[int]) -> str:
    """Return the chord of exactly these pitch classes; a seventh chord that is also another one counts as unknown."""
    found = [
        f"{SHARPS[root]}:{kind}"
        for root in range(12)
        for kind, intervals in KINDS.items()
        if {(root + interval) % 12 for interval in intervals} == pitch_classes
    ]
    return found[0] if len(found) == 1 else UNKNOWN
