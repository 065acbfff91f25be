"""The film of a storyboard on the page: made, watched while it is drawn, played and exported."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from PIL import Image

from components.clip.clip_input import ClipInput
from components.page.downloads import new_files_folder
from components.page.events import QUIET
from components.page.markup import failure_markup
from components.page.page_script import page_script
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.pictures import labels
from components.pictures.controls import Made
from components.pictures.files import file_url, preview_url
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.clip.errors import NoClip
from pipelines.film.film import (
    MAX_INTERPOLATION_STEPS,
    Film,
    FilmOptions,
    make_film,
)
from services import Services


@dataclass(frozen=True)
class FilmPanel:
    """The controls that make a film, and the component that shows it."""

    controls: gr.Row
    steps: gr.Dropdown
    press: gr.Button
    film: gr.HTML


def build_film_panel() -> FilmPanel:
    """Build the panel, hidden until there is a storyboard."""
    counts = [(labels.AUTOMATIC, -1), *((str(count), count) for count in range(MAX_INTERPOLATION_STEPS + 1))]
    with gr.Row(visible=False, elem_classes="film-row") as controls:
        steps = gr.Dropdown(counts, value=-1, label=labels.INTERPOLATION, min_width=220, scale=0)
        press = gr.Button(labels.MAKE_FILM, min_width=0, scale=0, elem_id="make-film")
    return FilmPanel(
        controls, steps, press, gr.HTML("", elem_id="film", js_on_load=page_script("pictures/film"), apply_default_css=False)
    )


def connect_film(services: Services, clip: ClipInput, job: TabJob, panel: FilmPanel, made: gr.State) -> None:
    """Connect the panel; `made` holds a `Made`."""
    work = _FilmWork(services, job)
    job.on(panel.press.click, clip.state, work.make, [clip.state, made, panel.steps], [panel.film])
    job.keep([panel.film], lambda opened, request: ("",), part="film")
    made.change(_offer, inputs=made, outputs=[panel.controls, panel.steps], queue=False, **QUIET)


class _FilmWork:
    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self._job = job

    def make(self, clip: AudioClip | None, made: Made, steps: int, request: gr.Request) -> Iterator[str]:
        """Stream the frames into the page while they are drawn."""
        services = self._services
        try:
            if clip is None or made.board is None or made.clip_hash != clip.content_hash:
                raise NoClip
            options = FilmOptions(None if steps < 0 else steps)
            should_stop = self._job.current(request)
            for now in make_film(clip, made.board, options, new_files_folder(clip), services.runtime, should_stop):
                yield film_markup(now, made.board.entries[0].picture.image, safe_stem(clip.name))
        except Exception as error:
            yield failure_markup(sentence_for(error))


def _offer(made: Made) -> tuple[gr.Row, gr.Dropdown]:
    """Show the controls when there is a picture, and the interpolation steps when there are two."""
    count = len(made.board.entries) if made.board else 0
    return gr.Row(visible=count > 0), gr.Dropdown(visible=count > 1)


def film_markup(now: Film, first: Image.Image, stem: str) -> str:
    """Return the latest frame, or the player, with the first frame as poster, and its files; and a line of progress."""
    left = labels.SECONDS_LEFT.format(now.seconds_left) if now.state == "drawing" else ""
    doing = labels.INTERPOLATED_DONE.format(now.pictures_done, now.pictures) if left else ""
    if now.state == "stopped":
        doing = labels.STOPPED
    frames, took = labels.FRAMES.format(now.frames), labels.TOOK.format(now.elapsed)
    facts = " · ".join(fact for fact in (doing, left, frames, took) if fact)
    bar = f'<progress max="1" value="{now.position:.3f}" aria-label="{labels.PROGRESS}"></progress>' if left else ""
    line = f'{bar}<p class="summary" data-state="{now.state}">{facts}</p>'
    if now.video and now.gif:
        files = f"{_link(now.video, stem)}{_link(now.gif, stem)}"
        source, poster = html.escape(file_url(now.video)), preview_url(first)
        shown = f'<video src="{source}" poster="{poster}" muted playsinline preload="auto" title="{labels.FILM_HINT}"></video>'
        return f'<div class="film">{shown}<p class="picture-line">{files}</p></div>{line}'
    frame = f'<img src="{preview_url(now.preview)}" alt="{labels.LATEST_FRAME}">' if now.preview else ""
    return f'<div class="film">{frame}</div>{line}'


def _link(path: Path, stem: str) -> str:
    name = html.escape(f"{stem}{path.suffix}")
    return f'<a href="{html.escape(file_url(path))}" download="{name}" title="{labels.EXPORT}">{path.suffix[1:].upper()}</a>'
