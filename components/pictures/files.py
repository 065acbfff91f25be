"""Pictures, walks and previews as the page gets them: files in the clip's folder, which go with it, and data URLs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from components.page.downloads import new_files_folder
from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import png_bytes

PREVIEW_QUALITY = 80
THUMBNAIL_PIXELS = 96
PICTURE_FORMATS = ("PNG", "JPEG", "WEBP")
ACCEPTED_PICTURES = "an uploaded PNG, JPEG or WebP picture"


@dataclass(frozen=True, eq=False)
class KeptPicture:
    """A picture and the PNG file that holds it with its settings."""

    picture: Picture
    path: Path

    @property
    def url(self) -> str:
        """Where the browser finds the file."""
        return file_url(self.path)


def keep_pictures(clip: AudioClip, pictures: tuple[Picture, ...]) -> tuple[KeptPicture, ...]:
    """Write one PNG for each picture, named after the clip and the seed."""
    kept = []
    for picture in pictures:
        path = new_files_folder(clip) / f"{safe_stem(clip.name)} {picture.seed}.png"
        path.write_bytes(png_bytes(picture))
        kept.append(KeptPicture(picture, path))
    return tuple(kept)


def open_picture(file: object, folder: Path) -> Image.Image:
    """The RGB picture that an API caller uploaded to `folder`; `file` is what arrived, if all is well a FileData as a dict.

    Raises:
        InvalidOption: it is no picture that was uploaded.
    """
    path = Path(file["path"]).resolve() if isinstance(file, dict) and isinstance(file.get("path"), str) else None
    if path is None or not path.is_relative_to(folder.resolve()):
        raise InvalidOption("start_picture", "something else", ACCEPTED_PICTURES)
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InvalidOption("start_picture", path.name, ACCEPTED_PICTURES) from None


def file_url(path: Path) -> str:
    """The address of a file that Gradio may serve."""
    return "gradio_api/file=" + quote(str(path))


def preview_url(image: Image.Image) -> str:
    """A picture that nobody keeps, inside its own address."""
    return _data_url(image)


def thumbnail_url(image: Image.Image) -> str:
    """A small version for the timeline."""
    small = image.copy()
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    return _data_url(small)


def _data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=PREVIEW_QUALITY)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
