"""Settings that come back from a PNG file: into the controls, as far as their models are within reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from components.page.markup import failure_markup
from components.page.user_errors import sentence_for
from components.pictures import labels
from components.pictures.controls import FIELDS, values_of
from components.pictures.markup import foreign_markup
from models.model_catalog import ModelCatalog
from models.specs.model_spec import AUTO, Task
from pipelines.isolation.isolation import Isolation
from pipelines.pictures.foreign_metadata import ForeignSettings
from pipelines.pictures.options import PictureOptions
from pipelines.pictures.png_metadata import foreign_settings_from_png, picture_from_png
from pipelines.wording.grammar import listed

RESTORED = f'<p class="summary">{labels.RESTORED}</p>'
MODEL_FIELDS: dict[str, Task] = {"model": "draw_pictures", "aligner": "align_audio"}
"""Fields of the options that name a model, and its task."""


def restored_values(path: str | None, catalog: ModelCatalog, isolation: Isolation) -> list[Any]:
    """Return the controls' values from the picture's settings, which `isolation` reads, then a message."""
    try:
        if path is None:
            return [gr.skip()] * (len(FIELDS) + 1)
        foreign = foreign_settings_from_png(path, isolation)
        if foreign is not None:
            return _foreign_values(foreign)
        restored = picture_from_png(path, isolation)
    except Exception as error:
        return [*[gr.skip()] * len(FIELDS), failure_markup(sentence_for(error))]
    options, missing = within_reach(restored.settings.options(), catalog)
    message = failure_markup(labels.INIT_IMAGE_LOST) if restored.init_image_lost else RESTORED
    return [*values_of(options), failure_markup(labels.MODEL_LOST.format(models=missing)) if missing else message]


def within_reach(options: PictureOptions, catalog: ModelCatalog) -> tuple[PictureOptions, str]:
    """Return the options with 'auto' for each model that is out of reach, and the titles of these models in words."""
    missing = {
        name: one.spec.title
        for name, task in MODEL_FIELDS.items()
        for one in catalog.reach(task)
        if one.obstacle and one.spec.key == getattr(options, name)
    }
    return replace(options, **dict.fromkeys(missing, AUTO)), listed(list(missing.values()))  # type: ignore[arg-type]


def _foreign_values(foreign: ForeignSettings) -> list[Any]:
    """Return the values of the controls that a file of another tool sets, the others left as they are, then a message."""
    found = values_of(PictureOptions(**foreign.values, audio_weight=0.0))
    # Other tools draw from text: the prompt would have no effect on a picture of sound alone.
    names = (*foreign.values, *(["audio_weight"] if foreign.prompt else []))
    values = [value if name in names else gr.skip() for name, value in zip(FIELDS, found, strict=True)]
    return [*values, foreign_markup(foreign)]
