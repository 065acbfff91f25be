"""PNG files with settings inside: their texts, their pixels, and the initial image in a private chunk."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from pipelines.isolation.errors import WorkerFailed
from pipelines.isolation.isolation import Isolation, NoIsolation
from pipelines.pictures.errors import InvalidPictureFile
from pipelines.pictures.files.pixels import image_of, pixels_of

INIT_IMAGE_CHUNK = b"auSp"
"""The case of its letters means: ancillary, private, safe to copy (PNG specification, 5.4)."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = struct.Struct(">8s4x4sII")
"""Start of a PNG file: signature, length and name of the first chunk, width, height."""
MAX_FILE_BYTES = 64 * 2**20
MAX_SIDE = 16_384
"""Largest side in pixels of a picture whose texts are read."""
MAX_PIXELS = 2**24
"""Largest picture that is decoded."""
MAX_STORED_PIXELS = 2**22
"""Largest stored initial image: four times the pixels that any model here draws."""
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, zlib.error, Image.DecompressionBombError)
"""Errors that Pillow raises for a file that is broken or hostile."""
Source = bytes | str | Path
"""The content of a file, or its path."""


@dataclass(frozen=True)
class PngTexts:
    """What a PNG file says beside its pixels."""

    texts: dict[str, str]
    """The text chunks by their keywords."""
    has_init_image: bool


def read_png_texts(source: Source, isolation: Isolation = NoIsolation()) -> PngTexts:
    """Read the text chunks of a PNG file; no pixels are decoded.

    Raises:
        InvalidPictureFile: it is no PNG, broken or too large; says which.
        WorkerFailed: reading it ended the worker.
    """
    try:
        found = json.loads(isolation.run(encoded_texts, source))
        texts = {str(name): str(text) for name, text in found["texts"].items()}
        return PngTexts(texts, bool(found["has_init_image"]))
    except (ValueError, TypeError, LookupError, AttributeError):
        raise WorkerFailed from None


def read_png(source: Source, isolation: Isolation = NoIsolation()) -> Image.Image:
    """Decode a PNG file as RGB; raises as `read_png_texts`."""
    return image_of(isolation.run(decoded_picture, source))


def read_init_image_chunk(source: Source, size: tuple[int, int], isolation: Isolation = NoIsolation()) -> Image.Image:
    """Decode the initial image inside a PNG file as RGB; one of another size than `size` [width, height] is refused undecoded.

    Raises:
        InvalidPictureFile: it is too large or damaged.
        WorkerFailed: reading it ended the worker.
    """
    return image_of(isolation.run(decoded_init_image, source, size))


# ---- in the worker


def encoded_texts(source: Source, should_stop: Callable[[], bool]) -> bytes:
    """Return the values of `PngTexts` as JSON."""
    image = _opened(source)
    texts = {name: value for name, value in image.info.items() if isinstance(name, str) and isinstance(value, str)}
    return json.dumps({"texts": texts, "has_init_image": _init_image_chunk(image) is not None}).encode()


def decoded_picture(source: Source, should_stop: Callable[[], bool]) -> bytes:
    """Return the pixels of a PNG file."""
    image = _opened(source)
    if image.width * image.height > MAX_PIXELS:
        raise InvalidPictureFile("it is larger than any picture made here")
    try:
        return pixels_of(image)
    except UNREADABLE:
        raise InvalidPictureFile("it is damaged") from None


def decoded_init_image(source: Source, size: tuple[int, int], should_stop: Callable[[], bool]) -> bytes:
    """Return the pixels of the initial image inside a PNG file."""
    if size[0] * size[1] > MAX_STORED_PIXELS:
        raise InvalidPictureFile("its initial image is larger than any that was used here")
    content = _init_image_chunk(_opened(source)) or b""
    try:
        with Image.open(BytesIO(content), formats=("PNG",)) as image:
            if image.size == size:
                return pixels_of(image)
    except UNREADABLE:
        pass
    raise InvalidPictureFile("its initial image is damaged")


def _opened(source: Source) -> PngImageFile:
    """Open a file that has a PNG's header and no forbidding size."""
    try:
        content = source if isinstance(source, bytes) else _content(Path(source))
        _check_header(BytesIO(content))
        return PngImageFile(BytesIO(content))
    except UNREADABLE:
        raise InvalidPictureFile("it is broken or no PNG picture") from None


def _content(path: Path) -> bytes:
    """Return the content of a file, up to one byte more than is read."""
    with open(path, "rb") as stream:
        return stream.read(MAX_FILE_BYTES + 1)


def _init_image_chunk(image: PngImageFile) -> bytes | None:
    return dict(chunk[:2] for chunk in image.private_chunks).get(INIT_IMAGE_CHUNK)


def _check_header(stream: BinaryIO) -> None:
    """Refuse files that are no PNG or far too large before a library reads them."""
    size_bytes = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size or not head.startswith(SIGNATURE):
        raise InvalidPictureFile("it is no PNG picture")
    *_, width, height = HEADER.unpack(head)
    if size_bytes > MAX_FILE_BYTES or max(width, height) > MAX_SIDE:
        raise InvalidPictureFile("it is larger than any picture made here")
