"""Initial images of any mode: checked, turned upright, laid on white, and fitted to the size of a picture."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from models.arrays import FloatArray
from pipelines.isolation.isolation import Isolation, NoIsolation
from pipelines.pictures.errors import InvalidInitImage
from pipelines.pictures.files.pixels import image_of, pixels_of

MAX_INIT_IMAGE_PIXELS = 64 * 10**6
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA", "ICO")
"""Formats of Pillow that are read: pixels alone, no documents."""
WIDE_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
"""Modes of Pillow with more than 8 bits a pixel, which its own conversion clips at 255."""
MAX_8_BIT, MAX_16_BIT = 255, 65_535
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, RuntimeError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError),
    *(struct.error, Image.DecompressionBombError),
)
"""What Pillow's readers raise for a file that is broken or hostile, found by damaging files."""


def check_init_image(image: Image.Image) -> None:
    """Check the size before the pixels are decoded, then that they can be.

    Raises:
        InvalidInitImage: it is too large or damaged.
    """
    if image.width * image.height > MAX_INIT_IMAGE_PIXELS:
        raise InvalidInitImage(
            f"it has {image.width} by {image.height} pixels, more than {MAX_INIT_IMAGE_PIXELS // 10**6} million"
        )
    try:
        image.seek(0)
        image.load()
    except UNREADABLE as error:
        raise InvalidInitImage("its file is damaged") from error


def read_init_image(path: Path, isolation: Isolation = NoIsolation()) -> Image.Image:
    """Read an image file as RGB; see `flatten_image`.

    Raises:
        InvalidInitImage: it is no image, too large or damaged.
        WorkerFailed: reading it ended the worker.
    """
    return image_of(isolation.run(decoded_init_image, path))


def decoded_init_image(path: Path, should_stop: Callable[[], bool]) -> bytes:
    """Return the pixels of an image file, in the worker; raises as `read_init_image`."""
    try:
        image = Image.open(path, formats=IMAGE_FORMATS)
    except Image.DecompressionBombError as error:
        raise InvalidInitImage(f"it has more than {MAX_INIT_IMAGE_PIXELS // 10**6} million pixels") from error
    except UNREADABLE as error:
        raise InvalidInitImage("it is no PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF image") from error
    with image:
        return pixels_of(flatten_image(image))


def prepare_init_image(image: Image.Image, width: int, height: int) -> Image.Image:
    """Convert `image` to RGB of the given size in pixels, cropped where its shape differs; see `flatten_image`."""
    return ImageOps.fit(flatten_image(image), (width, height), Image.Resampling.LANCZOS)


def flatten_image(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to RGB: its first frame, upright, scaled to 8 bits, on white where it is transparent.

    Raises:
        InvalidInitImage: it is too large or damaged.
    """
    check_init_image(image)
    upright = ImageOps.exif_transpose(image)
    if upright.mode in WIDE_MODES:
        return _wide_to_rgb(upright)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    # Pillow converts premultiplied grey to no other mode.
    layered = (upright.convert("LA") if upright.mode == "La" else upright).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")


def _wide_to_rgb(image: Image.Image) -> Image.Image:
    """Scale grey values of 16 bits, 32 bits or floats to 8 bits; the transparent value, if one is named, becomes white."""
    values = np.asarray(image, dtype=np.float32)
    levels = np.rint(_eight_bit(values, image.mode)).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        levels[values == transparent] = MAX_8_BIT
    return Image.fromarray(levels).convert("RGB")


def _eight_bit(values: FloatArray, mode: str) -> FloatArray:
    """Scale `values` to 0 to 255.

    Integers fill 8 or 16 bits, floats 0 to 1, 0 to 255 or 16 bits; values outside of these are stretched from minimum to maximum.
    """
    values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    smallest, largest = float(values.min()), float(values.max())
    ranges = {"F": (1, MAX_8_BIT, MAX_16_BIT), "I": (MAX_8_BIT, MAX_16_BIT)}.get(mode, (MAX_16_BIT,))
    whole = next((whole for whole in ranges if largest <= whole), None)
    if smallest < 0 or whole is None:
        return np.asarray((values - smallest) * np.float32(MAX_8_BIT / max(largest - smallest, 1e-9)))
    return np.asarray(values * np.float32(MAX_8_BIT / whole))
