"""The description of a clip as a JSON file."""

from __future__ import annotations

import json
from pathlib import Path

from components.page.downloads import new_files_folder
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.description.description import ClipDescription, description_document


def description_file(clip: AudioClip, description: ClipDescription) -> Path:
    """Write the description to a file in the clip's folder, which is deleted with the clip."""
    folder = new_files_folder(clip)
    path = folder / f"{safe_stem(clip.name)}.json"
    text = json.dumps(description_document(clip, description), ensure_ascii=False, allow_nan=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    return path
