"""What is heard where nobody speaks, so that a transcript can say it instead of inventing words."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, pairwise

from models.errors import ModelError
from models.runtime import ModelRuntime
from pipelines.clip.clip import AudioClip
from pipelines.tagging.sound_tagging import what_it_sounds_like

SHORTEST_SECONDS = 5.0
"""A shorter pause between two lines is a pause."""
MAX_STRETCHES = 200
BROAD_NAMES = frozenset({"Animal", "Wild animals", "Vehicle"})
"""Right more often than what they stand for, but of little use in a sentence."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unspoken:
    """A stretch without speech, in seconds, and the name of what is heard in it; '' if nothing stands out."""

    start: float
    end: float
    sound: str


def unspoken_stretches(clip: AudioClip, spoken: Iterable[tuple[float, float]], runtime: ModelRuntime) -> tuple[Unspoken, ...]:
    """The stretches of at least `SHORTEST_SECONDS` between the spoken [(start, end)]; the whole clip if nothing is spoken."""
    spoken = list(spoken)
    gaps = [(before, after) for (_, before), (after, _) in pairwise(chain([(0, 0.0)], spoken, [(clip.duration, 0)]))]
    wanted = [(start, end) for start, end in gaps if not spoken or end - start >= SHORTEST_SECONDS]
    try:
        return tuple(Unspoken(start, end, _sound(clip, start, end, runtime)) for start, end in wanted[:MAX_STRETCHES])
    except ModelError as error:
        log.warning("What is heard between the words stays unnamed: %s", error)
        return tuple(Unspoken(start, end, "") for start, end in wanted[:MAX_STRETCHES])


def _sound(clip: AudioClip, start: float, end: float, runtime: ModelRuntime) -> str:
    names = [tag.name for tag in what_it_sounds_like(clip, start, end, runtime, names=3)]
    telling = [name for name in names if name not in BROAD_NAMES] or names
    return telling[0].lower() if telling else ""
