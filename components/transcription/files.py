"""A transcription as files to take home."""

from __future__ import annotations

from uuid import uuid4

import gradio as gr

from components.page.downloads import FILES_FOLDER, safe_stem
from pipelines.clip.clip import AudioClip
from pipelines.subtitles.formats import FORMATS, Subtitles


def build_download_buttons() -> list[gr.DownloadButton]:
    """One button a format, of no use until there is something to take."""
    return [gr.DownloadButton(name, interactive=False, min_width=0, size="sm") for name in FORMATS]


def no_downloads() -> list[gr.DownloadButton]:
    """The buttons while there is nothing to take."""
    return [gr.DownloadButton(value=None, interactive=False) for _ in FORMATS]


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
