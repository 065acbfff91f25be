"""What sound taggers answer: options and tags over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from models.arrays import FloatArray
from models.specs.model_spec import AUTO
from pipelines.jobs.model_use import ModelUse
from pipelines.tagging.audioset import Tag, class_tree
from pipelines.tagging.yamnet import PATCH_HOP_SECONDS, PATCH_SECONDS


@dataclass(frozen=True)
class TagOptions:
    """Options of `tag_sounds`."""

    model: str = AUTO
    """'auto' or a key of the catalogue."""
    names: int = 5
    """Maximum number of tags of the clip."""


@dataclass(frozen=True, eq=False)
class SoundTags(ModelUse):
    """The scores so far; the last one of a run is the result."""

    duration: float
    """Duration of the clip in seconds."""
    times: FloatArray
    """[patches], start of each patch in seconds; a patch lasts `patch_seconds`."""
    scores: FloatArray
    """[patches, classes], 0 to 1; the columns are `classes`."""
    top: tuple[Tag, ...] = ()
    """Tags of the whole clip, best first; filled when the job is done."""
    hop_seconds: float = PATCH_HOP_SECONDS
    patch_seconds: float = PATCH_SECONDS
    position: float = 0.0
    """Progress of the job, in seconds of the clip."""
    classes: tuple[str, ...] = field(default_factory=lambda: class_tree().names)
    """Names of the columns of `scores`, as the model has them."""
    state: Literal["loading", "tagging", "done", "stopped"] = field(default="loading", kw_only=True)
