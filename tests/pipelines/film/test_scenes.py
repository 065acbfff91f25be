"""A clip in parts."""

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
    MAX_PARTS,
    MIN_PARTS,
    SHORTEST_PART_SECONDS,
    ClipPart,
    changes_of_sound,
    clip_parts,
    evened,
)
from pipelines.pictures.errors import TooShortForStoryboard
from pipelines.tagging.audioset import class_tree
from services import Services
from tests.recordings import EXAMPLES

HOP_SECONDS = 0.48


def scores_of(*sounds: tuple[str, float]) -> tuple[FloatArray, float]:
    """([patches, 521], seconds) of sounds that follow each other, each for some seconds, with a little noise."""
    dice = np.random.default_rng(0)
    rows = []
    for name, seconds in sounds:
        row = np.full(521, 0.002, dtype=np.float32)
        row[class_tree().index(name)] = 0.8
        rows += [row * dice.uniform(0.8, 1.2, 521).astype(np.float32) for _ in range(round(seconds / HOP_SECONDS))]
    return np.stack(rows), sum(seconds for _, seconds in sounds)


def check(parts: tuple[ClipPart, ...], duration: float) -> None:
    """From 0 to the end, without gaps, not too many and not too short."""
    assert parts[0].start == 0 and parts[-1].end == pytest.approx(duration, abs=1e-3)
    assert all(before.end == after.start for before, after in pairwise(parts))
    assert MIN_PARTS <= len(parts) <= MAX_PARTS
    assert all(part.seconds > 0 for part in parts)
    assert len(parts) == MIN_PARTS or min(part.seconds for part in parts) >= SHORTEST_PART_SECONDS - 1e-6


@given(
    st.lists(st.floats(0.05, 400), min_size=1, max_size=60).filter(lambda spans: sum(spans) >= MIN_PARTS * SHORTEST_PART_SECONDS)
)
def test_any_sections_become_a_few_parts(spans: list[float]) -> None:
    edges = [0.0, *(round(edge, 3) for edge in np.cumsum(spans).tolist())]
    sections = tuple(ClipPart(start, end, "A") for start, end in pairwise(edges))
    check(evened(sections, edges[-1]), edges[-1])


def test_one_sound_makes_equal_parts() -> None:
    scores, duration = scores_of(("Dog", 60.0))
    lengths = [part.seconds for part in evened(changes_of_sound(scores, duration), duration)]
    assert lengths == pytest.approx([15.0] * 4)


def test_parts_begin_where_the_sound_changes() -> None:
    scores, duration = scores_of(("Dog", 12.0), ("Rain", 18.0), ("Piano", 9.6))
    parts = evened(changes_of_sound(scores, duration), duration)
    assert [part.start for part in parts] == pytest.approx([0, 12, 30], abs=0.9)


def test_a_long_section_gets_several_pictures() -> None:
    parts = evened((ClipPart(0, 100, "A"), ClipPart(100, 120, "B")), 120.0)
    assert [part.label for part in parts] == ["A"] * 5 + ["B"]


def test_the_shortest_of_too_many_join_their_shorter_neighbours() -> None:
    sections = (*(ClipPart(10 * n, 10 * n + 10, "AB"[n % 2]) for n in range(12)), ClipPart(120, 121, "C"))
    parts = evened(sections, 121.0)
    assert len(parts) == 12 and parts[-1] == ClipPart(110, 121, "B")


def found(services: Services, clip: AudioClip) -> tuple[tuple[ClipPart, ...], list[float]]:
    """The parts, and how far the search was on the way."""
    *progress, parts = clip_parts(clip, services.runtime)
    assert isinstance(parts, tuple)
    return parts, [step for step in progress if isinstance(step, float)]


def test_a_short_clip_is_refused_in_words(services: Services, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.random.default_rng(0).normal(0, 0.1, 3 * 16_000), 16_000)
    clip = services.clips.open(tmp_path / "short.wav")
    with pytest.raises(TooShortForStoryboard, match=r"3\.0 s, too short for a storyboard, which needs 4\.0 s"):
        next(clip_parts(clip, services.runtime))


@pytest.mark.models
def test_a_part_begins_where_birds_follow_speech(services: Services, tmp_path: Path) -> None:
    speech, rate = soundfile.read(EXAMPLES / "speech.flac")
    birds, birds_rate = soundfile.read(EXAMPLES / "blackbird.ogg")
    birds = soxr.resample(birds.reshape(len(birds), -1).mean(axis=1), birds_rate, rate)
    soundfile.write(tmp_path / "both.wav", np.concatenate([speech, birds]), rate)
    clip = services.clips.open(tmp_path / "both.wav")
    parts, progress = found(services, clip)
    check(parts, clip.duration)
    assert min(abs(part.start - len(speech) / rate) for part in parts) < 0.5
    assert progress == sorted(progress) and progress[-1] <= 1


@pytest.mark.models
def test_music_has_labelled_sections(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    parts, progress = found(services, clip)
    check(parts, clip.duration)
    assert progress == sorted(progress) and progress[-1] == 1


@pytest.mark.models
def test_a_stopped_search_finds_nothing(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    asked = iter([False] * 3)
    steps = list(clip_parts(clip, services.runtime, lambda: next(asked, True)))
    assert steps and not any(isinstance(step, tuple) for step in steps)
