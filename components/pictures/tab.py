"""The tab that draws what a clip sounds like: controls on the left, the picture and how it came about on the right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from components.clip.clip_input import ClipInput
from components.page.events import QUIET, QUIET_EACH
from components.page.markup import failure_markup
from components.page.page_script import page_script
from components.page.sent_values import SentValues
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.pictures.api import add_picture_endpoints
from components.pictures.controls import (
    FIELDS,
    Drawn,
    PictureButtons,
    PictureControls,
    build_picture_controls,
    components_of,
    options_of,
    style_choices,
    values_of,
)
from components.pictures.files import KeptPicture, keep_pictures
from components.pictures.film_panel import build_film_panel, connect_film
from components.pictures.markup import drawing_summary, heard_markup, pictures_markup
from components.pictures.storyboard_panel import build_storyboard_panel, connect_storyboard
from components.timeline.items import Span
from components.timeline.timeline import TimelineFeed, event_field, loop_of
from components.timeline.tracks import SpanTrack
from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.pictures.audio_to_image import audio_to_image, drawn_window
from pipelines.pictures.options import LARGEST_SEED, Drawing, PictureOptions
from pipelines.pictures.png_metadata import picture_from_png
from pipelines.pictures.prompt_writing import write_prompt
from services import Services

EMPTY = '<p class="empty">A picture of what is heard will hang here. Choose a clip above, then press Draw.</p>'
READY = '<p class="empty">Press Draw for a picture of this clip.</p>'
NO_LOOP = "First choose a stretch of the sound: press Loop below the timeline, and drag the ends of the loop."
NO_SEED = "No picture has been drawn yet."
RESTORED = '<p class="summary">These are the settings of that picture: with its clip, Draw makes it again.</p>'
START_LOST = "These are the settings of that picture, but its start picture is gone from the file: give it again, under More."
WINDOW_TRACK = "picture-window"

Update = tuple[Any, ...]
"""(pictures, heard, summary, timeline, prompt, drawn)."""
NOTHING_NEW: Update = (gr.skip(),) * 6


def build_picture_tab(services: Services, clip: ClipInput) -> None:
    """The tab and its endpoints `audio_to_image` and `prompt_from_audio`."""
    drawn, loop = gr.State(Drawn()), gr.State(None)
    with gr.Row(elem_classes="columns"):
        with gr.Column(elem_classes="card controls", min_width=260, scale=0):
            controls, buttons, run = build_picture_controls(services.runtime.catalog)
        with gr.Column(elem_classes="card results", min_width=260):
            pictures = gr.HTML(EMPTY, elem_id="pictures", js_on_load=page_script("pictures/pictures"), apply_default_css=False)
            heard = gr.HTML("", elem_id="picture-heard", apply_default_css=False)
            summary = gr.HTML("", elem_id="picture-summary", apply_default_css=False)
            panel, film = build_storyboard_panel(), build_film_panel()
    panes = [pictures, heard, summary, clip.timeline, controls.prompt, drawn]
    inputs = [drawn, *components_of(controls)]
    job = TabJob(services, "picture", [run.draw, run.storyboard, buttons.write_again, film.press, run.stop])
    work = _PictureWork(services, job)
    ended = job.on(run.draw.click, clip.state, work.draw, [clip.state, *inputs], panes)
    written = job.on(buttons.write_again.click, clip.state, work.write, [clip.state, *inputs], panes)
    about_clip = [clip.state, drawn, controls.prompt]
    for event in (clip.state.change, ended.then, written.then):
        event(work.welcome, inputs=about_clip, outputs=[*panes, controls.start, controls.end], queue=False, **QUIET)
    connect_storyboard(services, clip, job, panel, run.storyboard, inputs, [pictures, heard, summary])
    connect_film(services, clip, job, film, panel.made)
    _connect_buttons(services, clip, controls, buttons, drawn, loop, summary)
    pictures.reuse(_seed_of, outputs=controls.seed, queue=False, **QUIET_EACH)
    add_picture_endpoints(services)


def _connect_buttons(
    services: Services,
    clip: ClipInput,
    controls: PictureControls,
    buttons: PictureButtons,
    drawn: gr.State,
    loop: gr.State,
    summary: gr.HTML,
) -> None:
    """The small buttons beside the controls; none of them needs a model."""
    plain: dict[str, Any] = {"queue": False, **QUIET}
    window = [controls.start, controls.end]
    buttons.random_seed.click(lambda: "", outputs=controls.seed, **plain)
    buttons.last_seed.click(_last_seed, inputs=drawn, outputs=controls.seed, **plain)
    clip.timeline.loop(loop_of, outputs=loop, queue=False, **QUIET_EACH)
    buttons.use_loop.click(_loop_as_window, inputs=loop, outputs=window, **plain)
    buttons.find_window.click(lambda: ("", ""), outputs=window, **plain)
    controls.model.change(
        lambda model: gr.Dropdown(style_choices(services.runtime.catalog, model)),
        inputs=controls.model,
        outputs=controls.style,
        **plain,
    )
    buttons.settings_of.upload(
        _restore, inputs=buttons.settings_of, outputs=[*components_of(controls), summary], queue=False, **QUIET
    )


class _PictureWork:
    """The handlers that need a model, and what another clip does to the page."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self._job = job

    def draw(self, clip: AudioClip | None, drawn: Drawn, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Stream the picture into the page while it is drawn."""
        services = self._services
        try:
            if clip is None:
                raise NoClip
            options = options_of(values, written=drawn.prompt)
            should_stop = self._job.current(request)
            yield from _streamed(clip, options, drawn, audio_to_image(clip, options, services.runtime, should_stop))
        except Exception as error:
            yield _failed(clip, drawn, error)

    def write(self, clip: AudioClip | None, drawn: Drawn, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Fill the box with the words that the clip suggests, whatever stood there."""
        runtime = self._services.runtime
        try:
            if clip is None:
                raise NoClip
            options = replace(options_of(values), prompt=None)
            should_stop = self._job.current(request)
            model = runtime.catalog.choose("draw_pictures", options.model).spec
            start, end = drawn_window(clip, options, runtime)
            text = write_prompt(clip, start, end, model, runtime, should_stop).text
            yield *NOTHING_NEW[:4], text, replace(drawn, clip_hash=clip.content_hash, prompt=text)
        except Exception as error:
            yield _failed(clip, drawn, error)

    def welcome(self, clip: AudioClip | None, drawn: Drawn, prompt: str, request: gr.Request) -> Update:
        """Clear what belongs to another clip than this one; the values of the window's two numbers come last."""
        content_hash = clip.content_hash if clip else ""
        if self._job.keep_running(clip, request) or drawn.clip_hash == content_hash:
            return *NOTHING_NEW, gr.skip(), gr.skip()
        window = ("", "") if drawn.clip_hash else (gr.skip(), gr.skip())
        text = "" if prompt == drawn.prompt else gr.skip()
        return READY if clip else EMPTY, "", "", gr.skip(), text, Drawn(content_hash), *window


def _streamed(clip: AudioClip, options: PictureOptions, before: Drawn, snapshots: Iterator[Drawing]) -> Iterator[Update]:
    """Snapshots as updates of the page; what did not change is not sent again."""
    timeline = TimelineFeed(clip.content_hash)
    kept: tuple[KeptPicture, ...] = ()
    sent = SentValues()
    try:
        for now in snapshots:
            kept += keep_pictures(clip, now.pictures[len(kept) :])
            written = now.prompt or before.prompt if options.prompt is None else ""
            seed = kept[-1].picture.seed if kept else before.seed
            window = sent.changed("window", (now.start, now.end)) if now.end else None
            if isinstance(window, tuple):
                put_window(timeline, *window)
            yield (
                sent.changed("pictures", pictures_markup(now, kept, options.pictures)),
                sent.changed("heard", heard_markup(now)),
                drawing_summary(now),
                timeline.value() if isinstance(window, tuple) else gr.skip(),
                sent.changed("prompt", now.prompt) if now.prompt else gr.skip(),
                Drawn(clip.content_hash, written, seed),
            )
    except Exception:
        if not kept:
            yield READY, *NOTHING_NEW[1:]
        raise


def put_window(timeline: TimelineFeed, start: float, end: float) -> None:
    """The part of the clip that a picture is drawn from, as a track."""
    timeline.put(SpanTrack(id=WINDOW_TRACK, name="Picture", colour="pink", items=(Span(start, end, "heard for the picture"),)))


def _failed(clip: AudioClip | None, drawn: Drawn, error: Exception) -> Update:
    known = replace(drawn, clip_hash=clip.content_hash if clip else "")
    return gr.skip(), gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip(), known


def _restore(path: str | None) -> list[Any]:
    """Every control as the picture's settings have it, and what is to be said about it."""
    try:
        if path is None:
            return [gr.skip()] * (len(FIELDS) + 1)
        restored = picture_from_png(path)
    except Exception as error:
        return [*[gr.skip()] * len(FIELDS), failure_markup(sentence_for(error))]
    return [*values_of(restored.settings.options()), failure_markup(START_LOST) if restored.start_picture_lost else RESTORED]


def _last_seed(drawn: Drawn) -> Any:
    if drawn.seed is None:
        gr.Info(NO_SEED)
        return gr.skip()
    return str(drawn.seed)


def _loop_as_window(loop: tuple[float, float] | None) -> tuple[Any, Any]:
    if loop is None:
        gr.Info(NO_LOOP)
        return gr.skip(), gr.skip()
    return f"{loop[0]:.2f}", f"{loop[1]:.2f}"


def _seed_of(event: gr.EventData) -> str:
    """The seed that the page names; the page may name anything."""
    seed: Any = event_field(event, "seed")
    if not isinstance(seed, str) or not seed.isdecimal() or int(seed) > LARGEST_SEED:
        raise InvalidOption("seed", seed, f"0 to {LARGEST_SEED}")
    return seed
