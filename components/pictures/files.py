"""Pictures, films and previews for the page: files in the clip's folder, which are deleted with it, and data URLs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import gradio as gr
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder
from PIL import Image

from components.page.downloads import new_files_folder
from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.isolation.isolation import Isolation
from pipelines.pictures.init_image import read_init_image
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import png_bytes

PREVIEW_QUALITY = 80
THUMBNAIL_PIXELS = 96


@dataclass(frozen=True, eq=False)
class KeptPicture:
    """A picture and its PNG file, which has the settings inside."""

    picture: Picture
    path: Path

    @property
    def url(self) -> str:
        """The address of the file."""
        return file_url(self.path)


@dataclass(frozen=True)
class DrawnPicture:
    """What the gallery shows of a picture; the file has the rest."""

    path: str
    """Its PNG file, in the folder of the clip."""
    seed: int
    words: str
    """Prompt, first concept and style, for those who do not see it."""
    width: int
    """Pixels."""
    height: int


def drawn_picture(kept: KeptPicture) -> DrawnPicture:
    """Return what the gallery shows of a picture."""
    picture, settings = kept.picture, kept.picture.settings
    words = (text for text in (settings.prompt or "", *settings.concepts[:1], settings.extra_prompt, settings.style) if text)
    return DrawnPicture(str(kept.path), picture.seed, ", ".join(words), *picture.image.size)


def keep_pictures(clip: AudioClip, pictures: tuple[Picture, ...]) -> tuple[KeptPicture, ...]:
    """Write one PNG for each picture, named after the clip and the seed."""
    kept = []
    for picture in pictures:
        path = new_files_folder(clip) / f"{safe_stem(clip.name)} {picture.seed}.png"
        path.write_bytes(png_bytes(picture))
        kept.append(KeptPicture(picture, path))
    return tuple(kept)


def open_init_image(file: object, isolation: Isolation) -> Image.Image:
    """Open the image that was uploaded, as RGB; see `flatten_image`.

    Args:
        file: what the page or an API caller sent, a FileData as a dict.
        isolation: where the file is read.

    Raises:
        InvalidOption: it is no file in the folder of uploads.
        InvalidInitImage, WorkerFailed: see `read_init_image`.
    """
    path = Path(file["path"]).resolve() if isinstance(file, dict) and isinstance(file.get("path"), str) else None
    if path is None or not path.is_relative_to(Path(get_upload_folder()).resolve()):
        raise InvalidOption("init_image", "something else", "an uploaded image")
    return read_init_image(path, isolation)


def read_in_workers(component: gr.Image, isolation: Isolation) -> None:
    """Let handlers get the image of `component` as `open_init_image` reads it: Gradio would decode it in this process."""

    def preprocess(payload: ImageData | None) -> Image.Image | None:
        return open_init_image({"path": payload.path}, isolation) if payload else None

    component.preprocess = preprocess


def file_url(path: Path) -> str:
    """Return the address of a file that Gradio may serve."""
    return "gradio_api/file=" + quote(str(path))


def preview_url(image: Image.Image) -> str:
    """Return an image as a data URL."""
    return _data_url(image)


def thumbnail_url(image: Image.Image) -> str:
    """Return a thumbnail for the timeline as a data URL."""
    small = image.copy()
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    return _data_url(small)


def _data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=PREVIEW_QUALITY)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
