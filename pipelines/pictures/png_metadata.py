"""A picture as PNG with all that made it inside, and the way back from such a file to the settings.

Two text chunks: 'audioscope' is JSON with every field of `PictureSettings`; 'parameters' is the line that AUTOMATIC1111's web UI,
Forge and their relatives read. A start picture, as the model saw it, is a PNG in a private chunk, with its hash in the JSON.
Reading decodes no pixels but those of the start picture, and believes nothing.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass, fields, replace
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, BinaryIO, get_type_hints

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from pipelines.pictures.errors import PictureFileRefused
from pipelines.pictures.options import (
    LARGEST_SEED,
    Picture,
    PictureOptions,
    PictureSettings,
)

OWN_KEYWORD, COMMON_KEYWORD = "audioscope", "parameters"
START_CHUNK = b"auSp"
"""Its cases say: not needed to show the picture, private, to be kept by programs that do not know it (PNG specification, 5.4)."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = struct.Struct(">8s4x4sII")
"""Of a PNG file: signature, length and name of the first chunk, width, height."""
MAX_FILE_BYTES = 64 * 2**20
LARGEST_SIDE = 16_384
"""Pixels of a picture that is looked into."""
MAX_START_PIXELS = 2**22
"""Of a start picture, which is as large as what the model drew: four times what any model here draws."""
MAX_LETTERS = 20_000
"""Of one text among the settings."""
NAMES_ELSEWHERE = {"Euler ancestral": "Euler a"}
"""Of samplers, where other tools call them otherwise."""
START_PICTURE = "start_picture"
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, str_max_length=MAX_LETTERS)
SHARE = Field(ge=0, le=1)
SECONDS = Field(ge=0)
SIDE = Field(ge=8, le=LARGEST_SIDE)
BOUNDS: dict[str, Any] = {
    "start": SECONDS,
    "end": SECONDS,
    "sound_share": SHARE,
    "sound_strength": Field(ge=0, le=100),
    "heard": Field(max_length=100),
    "steps": Field(ge=1, le=1000),
    "guidance_scale": Field(ge=0, le=100),
    "width": SIDE,
    "height": SIDE,
    "seed": Field(ge=0, le=LARGEST_SEED),
    "start_picture_strength": SHARE,
}
"""Outside of them no settings are believed; what a model takes is checked where it draws."""
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, zlib.error, Image.DecompressionBombError)
"""What Pillow raises for a file that is broken or hostile."""


@dataclass(frozen=True)
class RestoredPicture:
    """What a PNG tells of how it was made."""

    settings: PictureSettings
    start_picture_lost: bool
    """Whether there was a start picture that is no longer inside, so that it has to be given again: other programs drop it."""


def png_bytes(picture: Picture) -> bytes:
    """The picture as a PNG file that `options_from_png` and other tools can read."""
    chunks = PngInfo()
    chunks.add_text(COMMON_KEYWORD, common_parameters(picture.settings))
    chunks.add_text(OWN_KEYWORD, _encodable(_as_json(picture.settings)))
    if picture.settings.start_picture is not None:
        chunks.add(START_CHUNK, _as_png(picture.settings.start_picture))
    return _as_png(picture.image, chunks)


def options_from_png(source: bytes | str | Path) -> PictureOptions:
    """The options that draw the picture again, from the content of a PNG file or its path.

    Raises:
        PictureFileRefused: it is no PNG, none of ours, broken, of another version, or without its start picture; says which.
    """
    restored = picture_from_png(source)
    if restored.start_picture_lost:
        raise PictureFileRefused("its start picture was taken out")
    return restored.settings.options()


def picture_from_png(source: bytes | str | Path) -> RestoredPicture:
    """All that a PNG file tells of how it was made.

    Raises:
        PictureFileRefused: it is no PNG, none of ours, broken, or of another version; says which.
    """
    text, start_picture = _own_chunks(source)
    try:
        stored: Any = STORED.model_validate_json(text)
    except ValidationError as error:
        raise PictureFileRefused(_first_fault(error)) from None
    settings = PictureSettings(**dict(stored.settings), start_picture=None)
    if settings.start >= settings.end:
        raise PictureFileRefused("its part of the clip ends before it begins")
    if not stored.start_picture_hash or start_picture is None:
        return RestoredPicture(settings, start_picture_lost=bool(stored.start_picture_hash))
    start = _start_picture(start_picture, (settings.width, settings.height), stored.start_picture_hash)
    return RestoredPicture(replace(settings, start_picture=start), start_picture_lost=False)


def picture_hash(image: Image.Image) -> str:
    """BLAKE2b over size and RGB pixels, 32 hex digits."""
    digest = hashlib.blake2b(repr(image.size).encode(), digest_size=16)
    digest.update(image.convert("RGB").tobytes())
    return digest.hexdigest()


