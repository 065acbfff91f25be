"""The controls of the tab that draws, and the options that they set."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from components.page.gpu_estimate import build_gpu_estimate
from components.page.model_choices import ModelChoices, titled, within_reach
from components.pictures import labels
from components.pictures.files import DrawnPicture
from components.pictures.hints import build_hint, connect_hints
from models.errors import InvalidOption
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.image import drawing_defaults
from models.specs.model_spec import AUTO, ModelSpec
from pipelines.film.storyboard_types import Storyboard
from pipelines.pictures.options import MAX_TEXT_CHARACTERS, SCHEDULERS, PictureOptions

DEFAULTS = PictureOptions()
MAX_OFFERED_PICTURES = 8
MAX_GALLERY = 60
"""Pictures of a clip that the page keeps; their files stay."""
WEIGHT_ENDS = f'<p class="ends"><span>{labels.TEXT_END}</span><span>{labels.SOUND_END}</span></p>'


@dataclass(frozen=True)
class PictureControls:
    """One component for each field of `PictureOptions`, of the same name, and the buttons beside them."""

    model: gr.Dropdown
    audio_weight: gr.Slider
    prompt: gr.Textbox
    extra_prompt: gr.Textbox
    style: gr.Dropdown
    pictures: gr.Dropdown
    seed: gr.Textbox
    start: gr.Textbox
    end: gr.Textbox
    audio_guidance: gr.Slider
    negative_prompt: gr.Textbox
    steps: gr.Textbox
    guidance_scale: gr.Textbox
    width: gr.Textbox
    height: gr.Textbox
    scheduler: gr.Dropdown
    fast: gr.Checkbox
    aligner: gr.Dropdown
    init_image: gr.Image
    strength: gr.Slider
    preview_every: gr.Slider


TEXTS = ("extra_prompt", "negative_prompt", "style")
NUMBERS: dict[str, type[int] | type[float]] = {
    "seed": int,
    "start": float,
    "end": float,
    "steps": int,
    "guidance_scale": float,
    "width": int,
    "height": int,
}
"""Controls that take a number or nothing."""
FIELDS = tuple(field.name for field in fields(PictureControls))


@dataclass(frozen=True)
class PictureButtons:
    """Small buttons beside the controls, the upload of a picture whose settings are restored, and the hints below uploads."""

    rewrite_prompt: gr.Button
    reuse_seed: gr.Button
    random_seed: gr.Button
    use_loop: gr.Button
    find_window: gr.Button
    reset: gr.Button
    restore: gr.File
    restore_hint: gr.HTML
    image_hint: gr.HTML


@dataclass(frozen=True)
class RunButtons:
    """The buttons that start a job, and the one that stops it."""

    draw: gr.Button
    storyboard: gr.Button
    stop: gr.Button
    estimate: gr.HTML | None
    """Estimated GPU time; None where there is no ZeroGPU."""


@dataclass(frozen=True)
class Drawn:
    """The last run, as the page remembers it."""

    clip_hash: str = ""
    prompt: str = ""
    """Prompt that was written from the clip; while the box still holds it, it is rewritten for another clip or segment."""
    drawn_prompt: str = ""
    """The same where a drawing wrote it, not the button; empty otherwise."""
    seed: int | None = None
    pictures: tuple[DrawnPicture, ...] = ()
    """All pictures that were drawn of the clip, the latest `MAX_GALLERY`, oldest first."""


def build_picture_controls(
    runtime: ModelRuntime, model_choices: ModelChoices, drawn: gr.State
) -> tuple[PictureControls, PictureButtons, RunButtons]:
    """Build the controls that most people need, the buttons that start and stop a job, and the rest folded away."""
    catalog = runtime.catalog
    prompt, prompt_hints, rewrite_prompt = _build_prompt(catalog)
    run_buttons = _build_run_buttons(runtime)
    seeds, random_seed, reuse_seed = _build_seed(min(MAX_OFFERED_PICTURES, runtime.outputs.pictures or MAX_OFFERED_PICTURES))
    model = model_choices.build(
        lambda: within_reach(catalog, "draw_pictures", titled), [(labels.AUTOMATIC, AUTO)], labels.MODEL, "picture-model"
    )
    segment, use_loop, find_window = _build_segment()
    with gr.Accordion(labels.ADVANCED, open=False):
        advanced, image_hint = _build_advanced(catalog, model_choices)
    texts = [prompt["prompt"], prompt["extra_prompt"]]
    connect_hints(catalog, [model, prompt["audio_weight"], *texts], drawn, prompt_hints)
    reset = gr.Button(labels.RESET, size="sm", min_width=0, elem_id="reset-settings")
    with gr.Accordion(labels.RESTORE, open=False):
        restore = gr.File(label=labels.RESTORE_FILE, height=120, elem_id="restore-settings")
        restore_hint = build_hint("restore-hint")
    controls = PictureControls(model=model, **prompt, **seeds, **segment, **advanced)
    buttons = PictureButtons(
        rewrite_prompt, reuse_seed, random_seed, use_loop, find_window, reset, restore, restore_hint, image_hint
    )
    return controls, buttons, run_buttons


def _build_prompt(catalog: ModelCatalog) -> tuple[dict[str, Any], list[gr.HTML], gr.Button]:
    """Build the controls of the prompt: (controls by field, hints below them, the button that rewrites the prompt)."""
    with gr.Column(elem_classes="weight", min_width=0):
        weight = gr.Slider(
            0.0, 1.0, value=DEFAULTS.audio_weight, step=0.05, label=labels.BASED_ON, elem_id="audio-weight", buttons=[]
        )
        gr.HTML(WEIGHT_ENDS, apply_default_css=False)
    with gr.Column(elem_classes="beside", min_width=0):
        prompt = gr.Textbox(
            label=labels.PROMPT,
            placeholder=labels.PROMPT_EXAMPLE,
            lines=4,
            max_lines=4,  # a prompt that the app writes while a person looks at the picture must not move it
            max_length=MAX_TEXT_CHARACTERS,
            elem_id="picture-prompt",
        )
        rewrite_prompt = gr.Button(labels.REWRITE_PROMPT, size="sm", min_width=0, elem_id="rewrite-prompt")
    prompt_hint = build_hint()
    extra = gr.Textbox(label=labels.EXTRA_PROMPT, max_length=MAX_TEXT_CHARACTERS, elem_id="extra-prompt")
    extra_hint = build_hint()
    style = gr.Dropdown(
        style_choices(catalog, AUTO), value="", label=labels.STYLE, allow_custom_value=True, elem_id="picture-style"
    )
    fields = {"audio_weight": weight, "prompt": prompt, "extra_prompt": extra, "style": style}
    return fields, [prompt_hint, extra_hint], rewrite_prompt


def _build_run_buttons(runtime: ModelRuntime) -> RunButtons:
    with gr.Row(elem_classes="actions"):
        draw = gr.Button(labels.DRAW, variant="primary", min_width=0, elem_id="draw")
        storyboard = gr.Button(labels.STORYBOARD, min_width=0, elem_id="draw-storyboard")
        stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-drawing")
    return RunButtons(draw, storyboard, stop, build_gpu_estimate(runtime))


def _build_seed(max_pictures: int) -> tuple[dict[str, Any], gr.Button, gr.Button]:
    """Build number of pictures and seed: (controls by field, random, reuse)."""
    with gr.Row(elem_classes="pair"):
        pictures = gr.Dropdown(list(range(1, max_pictures + 1)), value=1, label=labels.PICTURES, min_width=60, scale=1)
        with gr.Column(elem_classes="beside", min_width=100, scale=2):
            seed = _optional(labels.SEED, labels.RANDOM, "picture-seed")
            with gr.Row(elem_classes="actions"):
                random_seed = gr.Button(labels.RANDOM, size="sm", min_width=0, elem_id="random-seed")
                reuse_seed = gr.Button(labels.REUSE, size="sm", min_width=0, elem_id="reuse-seed")
    return {"pictures": pictures, "seed": seed}, random_seed, reuse_seed


def _build_segment() -> tuple[dict[str, Any], gr.Button, gr.Button]:
    """Build the choice of the segment: (controls by field, use loop, automatic)."""
    with gr.Accordion(labels.SEGMENT, open=False):
        with gr.Row(elem_classes="pair"):
            start = _optional(labels.SEGMENT_START, labels.AUTOMATIC, "segment-start")
            end = _optional(labels.SEGMENT_END, labels.AUTOMATIC, "segment-end")
        with gr.Row(elem_classes="actions"):
            use_loop = gr.Button(labels.USE_LOOP, size="sm", min_width=0, elem_id="picture-loop")
            find_window = gr.Button(labels.FIND_SEGMENT, size="sm", min_width=0)
    return {"start": start, "end": end}, use_loop, find_window


def _build_advanced(catalog: ModelCatalog, model_choices: ModelChoices) -> tuple[dict[str, Any], gr.HTML]:
    """Build the controls of sampling and of the initial image, by field, and the hint below the image."""
    fields: dict[str, Any] = {}
    fields["negative_prompt"] = gr.Textbox(
        label=labels.NEGATIVE_PROMPT, max_length=MAX_TEXT_CHARACTERS, elem_id="negative-prompt"
    )
    with gr.Row(elem_classes="pair"):
        fields["steps"] = _optional(labels.STEPS, labels.MODEL_DEFAULT, "picture-steps")
        fields["guidance_scale"] = _optional(labels.GUIDANCE_SCALE, labels.MODEL_DEFAULT, "cfg-scale")
    with gr.Row(elem_classes="pair"):
        fields["width"], fields["height"] = (_optional(side, labels.MODEL_DEFAULT) for side in (labels.WIDTH, labels.HEIGHT))
    fields["scheduler"] = gr.Dropdown([(labels.MODEL_DEFAULT, ""), *SCHEDULERS], value="", label=labels.SCHEDULER)
    fields["fast"] = gr.Checkbox(False, label=labels.FAST)
    fields["aligner"] = model_choices.build(
        lambda: within_reach(catalog, "align_audio", titled), [(labels.AUTOMATIC, AUTO)], labels.ALIGNER
    )
    fields["audio_guidance"] = gr.Slider(0.0, 2.0, value=DEFAULTS.audio_guidance, step=0.05, label=labels.AUDIO_GUIDANCE)
    fields["init_image"] = gr.Image(
        label=labels.INIT_IMAGE,
        type="pil",
        image_mode=None,  # RGB would drop transparency and clip 16 bits
        format="png",
        sources=["upload", "clipboard"],
        height=170,
        elem_id="initial-image",
    )
    image_hint = build_hint("image-hint")
    fields["strength"] = gr.Slider(0.05, 1.0, value=DEFAULTS.strength, step=0.05, label=labels.CHANGE_STRENGTH)
    fields["preview_every"] = gr.Slider(
        0, 10, value=DEFAULTS.preview_every, step=1, label=labels.PREVIEW_EVERY, info=labels.PREVIEW_HINT
    )
    return fields, image_hint


def _optional(label: str, placeholder: str, elem_id: str | None = None) -> gr.Textbox:
    """Build a box for an optional number: gr.Number shows 0 where there is none."""
    return gr.Textbox(label=label, placeholder=placeholder, max_lines=1, max_length=20, min_width=80, elem_id=elem_id)


def components_of(controls: PictureControls) -> list[gr.components.Component]:
    """Return the components in the order in which `options_of` takes their values."""
    return [getattr(controls, name) for name in FIELDS]


def options_of(values: tuple[Any, ...], written: str = "") -> PictureOptions:
    """Return the options that the controls' values set; a prompt that equals the `written` one is written anew."""
    value = dict(zip(FIELDS, values, strict=True))
    prompt = (value["prompt"] or "").strip()
    texts = {name: (value[name] or "").strip() for name in TEXTS}
    numbers = {name: _number(name, value[name], kind) for name, kind in NUMBERS.items()}
    return PictureOptions(**{**value, **texts, **numbers, "prompt": None if prompt in ("", written) else prompt})


