"""All that was found in a clip as JSON: for the download, and for the API."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from components.transcription.files import APP_VERSION, FILES_FOLDER, safe_stem
from pipelines.clip.clip import AudioClip
from pipelines.description.description import ClipDescription
from pipelines.description.tag_heatmap import TagHeatmap, music_heatmap, sound_heatmap
from pipelines.music.music_tagging import MusicTags
from pipelines.tagging.sound_tagging import SoundTags

APP = "Audioscope"
VERSION = 1
DECIMALS = 4


def description_file(clip: AudioClip, description: ClipDescription) -> Path:
    """A file in the clip's folder, which goes with it."""
    folder = clip.directory / FILES_FOLDER / uuid4().hex
    folder.mkdir(parents=True)
    path = folder / f"{safe_stem(clip.name)}.json"
    document = {"app": APP, "app_version": APP_VERSION, "version": VERSION, "title": clip.name, **as_document(description)}
    path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")
    return path


def as_document(found: Any) -> Any:
    """Dataclasses as objects; of tags over time the rows that stand out; numbers with four decimals, null if not finite."""
    match found:
        case _ if is_dataclass(found) and not isinstance(found, type):
            return _of_dataclass(found)
        case dict():
            return {name: as_document(value) for name, value in found.items()}
        case tuple() | list():
            return [as_document(value) for value in found]
        case np.ndarray():
            return as_document(found.tolist())
        case np.floating() | float():
            return round(float(found), DECIMALS) if math.isfinite(found) else None
    return found


def _of_dataclass(found: Any) -> dict[str, Any]:
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    over_time = _over_time(found)
    if over_time is not None:
        values = {name: value for name, value in values.items() if not isinstance(value, np.ndarray) and name != "classes"}
        values["over_time"] = {field.name: getattr(over_time, field.name) for field in fields(over_time)}
    return {name: as_document(value) for name, value in values.items()}


def _over_time(found: Any) -> TagHeatmap | None:
    match found:
        case SoundTags():
            return sound_heatmap(found)
        case MusicTags():
            return music_heatmap(found, "instrument")
    return None