def common_parameters(settings: PictureSettings) -> str:
    """The settings as AUTOMATIC1111's web UI writes them: the prompt, the negative prompt, a line of names and values.

    A picture of the sound itself has no prompt; what was heard in it stands for it.
    """
    sound = f"the sound of {', '.join(settings.heard)}" if settings.heard else "the sound"
    prompt = ", ".join(filter(None, (settings.prompt or sound, settings.own_words, settings.style)))
    values = {
        "Steps": settings.steps,
        "Sampler": NAMES_ELSEWHERE.get(settings.scheduler, settings.scheduler),
        "CFG scale": f"{settings.guidance_scale:g}",
        "Seed": settings.seed,
        "Size": f"{settings.width}x{settings.height}",
        "Model": settings.model,
        "Denoising strength": f"{settings.start_picture_strength:g}" if settings.start_picture is not None else "",
        "Version": "Audioscope",
    }
    lines = [_one_line(prompt)]
    if settings.negative_prompt:
        lines.append(f"Negative prompt: {_one_line(settings.negative_prompt)}")
    lines.append(", ".join(f"{name}: {value}" for name, value in values.items() if value != ""))
    return "\n".join(lines)


# ---- the JSON


def _stored_model() -> type[BaseModel]:
    """Every field of `PictureSettings` but the start picture, with its type and its bounds."""
    hints = get_type_hints(PictureSettings)
    names = [field.name for field in fields(PictureSettings) if field.name != START_PICTURE]
    bounded: dict[str, Any] = {name: (Annotated[hints[name], BOUNDS.get(name, Field())], ...) for name in names}
    return create_model("Settings", __config__=STRICT, **bounded)


STORED = create_model(
    "Stored",
    __config__=STRICT,
    settings=(_stored_model(), ...),
    start_picture_hash=(Annotated[str, Field(pattern="^([0-9a-f]{32})?$")], ...),
)


def _as_json(settings: PictureSettings) -> str:
    values = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name != START_PICTURE}
    start_picture = settings.start_picture
    stored = {"settings": values, "start_picture_hash": "" if start_picture is None else picture_hash(start_picture)}
    return json.dumps(stored, ensure_ascii=False, allow_nan=False)


def _first_fault(error: ValidationError) -> str:
    """In words, without what the file says."""
    fault, *_ = error.errors(include_url=False, include_context=False, include_input=False)
    if fault["type"] == "json_invalid":
        return "its settings are damaged"
    name = ".".join(str(part) for part in fault["loc"][:2])[:60]
    if fault["type"] in ("extra_forbidden", "missing"):
        return f"another version made it: {name!r} is {'unknown' if fault['type'] == 'extra_forbidden' else 'missing'}"
    return f"{name!r} has an impossible value"


# ---- the file


def _as_png(image: Image.Image, chunks: PngInfo | None = None) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def _own_chunks(source: bytes | str | Path) -> tuple[str, bytes | None]:
    """The JSON of the file, and its start picture, if one is inside, undecoded."""
    try:
        with BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as stream:
            _check_header(stream)
            image = PngImageFile(stream)
            text, private = image.info.get(OWN_KEYWORD), dict(chunk[:2] for chunk in image.private_chunks)
    except UNREADABLE:
        raise PictureFileRefused("it is broken or no PNG picture") from None
    if not isinstance(text, str):
        raise PictureFileRefused("there are no settings of Audioscope inside")
    return text, private.get(START_CHUNK)


def _start_picture(content: bytes, size: tuple[int, int], its_hash: str) -> Image.Image:
    """RGB of `size`; nothing larger is decoded."""
    if size[0] * size[1] > MAX_START_PIXELS:
        raise PictureFileRefused("its start picture is larger than any that was used here")
    try:
        with Image.open(BytesIO(content), formats=("PNG",)) as image:
            picture = image.convert("RGB") if image.size == size else None
    except UNREADABLE:
        picture = None
    if picture is None or picture_hash(picture) != its_hash:
        raise PictureFileRefused("its start picture is damaged")
    return picture


def _check_header(stream: BinaryIO) -> None:
    """Refuse what is no PNG and what is far too large, before a library sees it."""
    size_bytes = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(HEADER.size)
    stream.seek(0)
    if len(head) < HEADER.size or not head.startswith(SIGNATURE):
        raise PictureFileRefused("it is no PNG picture")
    *_, width, height = HEADER.unpack(head)
    if size_bytes > MAX_FILE_BYTES or max(width, height) > LARGEST_SIDE:
        raise PictureFileRefused("it is larger than any picture made here")


def _one_line(text: str) -> str:
    return _encodable(" ".join(text.split()))


def _encodable(text: str) -> str:
    """Without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
