"""Initial images of every mode: upright, 8 bits, RGB, on white."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from models.arrays import AnyArray
from pipelines.pictures.errors import InvalidInitImage
from pipelines.pictures.init_image import flatten_image, prepare_init_image, read_init_image
from tests.pipelines.pictures.picture_examples import header_of

EMPTY_IDAT = b"\0\0\0\0IDAT\x35\xaf\x06\x1e"
WHITE, BLACK, RED = (255, 255, 255), (0, 0, 0), (255, 0, 0)


def saved(image: Image.Image, form: str, **options: object) -> Image.Image:
    file = BytesIO()
    image.save(file, form, **options)
    return Image.open(file)


def corner(image: Image.Image) -> Any:
    return flatten_image(image).getpixel((0, 0))


def half_transparent() -> Image.Image:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (4, 0, 8, 8))
    return image


@pytest.mark.parametrize(
    "image",
    [
        half_transparent(),
        saved(half_transparent(), "PNG"),
        saved(half_transparent(), "WEBP", lossless=True),
        saved(half_transparent(), "GIF"),
        half_transparent().quantize(8),
        half_transparent().convert("RGBa"),
    ],
    ids=["RGBA", "PNG", "WebP", "GIF", "palette", "premultiplied"],
)
def test_transparency_is_composited_on_white(image: Image.Image) -> None:
    flat = flatten_image(image)
    assert (flat.mode, flat.getpixel((0, 0)), flat.getpixel((7, 0))) == ("RGB", WHITE, RED)


def test_grey_with_alpha_and_a_transparent_grey_are_white() -> None:
    clear = Image.new("LA", (8, 8), (0, 0))
    named = saved(Image.new("L", (8, 8), 7), "PNG", transparency=7)
    wide = saved(Image.fromarray(np.full((8, 8), 700, np.uint16)), "PNG", transparency=700)
    assert [corner(image) for image in (clear, clear.convert("La"), named, wide)] == [WHITE] * 4
    assert corner(Image.new("LA", (8, 8), (0, 128)))[0] in (127, 128)


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(0, 65_535, 256).astype(np.uint16),
        np.linspace(0, 65_535, 256).astype(">u2"),
        np.linspace(0, 65_535, 256).astype(np.int32),
        np.arange(256, dtype=np.int32),
        np.linspace(0, 1, 256, dtype=np.float32),
        np.arange(256, dtype=np.float32),
        np.linspace(-3, 2, 256, dtype=np.float32),
        np.linspace(0, 2**31 - 1, 256).astype(np.int32),
    ],
    ids=["I;16", "I;16B", "I of 16 bits", "I of 8 bits", "F to 1", "F to 255", "F below 0", "I of 32 bits"],
)
@pytest.mark.parametrize("form", [None, "TIFF"])
def test_more_than_8_bits_stay_a_gradient(values: AnyArray, form: str | None) -> None:
    image = Image.fromarray(np.tile(values, (4, 1)))
    flat = np.asarray(flatten_image(saved(image, form) if form else image))
    assert abs(flat[0, :, 0].astype(int) - np.arange(256)).max() <= 1
    assert (flat[..., 0] == flat[..., 2]).all()


def test_a_grey_png_of_16_bits_stays_a_gradient() -> None:
    image = saved(Image.fromarray(np.tile(np.linspace(0, 65_535, 256).astype(np.uint16), (4, 1))), "PNG")
    assert abs(np.asarray(flatten_image(image))[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_floats_that_are_no_numbers_are_black() -> None:
    assert corner(Image.fromarray(np.full((4, 4), np.nan, np.float32))) == BLACK


def test_the_first_frame_of_a_gif_is_taken_whatever_frame_is_open() -> None:
    image = saved(Image.new("RGB", (8, 8), "red"), "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8), "blue")])
    image.seek(1)
    assert corner(image) == RED


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_exif_is_turned_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    flat = flatten_image(saved(Image.new("RGB", (16, 8)), "JPEG", exif=exif))
    assert flat.size == ((16, 8) if orientation < 5 else (8, 16))


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "HSV", "RGBX", "PA"])
def test_other_colour_spaces_are_converted(mode: str) -> None:
    white = Image.new("RGB", (8, 8), "white").convert("CMYK" if mode == "CMYK" else mode)
    assert corner(white) == WHITE


def test_a_jpeg_of_cmyk_keeps_its_colour() -> None:
    assert corner(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=95)) == pytest.approx(RED, abs=8)


def test_the_byte_beside_the_three_of_a_colour_is_no_alpha() -> None:
    dark = [Image.frombytes("RGBX", (1, 1), bytes((9, 9, 9, 0))), Image.new("LAB", (1, 1))]
    assert all(corner(image) != WHITE for image in dark)


def test_files_that_cannot_be_used_get_a_sentence(tmp_path: Path) -> None:
    whole = BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, "PNG")
    for name, content, why in (
        ("letter.png", b"Dear viewer", "it is no PNG"),
        ("empty.png", b"", "it is no PNG"),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is no PNG"),
        ("page.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is no PNG"),
        ("cut.png", whole.getvalue()[:1500], "its file is damaged"),
        ("large.png", header_of(10_000, 10_000) + EMPTY_IDAT, "10000 by 10000 pixels, more than 64 million"),
        ("huge.png", header_of(60_000, 60_000) + EMPTY_IDAT, "more than 64 million pixels"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInitImage, match=why):
            read_init_image(tmp_path / name)


def test_a_file_with_a_wrong_ending_is_read(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "picture.png", "JPEG", quality=100)
    assert read_init_image(tmp_path / "picture.png").getpixel((0, 0)) == pytest.approx(RED, abs=3)


def test_a_wide_picture_is_cropped() -> None:
    assert prepare_init_image(Image.new("I;16", (30, 10), 65_535), 16, 16).getcolors() == [(256, WHITE)]


def test_an_init_image_is_upright_opaque_and_fills_the_size() -> None:
    lying = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    lying.paste((0, 0, 255, 255), (0, 0, 20, 20))
    lying.getexif()[ExifTags.Base.Orientation] = 6  # what is left belongs on top
    upright = prepare_init_image(lying, 10, 20)
    assert (upright.mode, upright.size) == ("RGB", (10, 20))
    assert [upright.getpixel((5, y)) for y in (3, 16)] == [(0, 0, 255), (255, 255, 255)]
    assert prepare_init_image(Image.new("L", (30, 10), 90), 16, 16).getcolors() == [(256, (90, 90, 90))]
