"""The values of the controls stand for options, and options for values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from components.page.model_choices import ModelChoices
from components.pictures.controls import (
    FIELDS,
    Drawn,
    build_picture_controls,
    components_of,
    options_of,
    style_choices,
    values_of,
)
from models.errors import InvalidOption
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.image import IMAGE_MODELS
from models.specs.model_spec import AUTO
from pipelines.pictures.options import PictureOptions
from tests.models.fakes import FakeFiles

OPTIONS = PictureOptions(
    model="tiny-diffusion",
    audio_weight=0.35,
    prompt="dog barking",
    extra_prompt="in the snow",
    style="flat style",
    start=1.25,
    end=3.5,
    steps=9,
    guidance_scale=2.5,
    width=128,
    height=96,
    scheduler="DDIM",
    seed=4_294_967_295,
    pictures=3,
    fast=True,
)
"""Differs from the usual in most fields."""


@pytest.fixture
def catalog() -> ModelCatalog:
    return ModelCatalog(FakeFiles(), "cpu", lambda: 10**12, IMAGE_MODELS)  # type: ignore[arg-type]


def values(**changed: Any) -> tuple[Any, ...]:
    """What the untouched controls give, with changes."""
    usual = dict(zip(FIELDS, values_of(PictureOptions()), strict=True))
    return tuple((usual | changed).values())


def test_every_option_has_a_control_and_comes_back() -> None:
    assert set(FIELDS) == set(PictureOptions.__dataclass_fields__)
    assert options_of(tuple(values_of(OPTIONS))) == OPTIONS
    assert options_of(values()) == PictureOptions()


def test_the_untouched_page_stands_for_the_usual_options(catalog: ModelCatalog) -> None:
    nothing: Any = None
    runtime = ModelRuntime(catalog, nothing, nothing)
    with gr.Blocks():
        controls, _, run = build_picture_controls(runtime, ModelChoices(), gr.State(Drawn()))
    assert run.estimate is None  # nothing off ZeroGPU
    assert options_of(tuple(component.value for component in components_of(controls))) == PictureOptions()


def test_a_prompt_that_was_written_is_written_anew_and_an_edited_one_is_kept() -> None:
    assert options_of(values(prompt="dog barking"), written="dog barking").prompt is None
    assert options_of(values(prompt=" dog barking, cat"), written="dog barking").prompt == "dog barking, cat"
    assert options_of(values(prompt="  ")).prompt is None


def test_numbers_are_read_as_people_write_them() -> None:
    assert options_of(values(start=" 1,5 ", seed="0")) == replace(PictureOptions(), start=1.5, seed=0)
    with pytest.raises(InvalidOption, match="steps cannot be 'many': it takes a whole number"):
        options_of(values(steps="many"))
    with pytest.raises(InvalidOption, match="guidance_scale cannot be 'x'"):
        options_of(values(guidance_scale="x"))


def test_styles_are_those_of_the_model(catalog: ModelCatalog) -> None:
    named = [name for _, name in style_choices(catalog, "tiny-diffusion")]
    assert named == ["", "shaded style", "flat style"]
    assert style_choices(catalog, AUTO) == style_choices(catalog, "tiny-diffusion")  # without a GPU nothing else is taken
    assert ("watercolour", "watercolour") in style_choices(catalog, "stable-diffusion-2-1")
