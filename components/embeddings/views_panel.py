"""Further views of an embedding, each computed when its inner tab is opened: moments alike, self-similarity, dimensions."""

from __future__ import annotations

import html
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
import numpy as np
from gradio.events import Dependency

from components.embeddings.map import picked_row
from components.embeddings.shown import ShownEmbedding, with_first
from components.embeddings.timed_picture import build_timed_pictures, curve_markup, picture_markup
from components.page.events import QUIET, QUIET_EACH
from components.page.markup import failure_markup
from components.page.seekable import build_seekable, seek_button
from components.page.user_errors import sentence_for
from models.errors import AudioscopeError
from pipelines.embeddings.analysis import (
    heatmap,
    nearest_moments,
    norm_and_change,
    self_similarity,
)
from pipelines.wording.times import clock_time

MOMENTS = 8
SIMILARITY_CELLS = 480
HEATMAP_ROWS = 96
NO_MOMENT = '<p class="empty">Choose a point of the map: what sounds like it elsewhere in the clip is listed here.</p>'
NO_MAP = '<p class="empty">First press Show.</p>'


@dataclass(frozen=True)
class LazyView:
    """What an inner tab shows of an embedding."""

    tab: gr.Tab
    panes: list[gr.components.Component]
    draw: Callable[[ShownEmbedding | None], list[Any]]
    """The values of the panes; of None, what they show without an embedding."""


@dataclass(frozen=True)
class Listed:
    """What a list of moments is of."""

    map_id: str = ""
    clip: str = ""
    """Content hash of the clip that the point is of."""
    player: str = ""
    """Of the clip that was on the player: that of the point may still be on its way to it."""

    def is_of(self, now: ShownEmbedding) -> bool:
        """Whether the list is of what is on the page, or of what comes there now."""
        return self.map_id == now.map_id and now.clip.content_hash in (self.clip, self.player)


NOTHING_LISTED = Listed()


@dataclass(frozen=True)
class Moments:
    """'Where else does it sound like this'."""

    list: gr.HTML
    listed: gr.State
    """A `Listed`."""


def build_moments_panel(picture: gr.HTML, shown: gr.State) -> Moments:
    """'Where else does it sound like this', of the point that was chosen on the map."""
    with gr.Tab("Moments"):
        moments, listed = build_seekable("embedding-moments", NO_MOMENT), gr.State(NOTHING_LISTED)
    picked: dict[str, Any] = {"inputs": shown, "outputs": [moments, listed], "queue": False}
    picture.picked(moments_of, **picked, **QUIET_EACH)
    return Moments(moments, listed)


def connect_moments(moments: Moments, shown: gr.State, changed: Sequence[Dependency]) -> None:
    """Another map or another clip on the player takes the list away; other colours leave it."""
    for event in changed:
        event.then(kept_moments, inputs=[shown, moments.listed], outputs=[moments.list, moments.listed], queue=False, **QUIET)


def kept_moments(now: ShownEmbedding | None, before: Listed) -> tuple[Any, Listed]:
    """The list and what it is of, after a change on the page."""
    if now is None or not before.is_of(now):
        return NO_MOMENT, NOTHING_LISTED
    return gr.skip(), replace(before, player=now.clip.content_hash)


def moments_of(shown: ShownEmbedding | None, event: gr.EventData) -> tuple[str, Listed]:
    """The list for a point that the page names, and what it is of: the point's clip comes on the player now."""
    if shown is None:
        return NO_MOMENT, NOTHING_LISTED
    try:
        row = picked_row(event, sum(len(embedding.frames) for embedding in shown.embeddings))
        place = bisect_right(shown.starts, row) - 1
        clip = shown.clips[place]
        listed = Listed(shown.map_id, clip.content_hash, shown.clip.content_hash)
        return moments_markup(with_first(shown, clip), row - shown.starts[place]), listed
    except (AudioscopeError, ValueError) as error:
        return failure_markup(sentence_for(error)), NOTHING_LISTED


def moments_markup(shown: ShownEmbedding, row: int) -> str:
    """Where else the clip on the player sounds as at this frame of it, best first."""
    first = shown.embedding
    here = float(first.times[row])
    found = nearest_moments(first.frames, first.times, row, MOMENTS, max(1.0, first.duration / 100))
    rows = "".join(
        f"<li>{seek_button(clock_time(moment.time, 1), max(0.0, moment.time - first.frame_seconds / 2))}"
        f'<meter max="1" value="{max(0.0, moment.similarity):.2f}"></meter>{moment.similarity:.2f}'
        f"<span>{html.escape(shown.texts[moment.index])}</span></li>"
        for moment in found
    )
    title = f"<p>Where else it sounds like {seek_button(clock_time(here, 1), max(0.0, here - first.frame_seconds / 2))}</p>"
    return f'{title}<ol class="moments">{rows}</ol><p class="summary">Cosine similarity around the mean of the clip.</p>'


def build_views() -> list[LazyView]:
    """The inner tabs Similarity and Dimensions."""
    with gr.Tab("Similarity") as similarity_tab:
        similarity = build_timed_pictures("embedding-similarity")
    with gr.Tab("Dimensions") as dimensions_tab:
        dimensions = build_timed_pictures("embedding-dimensions")
    return [
        LazyView(similarity_tab, [similarity], lambda shown: [_similarity(shown) if shown else NO_MAP]),
        LazyView(dimensions_tab, [dimensions], lambda shown: [_dimensions(shown) if shown else NO_MAP]),
    ]


def connect_views(views: Sequence[LazyView], shown: gr.State, changed: Sequence[Dependency]) -> None:
    """Draw a view when its tab is opened, and the open one when the embedding has changed."""
    opened = gr.State(-1)
    panes = [pane for view in views for pane in view.panes]

    def draw(now: ShownEmbedding | None, place: int) -> list[Any]:
        drawn = [view.draw(now if at == place else None) for at, view in enumerate(views)]
        return [value for values in drawn for value in values]

    for place, view in enumerate(views):
        view.tab.select(lambda place=place: place, outputs=opened, queue=False, **QUIET).then(
            draw, inputs=[shown, opened], outputs=panes, **QUIET
        )
    for event in changed:
        event.then(draw, inputs=[shown, opened], outputs=panes, **QUIET)


def _similarity(shown: ShownEmbedding) -> str:
    first = shown.embedding
    found = self_similarity(first.frames, first.times, SIMILARITY_CELLS)
    low = float(np.quantile(found.values, 0.02))
    values = (found.values - low) / max(float(found.values.max()) - low, 1e-6)
    caption = "How alike each two moments are: time to the right and downwards, bright is alike; blocks are stretches that repeat"
    return picture_markup(values.astype(np.float32), first.duration, caption, square=True)


def _dimensions(shown: ShownEmbedding) -> str:
    first = shown.embedding
    heat, curves = heatmap(first.frames, first.times, HEATMAP_ROWS), norm_and_change(first.frames)
    rows = f"The {len(heat.values)} of {first.frames.shape[1]} dimensions that vary most; those that go together are side by side"
    return (
        picture_markup(((heat.values + 1) / 2).astype(np.float32), first.duration, rows)
        + curve_markup(curves.norm, first.duration, "Norm")
        + curve_markup(curves.change, first.duration, "Change from one frame to the next, as cosine distance")
    )
