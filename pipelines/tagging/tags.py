"""What sound taggers answer: options and tags over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from models.arrays import FloatArray
from models.specs.model_spec import AUTO
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import fields_of
from pipelines.tagging.audioset import Tag, best_names, class_tree, tree_of
from pipelines.tagging.patch_scores import check_patches, check_scores
from pipelines.tagging.tag_heatmap import MAX_ROWS, TagHeatmap, peak_scores, tag_heatmap

MIN_CLIP_SCORE = 0.01
"""Score below which a class is not among the tags of a clip."""
MAX_CLASSES = 1000
"""AudioSet has 632 classes; its models know 521 and 527."""
MIN_ROW_SCORE = 0.05
"""Peak score from which a sound has a row in a heatmap; below, the row would be blank."""


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
    hop_seconds: float = field(kw_only=True)
    """Time from one patch to the next."""
    patch_seconds: float = field(kw_only=True)
    position: float = 0.0
    """Progress of the job, in seconds of the clip."""
    classes: tuple[str, ...] = field(default_factory=lambda: class_tree().names)
    """Names of the columns of `scores`, as the model has them."""
    state: Literal["loading", "tagging", "done", "stopped"] = field(default="loading", kw_only=True)

    def check(self) -> None:
        """Check that the parts agree, where they may be a stranger's.

        Raises:
            ValueError: they do not.
        """
        check_patches(self.times, self.hop_seconds, self.patch_seconds, self.duration)
        check_scores(self.scores, (len(self.times), len(self.classes)))
        named = {tag.name for tag in self.top}
        if len(self.classes) > MAX_CLASSES or not named <= set(self.classes) or len(named) < len(self.top):
            raise ValueError("the classes are those of no model")

    def heatmap(self, rows: int = MAX_ROWS) -> TagHeatmap:
        """Return the heatmap of the strongest sounds, at most `rows`; of a class and its descendants only one."""
        peaks = peak_scores(self.scores)
        named = best_names(peaks, rows, min_score=MIN_CLIP_SCORE, tree=tree_of(self.classes))
        columns = [column for column in (self.classes.index(tag.name) for tag in named) if peaks[column] >= MIN_ROW_SCORE]
        names = tuple(self.classes[column] for column in columns)
        return tag_heatmap(names, self.scores[:, columns], self.hop_seconds, self.patch_seconds)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, with the heatmap as `over_time` instead of the scores of all classes."""
        return {**fields_of(self, ("times", "scores", "classes")), "over_time": self.heatmap().to_dict()}
