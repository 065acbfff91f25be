"""Non-speech segments of a clip and what they sound like, so that a transcript can say it instead of inventing words."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import chain, pairwise

from models.errors import ModelError
from models.runtime import ModelRuntime
from pipelines.clip.clip import AudioClip
from pipelines.speech.transcript import NonSpeechSegment
from pipelines.tagging.sound_tagging import segment_tags

MIN_SECONDS = 5.0
"""A shorter gap between two lines is a pause."""
MAX_SEGMENTS = 200
UNSPECIFIC_CLASSES = frozenset({"Animal", "Wild animals", "Vehicle"})
"""Right more often than their subclasses, but of little use in a sentence."""

log = logging.getLogger(__name__)


def non_speech_segments(
    clip: AudioClip, spoken: Iterable[tuple[float, float]], runtime: ModelRuntime
) -> tuple[NonSpeechSegment, ...]:
    """Name the segments of at least `MIN_SECONDS` between the spoken [(start, end)]; the whole clip if there are none."""
    spoken = list(spoken)
    gaps = [(before, after) for (_, before), (after, _) in pairwise(chain([(0, 0.0)], spoken, [(clip.duration, 0)]))]
    wanted = [(start, end) for start, end in gaps if not spoken or end - start >= MIN_SECONDS]
    try:
        return tuple(NonSpeechSegment(start, end, _sound(clip, start, end, runtime)) for start, end in wanted[:MAX_SEGMENTS])
    except ModelError as error:
        log.warning("Non-speech segments stay unnamed: %s", error)
        return tuple(NonSpeechSegment(start, end, "") for start, end in wanted[:MAX_SEGMENTS])


def _sound(clip: AudioClip, start: float, end: float, runtime: ModelRuntime) -> str:
    names = [tag.name for tag in segment_tags(clip, start, end, runtime, names=3)]
    specific = [name for name in names if name not in UNSPECIFIC_CLASSES] or names
    return specific[0].lower() if specific else ""
