"""The tab that draws a clip: controls on the left, the pictures and how they were made on the right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from components.clip.clip_input import ClipInput
from components.page.events import QUIET, QUIET_EACH
from components.page.gpu_estimate import connect_gpu_estimate
from components.page.jobs.live_jobs import reported
from components.page.jobs.sent_values import SentValues
from components.page.markup import failure_markup
from components.page.model_choices import ModelChoices
from components.page.page_script import page_script
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.pictures import labels
from components.pictures.api import add_picture_endpoints
from components.pictures.bundling import bundled_pictures, unbundled_pictures
from components.pictures.controls import (
    MAX_GALLERY,
    Drawn,
    PictureButtons,
    PictureControls,
    build_picture_controls,
    components_of,
    options_of,
    style_choices,
    values_of,
)
from components.pictures.files import (
    KeptPicture,
    drawn_picture,
    keep_pictures,
    open_init_image,
    read_in_workers,
)
from components.pictures.film_panel import build_film_panel, connect_film
from components.pictures.markup import concepts_markup, drawing_summary, drawn_markup, gallery_markup, pictures_markup
from components.pictures.restoring import restored_values, within_reach
from components.pictures.storyboard_api import add_storyboard_endpoints
from components.pictures.storyboard_panel import build_storyboard_panel, connect_storyboard
from components.pictures.upscale_panel import build_upscale_panel, connect_upscaling
from components.timeline.items import SpanItem
from components.timeline.timeline import TimelineFeed, event_field, loop_of
from components.timeline.tracks import SpanTrack
from models.arrays import MAX_SEED
from models.errors import InvalidOption
from pipelines.bundle.contents import BundleContents
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.isolation.isolation import Isolation
from pipelines.pictures.audio_to_image import audio_to_image, picture_segment
from pipelines.pictures.options import Drawing, PictureOptions
from pipelines.pictures.planning import pictures_gpu_seconds
from pipelines.pictures.png_metadata import picture_from_png
from pipelines.pictures.prompt_writing import write_prompt
from pipelines.pictures.vocabulary import concepts as known_concepts
from services import Services

EMPTY, READY = (f'<p class="empty">{sentence}</p>' for sentence in (labels.EMPTY, labels.READY))
SEGMENT_TRACK = "picture-segment"

Update = tuple[Any, ...]
"""(pictures, concepts, summary, timeline, prompt, drawn, gallery)."""
NOTHING_NEW: Update = (gr.skip(),) * 7
VARIATIONS = 4
"""Pictures that are drawn as variations of one: with the seeds after its own."""
PRESS_DRAW = "() => document.querySelector('#draw').click()"
"""Run when the controls have got their values."""


def build_picture_tab(services: Services, clip: ClipInput, model_choices: ModelChoices) -> None:
    """Build the tab and its endpoints `audio_to_image` and `prompt_from_audio`."""
    drawn, loop = gr.State(Drawn()), gr.State(None)
    with gr.Row(elem_classes="columns"):
        with gr.Column(elem_classes="card controls", min_width=260, scale=0):
            controls, buttons, run = build_picture_controls(services.runtime, model_choices, drawn)
        with gr.Column(elem_classes="card results", min_width=260):
            pictures = gr.HTML(EMPTY, elem_id="pictures", js_on_load=page_script("pictures/pictures"), apply_default_css=False)
            script = page_script("pictures/pictures")
            summary = gr.HTML("", elem_id="picture-summary", apply_default_css=False)
            concepts = gr.HTML("", elem_id="picture-concepts", js_on_load=script, apply_default_css=False)
            upscaling = build_upscale_panel(services.runtime.catalog, model_choices)
            panel, film = build_storyboard_panel(), build_film_panel()
            gallery = gr.HTML("", elem_id="picture-gallery", js_on_load=script, apply_default_css=False)
    panes = [pictures, concepts, summary, clip.timeline, controls.prompt, drawn, gallery]
    inputs = [drawn, *components_of(controls)]
    connect_gpu_estimate(
        run.estimate,
        clip.state,
        components_of(controls),
        lambda opened, *values: pictures_gpu_seconds(opened, options_of(values), services.runtime.catalog),
    )
    job = TabJob(services, "picture", [run.draw, run.storyboard, buttons.rewrite_prompt, film.press, run.stop], panes=clip.panes)
    work = _PictureWork(services, job)
    job.on(run.draw.click, clip.state, work.draw, [clip.state, *inputs], panes)
    job.on(buttons.rewrite_prompt.click, clip.state, work.write, [clip.state, *inputs], panes)
    kept = [pictures, concepts, summary, controls.prompt, drawn, gallery]
    job.keep([*kept, controls.start, controls.end], work.otherwise, [drawn, controls.prompt])
    job.run_when_wanted("pictures", drawn, lambda last: bool(last.pictures))
    clip.bundled.add([drawn], _collected, panes, _restored)
    connect_storyboard(services, clip, job, panel, run.storyboard, inputs, [film.film])
    connect_film(services, clip, job, film, panel.made)
    connect_upscaling(services, clip, upscaling, drawn)
    _connect_buttons(services, clip, controls, buttons, drawn, loop)
    for shown in (pictures, gallery):
        shown.reuse(_seed_of, outputs=controls.seed, queue=False, **QUIET_EACH)
        varied = shown.vary(work.varied, inputs=drawn, outputs=components_of(controls), queue=False, **QUIET_EACH)
        varied.success(None, js=PRESS_DRAW)
    chosen = concepts.choose(_chosen, outputs=[controls.prompt, controls.audio_weight], queue=False, **QUIET_EACH)
    chosen.success(None, js=PRESS_DRAW)
    add_picture_endpoints(services)
    add_storyboard_endpoints(services)


def _connect_buttons(
    services: Services,
    clip: ClipInput,
    controls: PictureControls,
    buttons: PictureButtons,
    drawn: gr.State,
    loop: gr.State,
) -> None:
    """Connect the small buttons beside the controls, none of which needs a model."""
    plain: dict[str, Any] = {"queue": False, **QUIET}
    segment = [controls.start, controls.end]
    buttons.random_seed.click(lambda: "", outputs=controls.seed, **plain)
    buttons.reuse_seed.click(_reused_seed, inputs=drawn, outputs=controls.seed, **plain)
    clip.timeline.loop(loop_of, outputs=loop, queue=False, **QUIET_EACH)
    buttons.use_loop.click(_loop_as_segment, inputs=loop, outputs=segment, **plain)
    buttons.find_window.click(lambda: ("", ""), outputs=segment, **plain)
    controls.model.change(
        lambda model: gr.Dropdown(style_choices(services.runtime.catalog, model)),
        inputs=controls.model,
        outputs=controls.style,
        **plain,
    )
    image, restored = controls.init_image, [*components_of(controls), buttons.restore_hint]
    read_in_workers(image, services.file_readers)
    flattened = partial(_flattened, isolation=services.file_readers)
    # As the file is sent, since a broken one is answered with a sentence below the image.
    image.upload(flattened, inputs=image, outputs=[image, buttons.image_hint], preprocess=False, **plain)
    buttons.reset.click(lambda: [*values_of(PictureOptions()), ""], outputs=restored, **plain)
    restore = partial(restored_values, catalog=services.runtime.catalog, isolation=services.file_readers)
    buttons.restore.upload(restore, inputs=buttons.restore, outputs=restored, **plain)


class _PictureWork:
    """The handlers that need a model, and the one of a change of clip."""

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
            snapshots = reported(audio_to_image(clip, options, services.runtime, should_stop), _position)
            yield from _streamed(clip, options, drawn, snapshots)
        except Exception as error:
            yield _failed(clip, drawn, error)

    def write(self, clip: AudioClip | None, drawn: Drawn, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Write a prompt from the clip into the box, whatever it held."""
        runtime = self._services.runtime
        try:
            if clip is None:
                raise NoClip
            options = replace(options_of(values), prompt=None)
            should_stop = self._job.current(request)
            model = runtime.catalog.choose("draw_pictures", options.model).spec
            start, end = picture_segment(clip, options, runtime)
            text = write_prompt(clip, start, end, model, runtime, should_stop).text
            yield *NOTHING_NEW[:4], text, replace(drawn, clip_hash=clip.content_hash, prompt=text, drawn_prompt=""), gr.skip()
        except Exception as error:
            yield _failed(clip, drawn, error)

    def varied(self, drawn: Drawn, event: gr.EventData) -> list[Any]:
        """Return the values of the controls for variations of the picture whose file the page names."""
        path: Any = event_field(event, "vary")
        if path not in {picture.path for picture in drawn.pictures}:
            raise InvalidOption("picture", "another file", "one of the pictures of this clip")
        options, _ = within_reach(picture_from_png(path).settings.options(), self._services.runtime.catalog)
        seed = ((options.seed or 0) + 1) % (MAX_SEED + 1)
        return values_of(replace(options, seed=seed, pictures=VARIATIONS))

    def otherwise(self, clip: AudioClip | None, request: gr.Request, drawn: Drawn, prompt: str) -> tuple[Any, ...]:
        """Return the panes of a clip of which nothing was drawn, and the two boxes of the segment."""
        content_hash = clip.content_hash if clip else ""
        segment = ("", "") if drawn.clip_hash else (gr.skip(), gr.skip())
        text = "" if prompt == drawn.prompt else gr.skip()
        return READY if clip else EMPTY, "", "", text, Drawn(content_hash), "", *segment


