"""Storyboards: one picture for each scene of a clip, all drawn with the same options and the same seed.

Neighbouring scenes that would get the same picture are one scene.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np

from models.arrays import MAX_SEED
from models.runtime import ModelRuntime
from models.specs.aligner import aligner_facts
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.film.scenes import find_scenes
from pipelines.film.storyboard_types import Scene, Storyboard, StoryboardEntry
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import model_fields
from pipelines.pictures.audio_to_image import PROMPT_WINDOW_SECONDS, audio_to_image
from pipelines.pictures.options import (
    Drawing,
    PictureOptions,
)
from pipelines.pictures.planning import PicturePlan, plan_picture
from pipelines.pictures.salient_window import salient_window

MIN_SAME_CONCEPTS = 0.9
"""Cosine of the concept weights of two scenes from which they get the same picture. Of five pairs of neighbours in the example
clips and a mix of them two are alike; their pictures differ by 2 of 255 levels, those of the others by 48 and more."""
SCENES_PROGRESS = 0.3
"""Progress when the scenes are found; drawing the pictures is the rest."""


@in_cluster("pictures", model="options.model")
def storyboard(
    clip: AudioClip,
    options: PictureOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Storyboard]:
    """Draw a picture for each scene of `clip`, that of `audio_to_image` for the salient window of the scene.

    A scene that would look like the one before is joined with it. Of the options, segment and number of pictures are ignored.

    Raises:
        TooShortForStoryboard, InvalidOption, InvalidInitImage: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    seed = secrets.randbelow(MAX_SEED + 1) if options.seed is None else options.seed
    options = replace(options, seed=seed, pictures=1, start=None, end=None)
    plan = plan_picture(clip, options, runtime.catalog)
    specs = [choice.spec for choice in (plan.model, plan.aligner) if choice]
    now = Storyboard(duration=clip.duration, seed=seed, **model_fields(specs, runtime.catalog.device, plan.model.reason))
    for found in find_scenes(clip, runtime, should_stop):
        if isinstance(found, tuple):
            now = replace(now, scenes=found, state="drawing", position=SCENES_PROGRESS, elapsed=clock() - began)
        else:
            now = replace(now, position=SCENES_PROGRESS * found, elapsed=clock() - began)
        yield now
    if not now.scenes:
        yield replace(now, state="stopped")
        return
    before: Drawing | None = None
    for scene in now.scenes:
        start, end = _segment(clip, scene, plan, runtime)
        encoded = clock()
        for drawing in _until_same(
            audio_to_image(clip, replace(options, start=start, end=end), runtime, should_stop, clock), before
        ):
            encoded = clock() if drawing.state in ("loading", "encoding") else encoded
            now = replace(now, drawing=drawing, elapsed=clock() - began)
            yield now
        if drawing.state == "drawing":
            now = _joined(now, scene)
            continue
        if drawing.state != "done":
            yield replace(now, state="stopped")
            return
        before = drawing
        now = _with_picture(now, scene, drawing, clock() - encoded)
        yield now
    yield replace(now, state="done", position=1.0, elapsed=clock() - began)


def is_same_picture(before: Drawing, now: Drawing) -> bool:
    """Return whether two drawings with the same options and seed show the same, by their concepts and their prompts."""
    one, other = ({each.concept: each.weight for each in drawing.drawn_concepts} for drawing in (before, now))
    if before.prompt != now.prompt or bool(one) != bool(other):
        return False
    if not one:
        return True
    names = sorted(one | other)
    first, second = (np.array([weights.get(name, 0.0) for name in names]) for weights in (one, other))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second))) >= MIN_SAME_CONCEPTS


def _until_same(drawings: Iterator[Drawing], before: Drawing | None) -> Iterator[Drawing]:
    """Yield the snapshots of a picture; it is not drawn, and the last one is 'drawing', if it would be the same as `before`."""
    with closing(drawings):  # type: ignore[type-var]
        for drawing in drawings:
            yield drawing
            if drawing.state == "drawing" and before is not None and is_same_picture(before, drawing):
                return


def _joined(now: Storyboard, scene: Scene) -> Storyboard:
    """Return the storyboard with `scene` as a part of the scene before it."""
    entries = (*now.entries[:-1], replace(now.entries[-1], end=scene.end))
    count = len(entries)
    scenes = (*now.scenes[: count - 1], replace(now.scenes[count - 1], end=scene.end), *now.scenes[count + 1 :])
    return replace(now, scenes=scenes, entries=entries, joined=now.joined + 1, position=_position(count, len(scenes)))


def _position(entries: int, scenes: int) -> float:
    return SCENES_PROGRESS + (1 - SCENES_PROGRESS) * entries / scenes


def _segment(clip: AudioClip, scene: Scene, plan: PicturePlan, runtime: ModelRuntime) -> tuple[float, float]:
    """Return the segment of a scene that is drawn, in seconds: its salient window, as long as the aligner's window."""
    duration = aligner_facts(plan.aligner.spec).window_seconds if plan.aligner else PROMPT_WINDOW_SECONDS
    if scene.duration <= duration or not plan.uses_audio:
        return scene.start, scene.end
    return salient_window(clip, duration, runtime, within=(scene.start, scene.end))


def _with_picture(now: Storyboard, scene: Scene, drawing: Drawing, seconds: float) -> Storyboard:
    (picture,) = drawing.pictures
    concepts = tuple(concept.concept for concept in drawing.drawn_concepts)
    entry = StoryboardEntry(scene.start, scene.end, scene.label, concepts, drawing.prompt, picture, seconds)
    entries = (*now.entries, entry)
    return replace(now, entries=entries, position=_position(len(entries), len(now.scenes)))
