"""The values that the page gets for a map, and those it may send."""

from __future__ import annotations

import base64
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest

from components.embeddings.map import (
    MapView,
    colour_indices,
    map_value,
    picked_row,
    thinned,
)
from models.arrays import AnyArray
from models.errors import InvalidOption
from pipelines.embeddings.colouring import Colouring

MAX_POINTS = 40_000


def view_of(rows: int, dimensions: int = 2, starts: tuple[int, ...] = (0,)) -> MapView:
    places = np.linspace(-1, 1, rows * dimensions, dtype=np.float32).reshape(rows, dimensions)
    times = np.arange(rows, dtype=np.float64) * 0.02 + 0.01
    return MapView(
        map_id="m",
        layout="m",
        points=places,
        times=times,
        frame_seconds=0.02,
        duration=rows * 0.02,
        colouring=Colouring("time", "Time", "continuous", times.astype(np.float32), unit="s"),
        texts=tuple("Speech" if row % 2 else "Piano" for row in range(rows)),
        title="PCA of a test",
        clips=("a", "b")[: len(starts)],
        starts=starts,
    )


def event(**data: object) -> gr.EventData:
    return gr.EventData(None, data)


def numbers(text: str, kind: str) -> AnyArray:
    return np.frombuffer(base64.b64decode(text), dtype=kind)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_points_times_and_texts_are_encoded(dimensions):
    view = view_of(50, dimensions)
    value = map_value(view)
    points = numbers(value["points"], "<i2").reshape(50, dimensions) / 32767
    assert points == pytest.approx(view.points, abs=1e-4)
    assert numbers(value["times"], "<f4") == pytest.approx(view.times)
    assert [value["texts"][place] for place in numbers(value["textOf"], "<u2")] == list(view.texts)
    assert (value["own"], value["hop"], value["low"], value["high"]) == (50, 0.02, "0.0 s", "1.0 s")


def test_a_long_clip_is_thinned_and_points_map_to_their_frames():
    rows = 2 * MAX_POINTS + 10
    value = map_value(replace(view_of(rows, starts=(0, 600)), max_points=MAX_POINTS))
    assert len(numbers(value["times"], "<f4")) <= MAX_POINTS
    assert value["starts"] == [0, 200]
    assert value["own"] == 200
    assert value["hop"] == pytest.approx(0.06)
    assert picked_row(event(row=7), rows, MAX_POINTS) == 21
    assert f"One frame in 3 of {rows:,} is drawn." in value["description"]
    assert thinned(MAX_POINTS, MAX_POINTS) == ""


def test_colours_of_categories_and_missing_values():
    values = np.array([0, 1, -1, 300], dtype=np.int32)
    assert colour_indices(Colouring("word", "Word", "categorical", values, ("a", "b"))).tolist() == [0, 1, 255, 254]
    levels = np.array([-60, np.nan, 0], dtype=np.float32)
    assert colour_indices(Colouring("loudness", "Loudness", "continuous", levels)).tolist() == [0, 255, 254]
    still = np.full(3, 2.0, dtype=np.float32)
    assert colour_indices(Colouring("loudness", "Loudness", "continuous", still)).tolist() == [0, 0, 0]


def test_an_outlier_does_not_stretch_the_ramp():
    levels = np.append(np.linspace(-30, -10, 999), -200).astype(np.float32)
    indices = colour_indices(Colouring("loudness", "Loudness", "continuous", levels, unit="dB"))
    assert np.percentile(indices, (5, 50, 95)) == pytest.approx([10, 127, 244], abs=4)
    assert indices[-1] == 0


def test_the_label_describes_the_map_and_its_keys():
    description = map_value(replace(view_of(50, 3, (0, 20)), title="UMAP of YAMNet"))["description"]
    assert description.startswith("UMAP of YAMNet: 50 frames of 2 clips as points in space, coloured by time.")
    assert "Arrows turn it, plus and minus zoom" in description
    assert "Enter plays" in description


@pytest.mark.parametrize("row", [-1, 50, 1.5, True, "3", None, [1]])
def test_an_invalid_point_is_refused(row):
    with pytest.raises(InvalidOption):
        picked_row(event(row=row), 50, MAX_POINTS)
