"""PNG metadata: write the settings of a picture into its PNG file, and restore them from such a file.

Two text chunks: 'audioscope' is JSON with every field of `PictureSettings`; 'parameters' is the line that AUTOMATIC1111's web UI,
Forge and their relatives read. An initial image, as the model gets it, is a PNG in a private chunk, with its hash in the JSON.
Reading decodes no pixels but those of the initial image, and checks every value; `isolation` is where the file is read.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, replace
from io import BytesIO
from typing import Annotated, Any, get_type_hints

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from models.arrays import MAX_SEED
from pipelines import APP_NAME
from pipelines.isolation.isolation import Isolation, NoIsolation
from pipelines.pictures.errors import InvalidPictureFile
from pipelines.pictures.files.png_file import INIT_IMAGE_CHUNK, MAX_SIDE, Source, read_init_image_chunk, read_png_texts
from pipelines.pictures.foreign_metadata import ForeignSettings, foreign_settings
from pipelines.pictures.options import (
    Picture,
    PictureOptions,
    PictureSettings,
)

OWN_KEYWORD, A1111_KEYWORD = "audioscope", "parameters"
MAX_TEXT_CHARACTERS = 20_000
"""Longest text among the settings."""
A1111_SAMPLERS = {"Euler ancestral": "Euler a"}
"""Names of samplers in A1111 that differ from ours."""
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, str_max_length=MAX_TEXT_CHARACTERS)
FRACTION = Field(ge=0, le=1)
SECONDS = Field(ge=0)
SIDE = Field(ge=8, le=MAX_SIDE)
BOUNDS: dict[str, Any] = {
    "start": SECONDS,
    "end": SECONDS,
    "audio_weight": FRACTION,
    "audio_guidance": Field(ge=0, le=100),
    "concepts": Field(max_length=100),
    "steps": Field(ge=1, le=1000),
    "guidance_scale": Field(ge=0, le=100),
    "width": SIDE,
    "height": SIDE,
    "seed": Field(ge=0, le=MAX_SEED),
    "strength": FRACTION,
}
"""Settings outside of these bounds are refused; the bounds of a model are checked when it draws."""


@dataclass(frozen=True)
class RestoredPicture:
    """The settings of a picture, restored from its PNG file."""

    settings: PictureSettings
    init_image_lost: bool
    """Whether the initial image is no longer inside, because another program dropped it, so that it has to be given again."""


def png_bytes(picture: Picture) -> bytes:
    """Encode the picture as a PNG file that `options_from_png` and other tools can read."""
    chunks = PngInfo()
    chunks.add_text(A1111_KEYWORD, a1111_parameters(picture.settings))
    chunks.add_text(OWN_KEYWORD, _encodable(_as_json(picture.settings)))
    if picture.settings.init_image is not None:
        chunks.add(INIT_IMAGE_CHUNK, _as_png(picture.settings.init_image))
    return _as_png(picture.image, chunks)


def options_from_png(source: Source, isolation: Isolation = NoIsolation()) -> PictureOptions:
    """Return the options that draw the picture again, from the content of a PNG file or its path.

    Raises:
        InvalidPictureFile: it is no PNG, none of ours, broken, of another version, or without its initial image; says which.
        WorkerFailed: reading it ended the worker.
    """
    restored = picture_from_png(source, isolation)
    if restored.init_image_lost:
        raise InvalidPictureFile("its initial image was taken out")
    return restored.settings.options()


def picture_from_png(source: Source, isolation: Isolation = NoIsolation()) -> RestoredPicture:
    """Restore the settings of a picture from the content of its PNG file or its path.

    Raises:
        InvalidPictureFile: it is no PNG, none of ours, broken, or of another version; says which.
        WorkerFailed: reading it ended the worker.
    """
    found = read_png_texts(source, isolation)
    text = found.texts.get(OWN_KEYWORD)
    if text is None:
        raise InvalidPictureFile("there are no settings inside that this app can read")
    try:
        stored: Any = STORED.model_validate_json(text)
    except ValidationError as error:
        raise InvalidPictureFile(_first_error(error)) from None
    settings = PictureSettings(**dict(stored.settings), init_image=None)
    if settings.start >= settings.end:
        raise InvalidPictureFile("its segment of the clip ends before it begins")
    if not stored.init_image_hash or not found.has_init_image:
        return RestoredPicture(settings, init_image_lost=bool(stored.init_image_hash))
    init_image = read_init_image_chunk(source, (settings.width, settings.height), isolation)
    if image_hash(init_image) != stored.init_image_hash:
        raise InvalidPictureFile("its initial image is damaged")
    return RestoredPicture(replace(settings, init_image=init_image), init_image_lost=False)


def foreign_settings_from_png(source: Source, isolation: Isolation = NoIsolation()) -> ForeignSettings | None:
    """Return the settings that another tool wrote into a PNG file; None if the file has settings of ours, or none at all.

    Raises:
        InvalidPictureFile: it is no PNG, or broken; says which.
        WorkerFailed: reading it ended the worker.
    """
    texts = read_png_texts(source, isolation).texts
    return None if OWN_KEYWORD in texts else foreign_settings(texts)


def image_hash(image: Image.Image) -> str:
    """Return BLAKE2b over size and RGB pixels, 32 hex digits."""
    digest = hashlib.blake2b(repr(image.size).encode(), digest_size=16)
    digest.update(image.convert("RGB").tobytes())
    return digest.hexdigest()


def a1111_parameters(settings: PictureSettings) -> str:
    """Format the settings as AUTOMATIC1111's web UI does: the prompt, the negative prompt, a line of names and values.

    A picture of audio alone has no prompt; the concepts of the audio take its place.
    """
    sound = f"the sound of {', '.join(settings.concepts)}" if settings.concepts else "the sound"
    prompt = ", ".join(filter(None, (settings.prompt or sound, settings.extra_prompt, settings.style)))
    values = {
        "Steps": settings.steps,
        "Sampler": A1111_SAMPLERS.get(settings.scheduler, settings.scheduler),
        "CFG scale": f"{settings.guidance_scale:g}",
        "Seed": settings.seed,
        "Size": f"{settings.width}x{settings.height}",
        "Model": settings.model,
        "Denoising strength": f"{settings.strength:g}" if settings.init_image is not None else "",
        "Version": APP_NAME,
    }
    lines = [_one_line(prompt)]
    if settings.negative_prompt:
        lines.append(f"Negative prompt: {_one_line(settings.negative_prompt)}")
    lines.append(", ".join(f"{name}: {value}" for name, value in values.items() if value != ""))
    return "\n".join(lines)


# ---- the JSON


def _stored_model() -> type[BaseModel]:
    """Build the model of the JSON: every field of `PictureSettings` but the initial image, with its type and its bounds."""
    hints = get_type_hints(PictureSettings)
    names = [field.name for field in fields(PictureSettings) if field.name != "init_image"]
    bounded: dict[str, Any] = {name: (Annotated[hints[name], BOUNDS.get(name, Field())], ...) for name in names}
    return create_model("Settings", __config__=STRICT, **bounded)


STORED = create_model(
    "Stored",
    __config__=STRICT,
    settings=(_stored_model(), ...),
    init_image_hash=(Annotated[str, Field(pattern="^([0-9a-f]{32})?$")], ...),
)


def _as_json(settings: PictureSettings) -> str:
    values = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name != "init_image"}
    init_image = settings.init_image
    stored = {"settings": values, "init_image_hash": "" if init_image is None else image_hash(init_image)}
    return json.dumps(stored, ensure_ascii=False, allow_nan=False)


def _first_error(error: ValidationError) -> str:
    """Describe the first error without quoting the file."""
    first, *_ = error.errors(include_url=False, include_context=False, include_input=False)
    if first["type"] == "json_invalid":
        return "its settings are damaged"
    name = ".".join(str(part) for part in first["loc"][:2])[:60]
    if first["type"] in ("extra_forbidden", "missing"):
        return f"another version made it: {name!r} is {'unknown' if first['type'] == 'extra_forbidden' else 'missing'}"
    return f"{name!r} has an impossible value"


# ---- the file


def _as_png(image: Image.Image, chunks: PngInfo | None = None) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def _one_line(text: str) -> str:
    return _encodable(" ".join(text.split()))


def _encodable(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode("utf-8")