def values_of(options: PictureOptions) -> list[Any]:
    """Return the values of the controls that set `options`."""
    value = {name: getattr(options, name) for name in FIELDS}
    texts = {name: "" if value[name] is None else f"{value[name]}" for name in ("prompt", *NUMBERS)}
    return [texts.get(name, value[name]) for name in FIELDS]


def _number(name: str, text: str | None, kind: type[int] | type[float]) -> float | None:
    """Parse a number with a decimal point or comma; None for an empty text."""
    text = (text or "").strip().replace(",", ".")
    try:
        return kind(text) if text else None
    except ValueError:
        raise InvalidOption(name, text, "a whole number" if kind is int else "a number") from None


def style_choices(catalog: ModelCatalog, model: str) -> list[tuple[str, str]]:
    """Return the styles of a model; for 'auto' those of every model that it may choose here."""
    specs = [
        spec for spec in catalog.models("draw_pictures") if spec.key == model or (model == AUTO and _automatic(spec, catalog))
    ]
    names = dict.fromkeys(name for spec in specs for name in drawing_defaults(spec).styles)
    return [(labels.NO_STYLE, ""), *((name, name) for name in names)]


def _automatic(spec: ModelSpec, catalog: ModelCatalog) -> bool:
    return spec.quick_on_cpu or spec.place(catalog.device) != "cpu"


@dataclass(frozen=True)
class Made:
    """The storyboard that the page remembers."""

    clip_hash: str = ""
    board: Storyboard | None = None
    """Set when the job has ended, with all pictures that were drawn."""
