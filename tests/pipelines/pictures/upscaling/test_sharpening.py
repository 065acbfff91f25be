from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pipelines.pictures.upscaling.sharpening import upscale


def blurred_disc() -> Image.Image:
    """As soft as a small autoencoder leaves its edges."""
    image = Image.new("RGB", (96, 96), "white")
    ImageDraw.Draw(image).ellipse((20, 20, 75, 75), fill=(30, 60, 200))
    return image.filter(ImageFilter.GaussianBlur(1.0))


def steepest(image: Image.Image) -> float:
    """Greatest difference of neighbours, in levels."""
    return float(np.abs(np.diff(np.asarray(image.convert("L"), dtype=np.float32), axis=1)).max())


def test_it_has_the_size_that_was_asked_for() -> None:
    image = Image.new("RGB", (96, 64))
    assert [upscale(image, factor).size for factor in (1, 2, 4)] == [(96, 64), (192, 128), (384, 256)]


def test_edges_are_steeper_than_interpolation_leaves_them() -> None:
    disc = blurred_disc()
    interpolated = disc.resize((384, 384), Image.Resampling.LANCZOS)
    assert steepest(upscale(disc, 4)) > 1.5 * steepest(interpolated)


def test_edges_get_no_halo_and_stay_where_they_were() -> None:
    disc = blurred_disc()
    large = upscale(disc, 4)
    assert (np.asarray(large, dtype=np.int16) >= np.array([30, 60, 200]) - 10).all()
    before, after = (np.asarray(image.convert("L"), dtype=np.float32).mean() for image in (disc, large))
    assert abs(after - before) < 2


def test_a_flat_picture_stays_flat() -> None:
    assert set(upscale(Image.new("RGB", (96, 96), (10, 120, 250)), 4).getdata()) == {(10, 120, 250)}
