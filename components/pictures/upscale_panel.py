"""Upscaling of the latest picture on the page, where a model can."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gradio as gr

from components.clip.clip_input import ClipInput
from components.page.jobs.waiting import loading_words
from components.page.markup import failure_markup, short_licences
from components.page.model_choices import ModelChoices, titled, within_reach
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.pictures import labels
from components.pictures.controls import Drawn
from components.pictures.files import KeptPicture, keep_pictures
from models.errors import InvalidOption
from models.model_catalog import ModelCatalog
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.pictures.files.png_file import read_png
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import picture_from_png
from pipelines.pictures.upscaling.latent_upscaling import UpscaleOptions, Upscaling, upscale_picture
from services import Services


@dataclass(frozen=True)
class UpscalePanel:
    """The button, its Stop, and the picture that comes of it."""

    press: gr.Button
    stop: gr.Button
    result: gr.HTML


def build_upscale_panel(catalog: ModelCatalog, model_choices: ModelChoices) -> UpscalePanel:
    """Build the panel; without a model within reach its button is disabled, and the reason stands below it.

    The page shows the panel once a picture is drawn: lines that appear above it would move it before.
    """
    with gr.Column(elem_classes="upscaling", min_width=0):
        with gr.Row(elem_classes="actions"):
            press = gr.Button(labels.UPSCALE, min_width=0, interactive=False, elem_id="upscale")
            stop = gr.Button(labels.STOP, min_width=0, interactive=False, elem_id="stop-upscaling")
        model_choices.require(press, partial(within_reach, catalog, "upscale_pictures", titled))
        result = gr.HTML("", elem_id="upscaled", apply_default_css=False)
    return UpscalePanel(press, stop, result)


def connect_upscaling(services: Services, clip: ClipInput, panel: UpscalePanel, drawn: gr.State) -> None:
    """Connect the panel; `drawn` holds a `Drawn`."""
    work = _UpscaleWork(services, TabJob(services, "upscaling", [panel.stop], panes=clip.panes))
    work.job.on(panel.press.click, clip.state, work.run, [clip.state, drawn], [panel.result])
    work.job.keep([panel.result], lambda opened, request: ("",))


class _UpscaleWork:
    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self.job = job

    def run(self, clip: AudioClip | None, drawn: Drawn, request: gr.Request) -> Iterator[str]:
        """Stream the progress, and then the upscaled picture."""
        try:
            if clip is None:
                raise NoClip
            if not drawn.pictures or drawn.clip_hash != clip.content_hash:
                raise InvalidOption("picture", "nothing", "a picture of this clip: press Draw first")
            path = drawn.pictures[-1].path
            settings, image = picture_from_png(path, clip.isolation).settings, read_png(path, clip.isolation)
            options = UpscaleOptions(seed=settings.seed)
            kept: KeptPicture | None = None
            for now in upscale_picture(image, options, self._services.runtime, self.job.current(request)):
                if now.image is not None and kept is None:
                    (kept,) = keep_pictures(clip, (Picture(now.image, settings.seed, settings),))
                yield upscaling_markup(now, kept)
        except Exception as error:
            yield failure_markup(sentence_for(error))


def upscaling_markup(now: Upscaling, kept: KeptPicture | None) -> str:
    """Return the progress, or the upscaled picture with its file, and the line that says how it was made."""
    running = now.state in ("loading", "drawing")
    bar = f'<progress max="{now.steps}" value="{now.step}" aria-label="{labels.PROGRESS}"></progress>' if running else ""
    step = labels.STEP_OF.format(now.step, now.steps)
    doing = {"loading": loading_words(labels.WAITING["loading"]), "drawing": step, "stopped": labels.STOPPED}
    size = labels.UPSCALED.format(width=kept.picture.image.width, height=kept.picture.image.height) if kept else ""
    seed = f"{labels.SEED.lower()} {kept.picture.seed}" if kept else ""
    by = [now.model, short_licences(now.licence), f"{now.dtype} on {now.device}"]
    facts = [fact for fact in (doing.get(now.state, size), seed, *by, f"{now.elapsed:.1f} s") if fact]
    line = f'<p class="summary" data-state="{now.state}">{html.escape(" · ".join(facts))}</p>'
    return f"{bar}{_figure(kept) if kept else ''}{line}"


def _figure(kept: KeptPicture) -> str:
    url, name = html.escape(kept.url), html.escape(Path(kept.path).name)
    width, height = kept.picture.image.size
    return f"""<ul class="pictures"><li><a href="{url}" target="_blank" title="{labels.OPEN}"
  ><img src="{url}" width="{width}" height="{height}" alt="{labels.UPSCALED_ALT}"></a>
  <p class="picture-line"><a href="{url}" download="{name}" title="{labels.EXPORT_HINT}">PNG</a></p></li></ul>"""
