"""Pictures as plain pixels, the form in which a worker hands them over."""

from __future__ import annotations

import struct

from PIL import Image

from pipelines.isolation.errors import WorkerFailed

SIZE = struct.Struct("<II")
"""Width and height, before the pixels."""


def pixels_of(image: Image.Image) -> bytes:
    """Return the size of an image and its RGB pixels."""
    return SIZE.pack(*image.size) + image.convert("RGB").tobytes()


def image_of(content: bytes) -> Image.Image:
    """Return the image of `pixels_of`, RGB.

    Raises:
        WorkerFailed: the size is not that of the pixels, since a file took the worker over.
    """
    if len(content) < SIZE.size:
        raise WorkerFailed
    width, height = SIZE.unpack_from(content)
    if not width or not height or len(content) != SIZE.size + 3 * width * height:
        raise WorkerFailed
    return Image.frombytes("RGB", (width, height), content[SIZE.size :])
