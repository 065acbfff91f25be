"""A clip in a few parts that each sound like one thing: the sections of a piece of music, or where the sound changes.

Where nothing divides a clip, equal parts do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.sound import YAMNET
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.music.analysis import FactOptions, music_facts
from pipelines.music.decisions import MIN_MUSIC_SCORE
from pipelines.music.structure import boundaries, novelty_curve
from pipelines.music.vocals import music_score
from pipelines.pictures.errors import TooShortForStoryboard
from pipelines.tagging.sound_tagging import TagOptions, tag_sounds

MIN_PARTS, MAX_PARTS = 2, 12
SHORTEST_PART_SECONDS = 2.0
SECONDS_PER_PART = 15.0
"""A clip has at least a part for each of these, up to `WANTED_PARTS`, even if nothing divides it."""
WANTED_PARTS = 6
MAX_CELLS = 48
"""Stretches that are compared with each other; a part has four or more of them."""
TAGGING_SHARE = 0.2
"""Of the work, where the facts of the music are found out too."""


@dataclass(frozen=True)
class ClipPart:
    """The parts of a clip follow each other without gaps."""

    start: float
    end: float
    """Seconds."""
    label: str = ""
    """Of a section of music: 'A' for the first kind, 'B' for the next; equal labels sound alike. Empty for other parts."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start


def clip_parts(
    clip: AudioClip, runtime: ModelRuntime, should_stop: Callable[[], bool] = never_stop
) -> Iterator[float | tuple[ClipPart, ...]]:
    """How far the search is, 0 to 1, and at last two to twelve parts from 0 to the end of `clip`, unless it was stopped.

    Raises:
        TooShortForStoryboard: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    if clip.duration < MIN_PARTS * SHORTEST_PART_SECONDS:
        raise TooShortForStoryboard(clip.duration, MIN_PARTS * SHORTEST_PART_SECONDS)
    for tags in tag_sounds(clip, TagOptions(model=YAMNET.key), runtime, should_stop):
        yield TAGGING_SHARE * tags.position / clip.duration
    if tags.state == "stopped":
        return
    parts: tuple[ClipPart, ...] = ()
    if music_score(tags) >= MIN_MUSIC_SCORE:
        for facts in music_facts(clip, FactOptions(), runtime, should_stop):
            yield TAGGING_SHARE + (1 - TAGGING_SHARE) * facts.position
        if facts.state == "stopped":
            return
        parts = tuple(ClipPart(section.start, section.end, section.label) for section in facts.sections)
    yield evened(parts if len(parts) > 1 else changes_of_sound(tags.scores, clip.duration), clip.duration)


def changes_of_sound(scores: FloatArray, duration: float) -> tuple[ClipPart, ...]:
    """Parts between the moments at which other sounds begin (Foote 2000), from the scores [patches, classes] of a clip."""
    cells = min(MAX_CELLS, len(scores))
    edges = np.round(np.linspace(0, len(scores), cells + 1)).astype(int)
    # The square root lets faint sounds count beside loud ones; the cosine of it is the Bhattacharyya coefficient.
    roots = np.sqrt(np.stack([scores[first:last].mean(axis=0) for first, last in pairwise(edges.tolist())]))
    roots /= np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-9)
    changes = [0, *boundaries(novelty_curve((roots @ roots.T).astype(np.float32))), cells]
    return tuple(ClipPart(round(a / cells * duration, 3), round(b / cells * duration, 3)) for a, b in pairwise(changes))


def evened(parts: tuple[ClipPart, ...], duration: float) -> tuple[ClipPart, ...]:
    """The parts with long ones divided, and short ones and too many joined with a neighbour."""
    wanted = min(WANTED_PARTS, max(MIN_PARTS, round(duration / SECONDS_PER_PART)))
    divided = [piece for part in parts for piece in _divided(part, max(1, round(part.seconds * wanted / duration)))]
    while len(divided) > MAX_PARTS or (len(divided) > MIN_PARTS and _shortest(divided).seconds < SHORTEST_PART_SECONDS):
        divided = _without(divided, divided.index(_shortest(divided)))
    return tuple(divided)


def _divided(part: ClipPart, count: int) -> list[ClipPart]:
    edges = [round(edge, 3) for edge in np.linspace(part.start, part.end, count + 1).tolist()]
    return [replace(part, start=start, end=end) for start, end in pairwise(edges)]


def _shortest(parts: list[ClipPart]) -> ClipPart:
    return min(parts, key=lambda part: part.seconds)


def _without(parts: list[ClipPart], place: int) -> list[ClipPart]:
    """The part at `place` joins the shorter one of its neighbours, whose label stays."""
    other = min((n for n in (place - 1, place + 1) if 0 <= n < len(parts)), key=lambda n: parts[n].seconds)
    first, last = min(place, other), max(place, other)
    return [*parts[:first], ClipPart(parts[first].start, parts[last].end, parts[other].label), *parts[last + 1 :]]
