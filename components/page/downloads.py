"""Folders of files for download."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from pipelines.clip.clip import AudioClip

FILES_FOLDER = "files"


def new_files_folder(clip: AudioClip) -> Path:
    """Make a folder in the clip's folder, with which it is deleted."""
    folder = clip.directory / FILES_FOLDER / uuid4().hex
    folder.mkdir(parents=True)
    return folder


def as_file_data(path: Path) -> dict[str, Any]:
    """Return a file as the API sends it."""
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}
