"""Colours of several clips on one map."""

from __future__ import annotations

import numpy as np

from components.embeddings.point_colours import joined_colourings
from components.embeddings.timed_picture import curve_markup, picture_markup, png_of
from pipelines.embeddings.colouring import Colouring


def chords(values: list[int], names: tuple[str, ...]) -> Colouring:
    return Colouring("chord", "Chord", "categorical", np.array(values, dtype=np.int32), names)


def test_equal_names_have_one_colour():
    both = joined_colourings([chords([0, 1, -1], ("C", "G")), chords([1, 0], ("Am", "G"))])
    assert both.names == ("C", "G", "Am")
    assert both.values.tolist() == [0, 1, -1, 1, 2]


def test_a_clip_without_values_has_no_category():
    both = joined_colourings([chords([-1, -1], ()), chords([0], ("C",))])
    assert both.names == ("C",)
    assert both.values.tolist() == [-1, -1, 0]


def test_continuous_values_are_concatenated():
    parts = [Colouring("time", "Time", "continuous", np.array([0.5, 1.5], dtype=np.float32), unit="s") for _ in range(2)]
    assert joined_colourings(parts).values.tolist() == [0.5, 1.5, 0.5, 1.5]


def test_images_and_curves_have_durations_and_escaped_captions():
    picture = picture_markup(np.array([[0, 0.5, 1]], dtype=np.float32), 2.0, "<Rows>", square=True)
    assert 'data-end="2.000"' in picture
    assert "&lt;Rows&gt;" in picture
    assert 'class="timed square"' in picture
    assert png_of(np.array([[0, 0.5, 1]], dtype=np.float32)).startswith(b"\x89PNG")
    curve = curve_markup(np.linspace(1, 3, 5000, dtype=np.float32), 2.0, "Norm")
    assert "Norm, 1.00 to 3.00" in curve
    assert curve.count(",") < 4100
