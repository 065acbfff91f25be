"""The controls of the tab that draws, and the options that they stand for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from components.pictures.hints import build_hint, connect_hints
from models.errors import InvalidOption
from models.model_catalog import AUTO, ModelCatalog
from models.specs.image import drawing_defaults
from models.specs.model_spec import ModelSpec, Task
from pipelines.pictures.options import SCHEDULERS, PictureOptions

DEFAULTS = PictureOptions()
MAX_PICTURES = 8
OWN = "its own"
FOUND = "found"
WRITTEN = "written from the clip, where they are needed"
OWN_WORDS = "what else is to be seen"
SHARE_ENDS = '<p class="ends"><span>words about it</span><span>the sound itself</span></p>'


@dataclass(frozen=True)
class PictureControls:
    """One component for each field of `PictureOptions`, of the same name, and the buttons beside them."""

    model: gr.Dropdown
    sound_share: gr.Slider
    prompt: gr.Textbox
    own_words: gr.Textbox
    style: gr.Dropdown
    pictures: gr.Dropdown
    seed: gr.Textbox
    start: gr.Textbox
    end: gr.Textbox
    sound_strength: gr.Slider
    negative_prompt: gr.Textbox
    steps: gr.Textbox
    guidance_scale: gr.Textbox
    width: gr.Textbox
    height: gr.Textbox
    scheduler: gr.Dropdown
    fast: gr.Checkbox
    aligner: gr.Dropdown
    start_picture: gr.Image
    start_picture_strength: gr.Slider
    preview_every: gr.Slider


TEXTS = ("own_words", "negative_prompt", "style")
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
    """Small buttons beside the controls, and the slot for a picture whose settings are wanted."""

    write_again: gr.Button
    last_seed: gr.Button
    random_seed: gr.Button
    use_loop: gr.Button
    find_window: gr.Button
    settings_of: gr.File


@dataclass(frozen=True)
class RunButtons:
    """What begins the work, and what ends it."""

    draw: gr.Button
    storyboard: gr.Button
    stop: gr.Button


@dataclass(frozen=True)
class Drawn:
    """What the page remembers of the last run."""

    clip_hash: str = ""
    prompt: str = ""
    """What was written from the clip; while the box still says so, it is written anew for another clip or part."""
    seed: int | None = None


def build_picture_controls(catalog: ModelCatalog) -> tuple[PictureControls, PictureButtons, RunButtons]:
    """What most people need, the buttons that begin and end the work, and the rest folded away."""
    with gr.Column(elem_classes="share", min_width=0):
        share = gr.Slider(0.0, 1.0, value=DEFAULTS.sound_share, step=0.05, label="Drawn from", elem_id="sound-share", buttons=[])
        gr.HTML(SHARE_ENDS, apply_default_css=False)
    with gr.Column(elem_classes="beside", min_width=0):
        prompt = gr.Textbox(
            label="Words about the sound", placeholder=WRITTEN, lines=2, max_length=1000, elem_id="picture-prompt"
        )
        write_again = gr.Button("Write again", size="sm", min_width=0, elem_id="write-prompt")
    prompt_hint = build_hint()
    own_words = gr.Textbox(label="Your own words", placeholder=OWN_WORDS, max_length=500, elem_id="own-words-of-picture")
    own_words_hint = build_hint()
    style = gr.Dropdown(style_choices(catalog, AUTO), value="", label="Style", allow_custom_value=True, elem_id="picture-style")
    run_buttons = _build_run_buttons()
    with gr.Row(elem_classes="pair"):
        pictures = gr.Dropdown(list(range(1, MAX_PICTURES + 1)), value=1, label="Pictures", min_width=60, scale=1)
        with gr.Column(elem_classes="beside", min_width=100, scale=2):
            seed = _optional("Seed", "random", "picture-seed")
            with gr.Row(elem_classes="actions"):
                random_seed = gr.Button("Random", size="sm", min_width=0, elem_id="random-seed")
                last_seed = gr.Button("Last", size="sm", min_width=0, elem_id="last-seed")
    model = gr.Dropdown(_choices(catalog, "draw_pictures"), value=AUTO, label="Drawn by", elem_id="picture-model")
    with gr.Accordion("Part of the sound", open=False):
        with gr.Row(elem_classes="pair"):
            start, end = _optional("From, seconds", FOUND, "heard-from"), _optional("To", FOUND, "heard-to")
        with gr.Row(elem_classes="actions"):
            use_loop = gr.Button("Use loop", size="sm", min_width=0, elem_id="picture-loop")
            find_window = gr.Button("Find it for me", size="sm", min_width=0)
    with gr.Accordion("More", open=False):
        strength = gr.Slider(0.0, 2.0, value=DEFAULTS.sound_strength, step=0.05, label="Strength of the sound")
        negative = gr.Textbox(label="Not in the picture", max_length=500)
        with gr.Row(elem_classes="pair"):
            steps, guidance = _optional("Steps", OWN, "picture-steps"), _optional("Guidance", OWN)
        with gr.Row(elem_classes="pair"):
            width, height = _optional("Width", OWN), _optional("Height", OWN)
        scheduler = gr.Dropdown([("The model's own", ""), *SCHEDULERS], value="", label="Scheduler")
        fast = gr.Checkbox(False, label="Fast: few steps")
        aligner = gr.Dropdown(_choices(catalog, "align_audio"), value=AUTO, label="Sound heard by")
        start_picture = gr.Image(
            label="Start from a picture",
            type="pil",
            image_mode="RGB",
            format="png",
            sources=["upload", "clipboard"],
            height=170,
            elem_id="start-picture",
        )
        start_strength = gr.Slider(0.05, 1.0, value=DEFAULTS.start_picture_strength, step=0.05, label="How much is drawn anew")
        preview_every = gr.Slider(0, 10, value=DEFAULTS.preview_every, step=1, label="Steps between previews (0: none)")
    connect_hints(catalog, [model, share, prompt, own_words], [prompt_hint, own_words_hint])
    with gr.Accordion("Settings of an earlier picture", open=False):
        settings_of = gr.File(label="A PNG that was made here", height=120, elem_id="settings-of")
    controls = PictureControls(
        model, share, prompt, own_words, style, pictures, seed, start, end, strength, negative, steps, guidance, width, height,
        scheduler, fast, aligner, start_picture, start_strength, preview_every,
    )  # fmt: skip
    return controls, PictureButtons(write_again, last_seed, random_seed, use_loop, find_window, settings_of), run_buttons


def _build_run_buttons() -> RunButtons:
    with gr.Row(elem_classes="actions"):
        draw = gr.Button("Draw", variant="primary", min_width=0, elem_id="draw")
        storyboard = gr.Button("Storyboard", min_width=0, elem_id="draw-storyboard")
        stop = gr.Button("Stop", interactive=False, min_width=0, elem_id="stop-drawing")
    return RunButtons(draw, storyboard, stop)


def _optional(label: str, placeholder: str, elem_id: str | None = None) -> gr.Textbox:
    """For a number or nothing: gr.Number shows 0 for nothing."""
    return gr.Textbox(label=label, placeholder=placeholder, max_lines=1, max_length=20, min_width=80, elem_id=elem_id)


def components_of(controls: PictureControls) -> list[gr.components.Component]:
    """In the order in which `options_of` takes their values."""
    return [getattr(controls, name) for name in FIELDS]


def options_of(values: tuple[Any, ...], written: str = "") -> PictureOptions:
    """What the values stand for; a prompt that still is the one `written` from the clip is written anew."""
    value = dict(zip(FIELDS, values, strict=True))
    prompt = (value["prompt"] or "").strip()
    texts = {name: (value[name] or "").strip() for name in TEXTS}
    numbers = {name: _number(name, value[name], kind) for name, kind in NUMBERS.items()}
    return PictureOptions(**{**value, **texts, **numbers, "prompt": None if prompt in ("", written) else prompt})


def values_of(options: PictureOptions) -> list[Any]:
    """The values of the controls that stand for `options`."""
    value = {name: getattr(options, name) for name in FIELDS}
    texts = {name: "" if value[name] is None else f"{value[name]}" for name in ("prompt", *NUMBERS)}
    return [texts.get(name, value[name]) for name in FIELDS]


def _number(name: str, text: str | None, kind: type[int] | type[float]) -> float | None:
    """None for nothing; a comma may stand for the decimal point."""
    text = (text or "").strip().replace(",", ".")
    try:
        return kind(text) if text else None
    except ValueError:
        raise InvalidOption(name, text, "a whole number" if kind is int else "a number") from None


def style_choices(catalog: ModelCatalog, model: str) -> list[tuple[str, str]]:
    """The styles that a model names; of 'auto' those of every model that it may take here."""
    specs = [
        spec for spec in catalog.models("draw_pictures") if spec.key == model or (model == AUTO and _automatic(spec, catalog))
    ]
    names = dict.fromkeys(name for spec in specs for name in drawing_defaults(spec).styles)
    return [("as it comes", ""), *((name, name) for name in names)]


def _automatic(spec: ModelSpec, catalog: ModelCatalog) -> bool:
    return spec.quick_on_cpu or catalog.device != "cpu"


def _choices(catalog: ModelCatalog, task: Task) -> list[tuple[str, str]]:
    return [("Automatic: the best that fits", AUTO), *((_title(spec), spec.key) for spec in catalog.models(task))]


def _title(spec: ModelSpec) -> str:
    return f"{spec.title} · {spec.licence.split(' (')[0]}"
