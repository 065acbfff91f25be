"""Sections of made-up pieces."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arrays import FloatArray
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND
from pipelines.music.rhythm.types import Beats
from pipelines.music.sections.beat_features import SoundFrames, beat_grid
from pipelines.music.sections.segmentation import find_sections
from pipelines.music.sections.types import Section
from pipelines.tagging.yamnet import PATCH_HOP_SECONDS
from tests.pipelines.music.sections.made_frames import BAR_SECONDS, BARS, made_frames


def form_of(sections: tuple[Section, ...]) -> str:
    return "".join(section.label for section in sections)


@pytest.mark.parametrize("form", ["AB", "ABA", "ABAB", "ABAC", "ABCA", "ABACA"])
def test_what_comes_back_has_its_letter_again(form: str) -> None:
    sections = find_sections(*made_frames(form))
    for number, letter in enumerate(form):
        start, end = number * BARS * BAR_SECONDS, (number + 1) * BARS * BAR_SECONDS
        assert any(abs(section.start - start) < 0.5 for section in sections)
        assert {section.label for section in sections if section.start > start - 0.5 and section.end < end + 0.5} == {letter}


def test_without_beats_a_grid_of_half_seconds_is_used() -> None:
    frames, _, duration = made_frames("ABA")
    assert form_of(find_sections(frames, None, duration)) == "ABA"


def test_beats_go_on_where_none_were_found() -> None:
    frames, beats, duration = made_frames("ABA")
    kept = [i for i, time in enumerate(beats.times) if not 2 < time < 17]
    sparse = Beats(tuple(beats.times[i] for i in kept), tuple(beats.positions[i] for i in kept), 4, 4, 1.0)
    assert beat_grid(sparse, duration).positions.tolist() == beat_grid(beats, duration).positions.tolist()
    assert find_sections(frames, sparse, duration) == find_sections(frames, beats, duration)


def test_what_is_too_short_for_two_sections_is_one() -> None:
    frames, beats, _ = made_frames("A")
    assert find_sections(frames, beats, 5.0) == (Section(0.0, 5.0, "A", None),)


def test_what_was_kept_of_the_repetition_is_not_searched_for_again() -> None:
    kept: dict[str, FloatArray] = {}

    def keep(name: str, compute: Callable[[], FloatArray]) -> FloatArray:
        kept[name] = compute()
        return kept[name]

    made = made_frames("ABA")
    first = find_sections(*made, keep=keep)
    assert kept.keys() == {"repeated paths", "groups of beats"}
    assert find_sections(*made, keep=lambda name, compute: kept[name]) == first == find_sections(*made)


def test_an_hour_takes_little_memory_and_time() -> None:
    sections = find_sections(*made_frames("ABAC" * 56))
    assert 150 < len(sections) < 300


@given(duration=st.floats(0.5, 120), bar=st.floats(0.5, 4), seed=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_sections_cover_any_clip_without_gaps(duration: float, bar: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    notes = rng.uniform(0, 1, (1 + int(duration * HARMONY_FRAMES_PER_SECOND), 2, 88)).astype(np.float32)
    bands = rng.normal(0, 1, (1 + int(duration * FRAMES_PER_SECOND), 20)).astype(np.float32)
    timbre = rng.uniform(0, 1, (1 + int(duration / PATCH_HOP_SECONDS), 521)).astype(np.float32)
    times = tuple(np.arange(0.3, duration, bar).tolist())
    frames, beats = SoundFrames(notes, bands, timbre, 0.0), Beats(times, (1,) * len(times), 4, 4, 1.0)
    sections = find_sections(frames, beats if times else None, duration)
    assert sections[0].start == 0 and sections[-1].end == pytest.approx(duration, abs=1e-3)
    assert all(one.end == other.start for one, other in pairwise(sections))
    assert all(section.start < section.end and (section.confidence is None) == (len(sections) == 1) for section in sections)
    assert all(0 <= section.confidence <= 1 for section in sections if section.confidence is not None)


def test_silence_is_one_section() -> None:
    notes, bands, timbre = (np.zeros(shape, dtype=np.float32) for shape in ((300, 2, 88), (1500, 20), (60, 521)))
    assert len(find_sections(SoundFrames(notes, bands, timbre, 0.0), None, 30.0)) == 1


def test_a_loop_that_never_changes_is_one_section() -> None:
    frames, beats, duration = made_frames("A")
    notes, bands, timbre = (np.concatenate([part] * 4) for part in (frames.notes, frames.bands, frames.timbre))
    loop = SoundFrames(notes, bands, timbre, 0.0)
    times = tuple(np.arange(0, 4 * duration, BAR_SECONDS / 4).tolist())
    assert len(find_sections(loop, Beats(times, beats.positions * 4, 4, 4, 1.0), 4 * duration)) == 1
