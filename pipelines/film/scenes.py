"""The scenes of a clip: the sections of a piece of music, or the stretches between changes of sound.

A clip without either is split into equal scenes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.sound import YAMNET
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.film.storyboard_types import Scene
from pipelines.music.analysis import music_facts
from pipelines.music.decisions import MIN_MUSIC_SCORE
from pipelines.music.facts import FactOptions
from pipelines.music.sections.novelty import novelty_curve, novelty_peaks
from pipelines.music.vocals import music_score
from pipelines.pictures.errors import TooShortForStoryboard
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import TagOptions

MIN_SCENES, MAX_SCENES = 2, 12
MIN_SCENE_SECONDS = 2.0
SECONDS_PER_SCENE = 15.0
"""A clip has at least a scene for each of these, up to `MAX_EQUAL_SCENES`, even if its sound does not change."""
MAX_EQUAL_SCENES = 6
MAX_CELLS = 48
"""Rows of features that are compared; a scene has four or more of them."""
NOVELTY_CELLS = 6
"""Rows before and after a possible change that are compared."""
TAGGING_PROGRESS = 0.2
"""Progress when the sounds are tagged; the analysis of the music is the rest."""


def find_scenes(
    clip: AudioClip, runtime: ModelRuntime, should_stop: Callable[[], bool] = never_stop
) -> Iterator[float | tuple[Scene, ...]]:
    """Yield the progress, 0 to 1, and at last two to twelve scenes from 0 to the end of `clip`, unless it was stopped.

    Raises:
        TooShortForStoryboard: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    if clip.duration < MIN_SCENES * MIN_SCENE_SECONDS:
        raise TooShortForStoryboard(clip.duration, MIN_SCENES * MIN_SCENE_SECONDS)
    for tags in tag_sounds(clip, TagOptions(model=YAMNET.key), runtime, should_stop):
        yield TAGGING_PROGRESS * tags.position / clip.duration
    if tags.state == "stopped":
        return
    scenes: tuple[Scene, ...] = ()
    if music_score(tags) >= MIN_MUSIC_SCORE:
        for facts in music_facts(clip, FactOptions(), runtime, should_stop):
            yield TAGGING_PROGRESS + (1 - TAGGING_PROGRESS) * facts.position
        if facts.state == "stopped":
            return
        scenes = tuple(Scene(section.start, section.end, section.label) for section in facts.sections)
    found = scenes if len(scenes) > 1 else detect_sound_changes(tags.scores, clip.duration)
    yield even_scenes(found, clip.duration, min(MAX_SCENES, runtime.outputs.pictures or MAX_SCENES))


def detect_sound_changes(scores: FloatArray, duration: float) -> tuple[Scene, ...]:
    """Return the scenes between changes of the class scores [patches, classes] of a clip (novelty curve; Foote 2000)."""
    cells = min(MAX_CELLS, len(scores))
    edges = np.round(np.linspace(0, len(scores), cells + 1)).astype(int)
    # The square root lets faint sounds count beside loud ones; the cosine of it is the Bhattacharyya coefficient.
    roots = np.sqrt(np.stack([scores[first:last].mean(axis=0) for first, last in pairwise(edges.tolist())]))
    roots /= np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-9)
    changes = [0, *novelty_peaks(novelty_curve(roots, NOVELTY_CELLS)), cells]
    return tuple(Scene(round(a / cells * duration, 3), round(b / cells * duration, 3)) for a, b in pairwise(changes))


def even_scenes(scenes: tuple[Scene, ...], duration: float, most: int = MAX_SCENES) -> tuple[Scene, ...]:
    """Split long scenes, and join short ones, or the shortest of more than `most`, with a neighbour."""
    count = min(MAX_EQUAL_SCENES, max(MIN_SCENES, round(duration / SECONDS_PER_SCENE)))
    pieces = [piece for scene in scenes for piece in _split(scene, max(1, round(scene.duration * count / duration)))]
    while len(pieces) > most or (len(pieces) > MIN_SCENES and _shortest(pieces).duration < MIN_SCENE_SECONDS):
        pieces = _join(pieces, pieces.index(_shortest(pieces)))
    return tuple(pieces)


def _split(scene: Scene, count: int) -> list[Scene]:
    edges = [round(edge, 3) for edge in np.linspace(scene.start, scene.end, count + 1).tolist()]
    return [replace(scene, start=start, end=end) for start, end in pairwise(edges)]


def _shortest(scenes: list[Scene]) -> Scene:
    return min(scenes, key=lambda scene: scene.duration)


def _join(scenes: list[Scene], place: int) -> list[Scene]:
    """Join the scene at `place` with the shorter one of its neighbours, whose label stays."""
    other = min((n for n in (place - 1, place + 1) if 0 <= n < len(scenes)), key=lambda n: scenes[n].duration)
    first, last = min(place, other), max(place, other)
    joined = Scene(scenes[first].start, scenes[last].end, scenes[other].label)
    return [*scenes[:first], joined, *scenes[last + 1 :]]
