"""Sections of made-up pieces."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arrays import FloatArray
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND
from pipelines.music.rhythm.types import Beats
from pipelines.music.structure import Section, find_sections

BAR_SECONDS = 2.0
BARS = 8
CHORDS = {"A": (0, 7, 9, 5), "B": (2, 7, 4, 9), "C": (10, 3, 8, 5)}


def piece(form: str, seed: int = 0) -> tuple[FloatArray, FloatArray, Beats, float]:
    """(notes, colour, beats, duration): each letter has eight bars with chords and a colour of its own."""
    rng = np.random.default_rng(seed)
    duration = len(form) * BARS * BAR_SECONDS
    notes = rng.uniform(0, 0.1, (round(duration * HARMONY_FRAMES_PER_SECOND), 2, 88)).astype(np.float32)
    colour = rng.normal(1, 0.1, (round(duration * FRAMES_PER_SECOND), 20)).astype(np.float32)
    for count, letter in enumerate(form):
        for bar in range(BARS):
            start = (count * BARS + bar) * BAR_SECONDS
            root = CHORDS[letter][bar % 4]
            first, last = (round(time * HARMONY_FRAMES_PER_SECOND) for time in (start, start + BAR_SECONDS))
            notes[first:last, 0, [27 + root, 31 + root, 34 + root]] += 0.8
        first, last = (round((count + i) * BARS * BAR_SECONDS * FRAMES_PER_SECOND) for i in (0, 1))
        colour[first:last, : 5 + 5 * (ord(letter) - ord("A"))] += 0.6
    times = tuple(np.arange(0, duration, BAR_SECONDS / 4).tolist())
    return notes, colour, Beats(times, tuple(i % 4 + 1 for i in range(len(times))), 4, 4, 1.0), duration


def form_of(sections: tuple[Section, ...]) -> str:
    return "".join(section.label for section in sections)


@pytest.mark.parametrize("form", ["AB", "ABA", "ABAB", "ABAC", "ABCA", "ABACA"])
def test_what_comes_back_has_its_letter_again(form: str) -> None:
    notes, colour, beats, duration = piece(form)
    sections = find_sections(notes, colour, beats, duration)
    assert form_of(sections) == form
    np.testing.assert_allclose(
        [section.start for section in sections], np.arange(len(form)) * BARS * BAR_SECONDS, atol=BAR_SECONDS
    )


def test_without_beats_bars_are_made_up() -> None:
    notes, colour, _, duration = piece("ABA")
    assert form_of(find_sections(notes, colour, None, duration)) == "ABA"


def test_what_never_changes_is_one_section() -> None:
    notes, colour, beats, duration = piece("A")
    assert form_of(find_sections(notes, colour, beats, duration)) == "A"


@given(duration=st.floats(0.5, 120), bar=st.floats(0.5, 4), seed=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_sections_cover_any_clip_without_gaps(duration: float, bar: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    notes = rng.uniform(0, 1, (1 + int(duration * HARMONY_FRAMES_PER_SECOND), 2, 88)).astype(np.float32)
    colour = rng.normal(0, 1, (1 + int(duration * FRAMES_PER_SECOND), 20)).astype(np.float32)
    times = tuple(np.arange(0.3, duration, bar).tolist())
    sections = find_sections(notes, colour, Beats(times, (1,) * len(times), 4, 4, 1.0), duration)
    assert sections[0].start == 0 and sections[-1].end == pytest.approx(duration, abs=1e-3)
    assert all(one.end == other.start for one, other in pairwise(sections))
    assert all(section.start < section.end and 0 <= section.confidence <= 1 for section in sections)
