"""The storyboard on the page: one picture for each scene of the clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.clip.clip_input import ClipInput
from components.page.markup import failure_markup
from components.page.seekable import build_seekable
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.pictures.controls import Drawn, Made, options_of
from components.pictures.files import KeptPicture, keep_pictures, thumbnail_url
from components.pictures.storyboard_markup import board_markup
from components.timeline.items import PictureItem
from components.timeline.timeline import TimelineFeed
from components.timeline.tracks import PictureTrack
from models.errors import AudioscopeError
from pipelines.bundle.contents import BundleContents
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.film.storyboard import storyboard
from pipelines.film.storyboard_types import Storyboard, StoryboardEntry
from services import Services

Update = tuple[Any, ...]
"""(board, timeline, made, then the panes of the single picture)."""


@dataclass(frozen=True)
class StoryboardPanel:
    """The panel's component, and a state that holds a `Made`."""

    board: gr.HTML
    made: gr.State


def build_storyboard_panel() -> StoryboardPanel:
    """Build the panel, which is empty until there is a storyboard."""
    return StoryboardPanel(build_seekable("storyboard"), gr.State(Made()))


def connect_storyboard(
    services: Services,
    clip: ClipInput,
    job: TabJob,
    panel: StoryboardPanel,
    pressed: gr.Button,
    inputs: list[gr.components.Component],
    single: list[gr.HTML],
) -> None:
    """Connect the panel; `inputs`: the state of a `Drawn`, then the controls; `single`: panes to clear."""
    work = _StoryboardWork(services, job, len(single))
    outputs = [panel.board, clip.timeline, panel.made, *single]
    job.on(pressed.click, clip.state, work.draw, [clip.state, *inputs], outputs)
    job.keep(
        [panel.board, panel.made], lambda opened, request: ("", Made(opened.content_hash if opened else "")), part="storyboard"
    )
    clip.bundled.add([panel.made], _collected, [panel.board, clip.timeline, panel.made], _restored)


def _collected(clip: AudioClip, made: Made) -> dict[str, Any]:
    return {"storyboard": made.board if made.board and made.board.entries and made.clip_hash == clip.content_hash else None}


def _restored(clip: AudioClip, contents: BundleContents, person: str) -> Update | None:
    """Return what drawing the storyboard would have written at its end."""
    return next(_streamed(clip, iter([contents.storyboard]))) if contents.storyboard else None


class _StoryboardWork:
    """The handlers of the panel's events."""

    def __init__(self, services: Services, job: TabJob, panes: int) -> None:
        self._services = services
        self._job = job
        self._same = (gr.skip(),) * panes
        self._emptied = ("",) * panes

    def draw(self, clip: AudioClip | None, drawn: Drawn, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Stream the pictures into the page as they come."""
        services = self._services
        try:
            if clip is None:
                raise NoClip
            should_stop = self._job.current(request)
            for update in _streamed(
                clip, storyboard(clip, options_of(values, written=drawn.prompt), services.runtime, should_stop)
            ):
                yield *update, *self._emptied
        except Exception as error:
            known = Made(clip.content_hash if clip else "")
            yield failure_markup(sentence_for(error)), gr.skip(), known, *self._same


def _streamed(clip: AudioClip, snapshots: Iterator[Storyboard]) -> Iterator[Update]:
    """Turn snapshots into updates of the page; an error after the first picture leaves what is drawn below its sentence."""
    timeline = TimelineFeed(clip.content_hash, "pictures")
    kept: tuple[KeptPicture, ...] = ()
    times: list[tuple[float, float]] = []
    try:
        for now in snapshots:
            kept += keep_pictures(clip, tuple(entry.picture for entry in now.entries[len(kept) :]))
            new = times != (times := [(entry.start, entry.end) for entry in now.entries])
            if new:
                timeline.put(_track(now.entries))
            ended = now.state in ("done", "stopped")
            yield (
                board_markup(now, kept),
                timeline.value() if new else gr.skip(),
                Made(clip.content_hash, now if ended else None),
            )
    except AudioscopeError as error:
        if not kept:
            raise
        drawn = replace(now, state="stopped")
        board = failure_markup(sentence_for(error)) + board_markup(drawn, kept)
        yield board, gr.skip(), Made(clip.content_hash, drawn)


def _track(entries: tuple[StoryboardEntry, ...]) -> PictureTrack:
    pictures = (PictureItem(e.start, e.end, thumbnail_url(e.picture.image), _caption(e)) for e in entries)
    return PictureTrack(id="storyboard", name="Storyboard", items=tuple(pictures))


def _caption(entry: StoryboardEntry) -> str:
    return entry.concepts[0] if entry.concepts else entry.prompt
