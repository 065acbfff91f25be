"""Download buttons for a transcription, one per format."""

from __future__ import annotations

import gradio as gr

from components.page.downloads import new_files_folder
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.subtitles.formats import FORMATS, Subtitles


def build_download_buttons() -> list[gr.DownloadButton]:
    """Build a button for each format, disabled until there is a transcription."""
    return [gr.DownloadButton(name, interactive=False, min_width=0, size="sm") for name in FORMATS]


def no_downloads() -> list[gr.DownloadButton]:
    """Return the buttons without files."""
    return [gr.DownloadButton(value=None, interactive=False) for _ in FORMATS]


def downloads_of(clip: AudioClip, subtitles: Subtitles) -> list[gr.DownloadButton]:
    """Write the files into the clip's folder, with which they are deleted, and return the buttons."""
    folder = new_files_folder(clip)
    stem = safe_stem(clip.name)
    buttons = []
    for file_format in FORMATS.values():
        path = folder / f"{stem}{file_format.ending}"
        path.write_bytes(file_format.encode(subtitles))
        buttons.append(gr.DownloadButton(value=str(path), interactive=True))
    return buttons
