"""A transcription as files to take home."""

from __future__ import annotations

import re
from uuid import uuid4

import gradio as gr

from pipelines.clip.clip import AudioClip
from pipelines.subtitles.formats import FORMATS, Subtitles

FILES_FOLDER = "files"
APP_VERSION = "0.1.0"
UNSAFE_IN_NAMES = re.compile(r'[\x00-\x1f/\\:*?"<>|]+')
LONGEST_NAME = 80


def build_download_buttons() -> list[gr.DownloadButton]:
    """One button a format, of no use until there is something to take."""
    return [gr.DownloadButton(name, interactive=False, min_width=0, size="sm") for name in FORMATS]


def no_downloads() -> list[gr.DownloadButton]:
    """The buttons while there is nothing to take."""
    return [gr.DownloadButton(value=None, interactive=False) for _ in FORMATS]


def safe_stem(name: str) -> str:
    """The name of a file without its ending and without what a file system might not like."""
    return UNSAFE_IN_NAMES.sub(" ", name.rsplit(".", 1)[0]).strip(" .")[:LONGEST_NAME] or "clip"


def downloads_of(clip: AudioClip, subtitles: Subtitles) -> list[gr.DownloadButton]:
    """The buttons with files behind them. The files lie in the clip's folder and go with it."""
    folder = clip.directory / FILES_FOLDER / uuid4().hex
    folder.mkdir(parents=True)
    stem = safe_stem(clip.name)
    buttons = []
    for file_format in FORMATS.values():
        path = folder / f"{stem}{file_format.ending}"
        path.write_bytes(file_format.encode(subtitles))
        buttons.append(gr.DownloadButton(value=str(path), interactive=True))
    return buttons
