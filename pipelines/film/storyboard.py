"""One picture for each part of a clip, all drawn with the same options and the same seed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from models.runtime import ModelRuntime
from models.specs.aligner import aligner_facts
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.film.scenes import ClipPart, clip_parts
from pipelines.pictures.audio_to_image import WORDS_WINDOW_SECONDS, audio_to_image
from pipelines.pictures.options import (
    LARGEST_SEED,
    Drawing,
    Picture,
    PictureOptions,
)
from pipelines.pictures.planning import PicturePlan, plan_picture
from pipelines.pictures.salient_window import telling_window

PARTS_SHARE = 0.3
"""Of the work, where the pictures are the rest."""


@dataclass(frozen=True, eq=False)
class StoryboardEntry:
    """A part of the clip with its picture."""

    start: float
    end: float
    """Seconds; which stretch of it was heard is in `picture.settings`."""
    label: str
    """Of a section of music; equal labels sound alike. Empty for other parts."""
    heard: tuple[str, ...]
    """Concepts that were heard, best first; empty where the picture is drawn from words alone."""
    prompt: str
    """The words about the sound that were used; empty where none were."""
    picture: Picture
    seconds: float
    """That drawing it took, once it was known what to draw."""


@dataclass(frozen=True, eq=False)
class Storyboard:
    """What is known so far; the last one of a run is the result."""

    duration: float
    """Of the clip, in seconds."""
    seed: int
    """Of all pictures."""
    parts: tuple[ClipPart, ...] = ()
    """All that get a picture, once they are known."""
    entries: tuple[StoryboardEntry, ...] = ()
    """Those whose picture is ready, in order."""
    drawing: Drawing | None = None
    """Of the picture that is being drawn, with its preview; it stays when the job is stopped."""
    position: float = 0.0
    """How far the job is, 0 to 1."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["listening", "drawing", "done", "stopped"] = "listening"


def storyboard(
    clip: AudioClip,
    options: PictureOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Storyboard]:
    """A picture for each part of `clip`, as they come; of the options, the window and the number of pictures do not count.

    Each picture is that of `audio_to_image` for the most telling window of its part.

    Raises:
        TooShortForStoryboard, InvalidOption, BrokenStartPicture: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    seed = secrets.randbelow(LARGEST_SEED + 1) if options.seed is None else options.seed
    options = replace(options, seed=seed, pictures=1, start=None, end=None)
    plan = plan_picture(clip, options, runtime.catalog)
    now = Storyboard(clip.duration, seed)
    for found in clip_parts(clip, runtime, should_stop):
        if isinstance(found, tuple):
            now = replace(now, parts=found, state="drawing", position=PARTS_SHARE, elapsed=clock() - began)
        else:
            now = replace(now, position=PARTS_SHARE * found, elapsed=clock() - began)
        yield now
    if not now.parts:
        yield replace(now, state="stopped")
        return
    for part in now.parts:
        start, end = _window(clip, part, plan, runtime)
        known = clock()
        for drawing in audio_to_image(clip, replace(options, start=start, end=end), runtime, should_stop, clock):
            known = clock() if drawing.state in ("loading", "listening") else known
            now = replace(now, drawing=drawing, elapsed=clock() - began)
            yield now
        if drawing.state != "done":
            yield replace(now, state="stopped")
            return
        now = _with_picture(now, part, drawing, clock() - known)
        yield now
    yield replace(now, state="done", position=1.0, elapsed=clock() - began)


def _window(clip: AudioClip, part: ClipPart, plan: PicturePlan, runtime: ModelRuntime) -> tuple[float, float]:
    """What is heard of a part: its most telling stretch as long as the aligner can hear at once."""
    seconds = aligner_facts(plan.aligner.spec).window_seconds if plan.aligner else WORDS_WINDOW_SECONDS
    if part.seconds <= seconds or not plan.listens:
        return part.start, part.end
    return telling_window(clip, seconds, runtime, within=(part.start, part.end))


def _with_picture(now: Storyboard, part: ClipPart, drawing: Drawing, seconds: float) -> Storyboard:
    (picture,) = drawing.pictures
    heard = tuple(word.concept for word in drawing.heard)
    entry = StoryboardEntry(part.start, part.end, part.label, heard, drawing.prompt, picture, seconds)
    entries = (*now.entries, entry)
    return replace(now, entries=entries, position=PARTS_SHARE + (1 - PARTS_SHARE) * len(entries) / len(now.parts))
