"""The scenes of a clip."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from models.arrays import FloatArray
from pipelines.clip.clip import AudioClip
from pipelines.film.scenes import (
    MAX_SCENES,
    MIN_SCENE_SECONDS,
    MIN_SCENES,
    detect_sound_changes,
    even_scenes,
    find_scenes,
)
from pipelines.film.storyboard_types import Scene
from pipelines.pictures.errors import TooShortForStoryboard
from pipelines.tagging.audioset import class_tree
from services import Services
from tests.recordings import EXAMPLES

HOP_SECONDS = 0.48


def scores_of(*sounds: tuple[str, float]) -> tuple[FloatArray, float]:
    """([patches, 521], seconds) of sounds that follow each other, each for some seconds, with a little noise."""
    rng = np.random.default_rng(0)
    rows = []
    for name, seconds in sounds:
        row = np.full(521, 0.002, dtype=np.float32)
        row[class_tree().index(name)] = 0.8
        rows += [row * rng.uniform(0.8, 1.2, 521).astype(np.float32) for _ in range(round(seconds / HOP_SECONDS))]
    return np.stack(rows), sum(seconds for _, seconds in sounds)


def check(scenes: tuple[Scene, ...], duration: float) -> None:
    """From 0 to the end, without gaps, not too many and not too short."""
    assert scenes[0].start == 0 and scenes[-1].end == pytest.approx(duration, abs=1e-3)
    assert all(before.end == after.start for before, after in pairwise(scenes))
    assert MIN_SCENES <= len(scenes) <= MAX_SCENES
    assert all(scene.duration > 0 for scene in scenes)
    assert len(scenes) == MIN_SCENES or min(scene.duration for scene in scenes) >= MIN_SCENE_SECONDS - 1e-6


@given(st.lists(st.floats(0.05, 400), min_size=1, max_size=60).filter(lambda spans: sum(spans) >= MIN_SCENES * MIN_SCENE_SECONDS))
def test_any_sections_become_a_few_scenes(spans: list[float]) -> None:
    edges = [0.0, *(round(edge, 3) for edge in np.cumsum(spans).tolist())]
    sections = tuple(Scene(start, end, "A") for start, end in pairwise(edges))
    check(even_scenes(sections, edges[-1]), edges[-1])


def test_one_sound_makes_equal_scenes() -> None:
    scores, duration = scores_of(("Dog", 60.0))
    lengths = [scene.duration for scene in even_scenes(detect_sound_changes(scores, duration), duration)]
    assert lengths == pytest.approx([15.0] * 4)


def test_scenes_begin_where_the_sound_changes() -> None:
    scores, duration = scores_of(("Dog", 12.0), ("Rain", 18.0), ("Piano", 9.6))
    scenes = even_scenes(detect_sound_changes(scores, duration), duration)
    assert [scene.start for scene in scenes] == pytest.approx([0, 12, 30], abs=0.9)


def test_a_long_section_gets_several_pictures() -> None:
    scenes = even_scenes((Scene(0, 100, "A"), Scene(100, 120, "B")), 120.0)
    assert [scene.label for scene in scenes] == ["A"] * 5 + ["B"]


def test_the_shortest_of_too_many_join_their_shorter_neighbours() -> None:
    sections = (*(Scene(10 * n, 10 * n + 10, "AB"[n % 2]) for n in range(12)), Scene(120, 121, "C"))
    scenes = even_scenes(sections, 121.0)
    assert len(scenes) == 12 and scenes[-1] == Scene(110, 121, "B")


def found(services: Services, clip: AudioClip) -> tuple[tuple[Scene, ...], list[float]]:
    """The scenes, and how far the search was on the way."""
    *progress, scenes = find_scenes(clip, services.runtime)
    assert isinstance(scenes, tuple)
    return scenes, [step for step in progress if isinstance(step, float)]


def test_a_short_clip_is_refused(services: Services, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.random.default_rng(0).normal(0, 0.1, 3 * 16_000), 16_000)
    clip = services.clips.open(tmp_path / "short.wav")
    with pytest.raises(TooShortForStoryboard, match=r"3\.0 s, too short for a storyboard, which needs 4\.0 s"):
        next(find_scenes(clip, services.runtime))


@pytest.mark.models
def test_a_scene_begins_where_birds_follow_speech(services: Services, tmp_path: Path) -> None:
    speech, rate = soundfile.read(EXAMPLES / "speech.flac")
    birds, birds_rate = soundfile.read(EXAMPLES / "blackbird.ogg")
    birds = soxr.resample(birds.reshape(len(birds), -1).mean(axis=1), birds_rate, rate)
    soundfile.write(tmp_path / "both.wav", np.concatenate([speech, birds]), rate)
    clip = services.clips.open(tmp_path / "both.wav")
    scenes, progress = found(services, clip)
    check(scenes, clip.duration)
    assert min(abs(scene.start - len(speech) / rate) for scene in scenes) < 0.5
    assert progress == sorted(progress) and progress[-1] <= 1


@pytest.mark.models
def test_music_has_labelled_sections(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    scenes, progress = found(services, clip)
    check(scenes, clip.duration)
    assert progress == sorted(progress) and progress[-1] == 1


@pytest.mark.models
def test_a_stopped_search_finds_nothing(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    asked = iter([False] * 3)
    steps = list(find_scenes(clip, services.runtime, lambda: next(asked, True)))
    assert steps and not any(isinstance(step, tuple) for step in steps)
