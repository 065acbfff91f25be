"""Results as JSON documents."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from pipelines.description.tag_heatmap import TagHeatmap, music_heatmap, sound_heatmap
from pipelines.music.tags.tag_fusion import MusicTags
from pipelines.tagging.tags import SoundTags

DECIMALS = 4


def as_document(found: Any) -> Any:
    """Return `found` as JSON values: dataclasses as objects, tags over time as heatmaps, floats with four decimals or null."""
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
