"""Words that a person chooses, sought in a clip by a model that compares texts with sounds, or else by labels of like meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from models.errors import NoModelFits
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.questions.label_matching import MatchedLabels, match_labels
from pipelines.tagging.zero_shot import WORKING_BYTES, LabelOptions, LabelScores, score_labels

BY_MEANING = "by-meaning"
"""The choice instead of a model: the taggers' labels of like meaning."""


def find_words(
    clip: AudioClip,
    words: tuple[str, ...],
    options: LabelOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> Iterator[LabelScores | MatchedLabels]:
    """Yield how well words fit a clip, as `score_labels` does, or as `match_labels` does.

    Args:
        clip: the audio.
        words: words or short descriptions.
        options: a key of the catalogue, `BY_MEANING`, or 'auto', which takes the labels only where no model is within reach.
        runtime: catalogue, models and feature store.
        should_stop: asked for every step.

    Raises:
        InvalidOption, ModelError: see both.
    """
    if options.model == BY_MEANING or (options.model == AUTO and not _can_compare(runtime.catalog)):
        return match_labels(clip, words, runtime, should_stop)
    return score_labels(clip, words, options, runtime, should_stop)


def _can_compare(catalog: ModelCatalog) -> bool:
    """Return whether a model that compares texts with sounds is within reach."""
    try:
        catalog.choose("zero_shot_tags", AUTO, WORKING_BYTES)
    except NoModelFits:
        return False
    return True
