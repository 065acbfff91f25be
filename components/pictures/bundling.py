"""Pictures on their way into a bundle and back to the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from components.page.downloads import new_files_folder
from components.pictures.files import DrawnPicture
from pipelines.bundle.contents import BundledPicture
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.pictures.png_metadata import picture_from_png


def bundled_pictures(drawn: Sequence[DrawnPicture]) -> tuple[BundledPicture, ...]:
    """Return the pictures of the gallery with the content of their files; those whose file is gone are left out."""
    found = []
    for picture in drawn:
        with suppress(FileNotFoundError):
            content = Path(picture.path).read_bytes()
            settings = picture_from_png(content).settings
            found.append(BundledPicture(content, picture.seed, picture.words, settings.start, settings.end))
    return tuple(found)


def unbundled_pictures(clip: AudioClip, pictures: Sequence[BundledPicture]) -> tuple[DrawnPicture, ...]:
    """Write the PNG files of a bundle to the clip's folder."""
    drawn = []
    for picture in pictures:
        path = new_files_folder(clip) / f"{safe_stem(clip.name)} {picture.seed}.png"
        path.write_bytes(picture.content)
        settings = picture_from_png(picture.content).settings
        drawn.append(DrawnPicture(str(path), picture.seed, picture.words, settings.width, settings.height))
    return tuple(drawn)