def _position(now: Drawing) -> float:
    """Return the progress of a drawing, 0 to 1."""
    return now.step / now.steps if now.steps else 0.0


def _collected(clip: AudioClip, drawn: Drawn) -> dict[str, Any]:
    return {"pictures": bundled_pictures(drawn.pictures) if drawn.clip_hash == clip.content_hash else ()}


def _restored(clip: AudioClip, contents: BundleContents, person: str) -> Update | None:
    """Return the last picture of a bundle as the newest one, and the others in the gallery."""
    if not contents.pictures:
        return None
    *earlier, last = pictures = unbundled_pictures(clip, contents.pictures[-MAX_GALLERY:])
    drawn = Drawn(clip.content_hash, seed=last.seed, pictures=pictures)
    summary = f'<p class="summary" data-state="done">{labels.FROM_BUNDLE}</p>'
    timeline = TimelineFeed(clip.content_hash, "pictures")
    put_segment(timeline, contents.pictures[-1].start, contents.pictures[-1].end)
    return drawn_markup([last]), "", summary, timeline.value(), gr.skip(), drawn, gallery_markup(earlier)


def _streamed(clip: AudioClip, options: PictureOptions, before: Drawn, snapshots: Iterator[Drawing]) -> Iterator[Update]:
    """Turn snapshots into updates of the page; what did not change is not sent again."""
    timeline = TimelineFeed(clip.content_hash, "pictures")
    kept: tuple[KeptPicture, ...] = ()
    sent = SentValues()
    earlier = before.pictures if before.clip_hash == clip.content_hash else ()
    try:
        for now in snapshots:
            kept += keep_pictures(clip, now.pictures[len(kept) :])
            is_typed = options.prompt is not None
            written, drawn_prompt = ("", "") if is_typed else (now.prompt or before.prompt, now.prompt or before.drawn_prompt)
            seed = kept[-1].picture.seed if kept else before.seed
            segment = sent.changed("segment", (now.start, now.end)) if now.end else None
            if isinstance(segment, tuple):
                put_segment(timeline, *segment)
            yield (
                sent.changed("pictures", pictures_markup(now, kept, options.pictures)),
                sent.changed("concepts", concepts_markup(now)),
                drawing_summary(now),
                timeline.value() if isinstance(segment, tuple) else gr.skip(),
                sent.changed("prompt", now.prompt) if now.prompt else gr.skip(),
                Drawn(clip.content_hash, written, drawn_prompt, seed, (*earlier, *map(drawn_picture, kept))[-MAX_GALLERY:]),
                sent.changed("gallery", gallery_markup(earlier)),
            )
    except Exception:
        if not kept:
            yield READY, *NOTHING_NEW[1:]
        raise


def put_segment(timeline: TimelineFeed, start: float, end: float) -> None:
    """Show the segment that a picture is drawn from as a track."""
    timeline.put(SpanTrack(id=SEGMENT_TRACK, name="Picture", colour="pink", items=(SpanItem(start, end, labels.SEGMENT_ITEM),)))


def _failed(clip: AudioClip | None, drawn: Drawn, error: Exception) -> Update:
    known = replace(drawn, clip_hash=clip.content_hash if clip else "")
    return gr.skip(), gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip(), known, gr.skip()


def _flattened(file: dict[str, Any] | None, isolation: Isolation) -> tuple[Any, Any]:
    """Show an uploaded initial image as the model gets it; one that cannot be used is taken out, with a sentence."""
    if file is None:
        return gr.skip(), gr.skip()
    try:
        return open_init_image(file, isolation), ""
    except Exception as error:
        return None, failure_markup(sentence_for(error))


def _reused_seed(drawn: Drawn) -> Any:
    if drawn.seed is None:
        gr.Info(labels.NO_SEED)
        return gr.skip()
    return str(drawn.seed)


def _loop_as_segment(loop: tuple[float, float] | None) -> tuple[Any, Any]:
    if loop is None:
        gr.Info(labels.NO_LOOP)
        return gr.skip(), gr.skip()
    return f"{loop[0]:.2f}", f"{loop[1]:.2f}"


def _seed_of(event: gr.EventData) -> str:
    """Return the seed that the page sends, which may be anything."""
    seed: Any = event_field(event, "seed")
    if not isinstance(seed, str) or not seed.isdecimal() or int(seed) > MAX_SEED:
        raise InvalidOption("seed", seed, f"0 to {MAX_SEED}")
    return seed


def _chosen(event: gr.EventData) -> tuple[str, float]:
    """Return the prompt for the concept that the page sends, which may be anything, and the audio weight of text alone."""
    name: Any = event_field(event, "concept")
    if name not in {concept.name for concept in known_concepts()}:
        raise InvalidOption("concept", name, "one of the picture's concepts")
    return name, 0.0
