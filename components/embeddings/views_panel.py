"""Views of an embedding, computed when their inner tab is opened: similar frames, self-similarity, dimensions."""

from __future__ import annotations

import html
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
import numpy as np
from gradio.events import Dependency

from components.embeddings import labels
from components.embeddings.map import Value, neighbours_value, picked_row
from components.embeddings.shown_embedding import ShownEmbedding, with_first
from components.embeddings.timed_picture import build_timed_pictures, curve_markup, picture_markup
from components.page.events import QUIET, QUIET_EACH
from components.page.markup import failure_markup
from components.page.page_script import page_script
from components.page.seekable import build_seekable, seek_button
from components.page.user_errors import sentence_for
from models.errors import AudioscopeError, InvalidOption
from pipelines.embeddings.analysis import (
    heatmap,
    norm_and_change,
    self_similarity,
    similar_frames,
)
from pipelines.wording.times import clock_time

MAX_LISTED = 8
"""Number of similar frames that are listed."""
SIMILARITY_CELLS = 480
HEATMAP_ROWS = 96
NO_POINT = f'<p class="empty">{labels.NO_POINT}</p>'
NO_OTHER_FRAME = f'<p class="empty">{labels.NO_OTHER_FRAME}</p>'
CONSTANT = f'<p class="empty">{labels.CONSTANT}</p>'
NO_MAP = f'<p class="empty">{labels.SHOW_FIRST}</p>'


@dataclass(frozen=True)
class LazyView:
    """The content of an inner tab, drawn when the tab is open."""

    tab: gr.Tab
    panes: list[gr.components.Component]
    draw: Callable[[ShownEmbedding | None], list[Any]]
    """Return the values of the panes; for None, those without an embedding."""


@dataclass(frozen=True)
class ListSource:
    """The map and clip of a list of similar frames."""

    map_id: str = ""
    clip: str = ""
    """Content hash of the chosen point's clip."""
    player: str = ""
    """Content hash of the clip on the player, which the point's clip is about to replace."""

    def is_of(self, now: ShownEmbedding) -> bool:
        """Return whether the list belongs to the map and clip on the page, or to the clip that is being opened."""
        return self.map_id == now.map_id and now.clip.content_hash in (self.clip, self.player)


NO_SOURCE = ListSource()


@dataclass(frozen=True)
class SimilarFramesPanel:
    """The list of frames that are similar to the chosen point."""

    list: gr.HTML
    source: gr.State
    """A `ListSource`."""


def build_similar_frames_panel(picture: gr.HTML, shown: gr.State) -> SimilarFramesPanel:
    """Build the inner tab with the frames that are similar to the point chosen on the map."""
    with gr.Tab(labels.SIMILAR_FRAMES):
        frames, source = build_seekable("similar-frames", NO_POINT), gr.State(NO_SOURCE)
        neighbours = gr.HTML(
            None,
            html_template="<span hidden></span>",  # its value is for the map's script
            js_on_load=page_script("embeddings/neighbours"),
            apply_default_css=False,
        )
    picked: dict[str, Any] = {"inputs": shown, "outputs": [frames, source], "queue": False}
    picture.picked(similar_to_point, **picked, **QUIET_EACH)
    picture.isolated(neighbours_of_point, inputs=shown, outputs=neighbours, queue=False, **QUIET_EACH)
    return SimilarFramesPanel(frames, source)


def connect_similar_frames(panel: SimilarFramesPanel, shown: gr.State, changed: Sequence[Dependency]) -> None:
    """Clear the list when the map or the clip on the player changes, but not when colours do."""
    for event in changed:
        event.then(kept_list, inputs=[shown, panel.source], outputs=[panel.list, panel.source], queue=False, **QUIET)


def kept_list(now: ShownEmbedding | None, before: ListSource) -> tuple[Any, ListSource]:
    """Return the list and its source after a change on the page."""
    if now is None or not before.is_of(now):
        return NO_POINT, NO_SOURCE
    return gr.skip(), replace(before, player=now.clip.content_hash)


def similar_to_point(shown: ShownEmbedding | None, event: gr.EventData) -> tuple[str, ListSource]:
    """Return the list for a point chosen on the page, and its source; the point's clip is opened meanwhile."""
    if shown is None:
        return NO_POINT, NO_SOURCE
    try:
        row = picked_row(event, sum(len(embedding.frames) for embedding in shown.embeddings), shown.max_points)
        index = bisect_right(shown.starts, row) - 1
        clip = shown.clips[index]
        source = ListSource(shown.map_id, clip.content_hash, shown.clip.content_hash)
        return similar_frames_markup(with_first(shown, clip), row - shown.starts[index]), source
    except (AudioscopeError, ValueError) as error:
        return failure_markup(sentence_for(error)), NO_SOURCE


def neighbours_of_point(shown: ShownEmbedding | None, event: gr.EventData) -> Value:
    """Return the neighbours of a point that the page chose, in the space of the embedding; none without such a point."""
    if shown is None:
        return {"rows": []}
    try:
        return neighbours_value(event, shown.map_id, shown.stacked().frames, shown.max_points)
    except InvalidOption:  # the map has changed meanwhile
        return {"rows": []}


def similar_frames_markup(shown: ShownEmbedding, row: int) -> str:
    """Return a list of the frames of the clip on the player that are most similar to frame `row`, best first."""
    first = shown.embedding
    here = float(first.times[row])
    found = similar_frames(first.frames, first.times, row, MAX_LISTED, max(1.0, first.duration / 100))
    if not found:
        return NO_OTHER_FRAME
    rows = "".join(
        f"<li>{seek_button(clock_time(frame.time, 1), max(0.0, frame.time - first.frame_seconds / 2))}"
        f'<meter max="1" value="{max(0.0, frame.similarity):.2f}"></meter>{frame.similarity:.2f}'
        f"<span>{html.escape(shown.texts[frame.index])}</span></li>"
        for frame in found
    )
    source = seek_button(clock_time(here, 1), max(0.0, here - first.frame_seconds / 2))
    title = f"<p>{labels.SIMILAR_TO.format(source)}</p>"
    return f'{title}<ol class="moments">{rows}</ol><p class="summary">{labels.SIMILARITY_MEASURE}</p>'


def build_views() -> list[LazyView]:
    """Build the inner tabs Self-similarity and Dimensions."""
    with gr.Tab(labels.SELF_SIMILARITY) as similarity_tab:
        similarity = build_timed_pictures("embedding-similarity")
    with gr.Tab(labels.DIMENSIONS_TAB) as dimensions_tab:
        dimensions = build_timed_pictures("embedding-dimensions")
    return [
        LazyView(similarity_tab, [similarity], lambda shown: [similarity_markup(shown) if shown else NO_MAP]),
        LazyView(dimensions_tab, [dimensions], lambda shown: [dimensions_markup(shown) if shown else NO_MAP]),
    ]


def connect_views(views: Sequence[LazyView], shown: gr.State, changed: Sequence[Dependency]) -> None:
    """Draw a view when its tab is opened, and the open one when the embedding changes."""
    opened = gr.State(-1)
    panes = [pane for view in views for pane in view.panes]

    def draw(now: ShownEmbedding | None, open_index: int) -> list[Any]:
        drawn = [view.draw(now if index == open_index else None) for index, view in enumerate(views)]
        return [value for values in drawn for value in values]

    for index, view in enumerate(views):
        view.tab.select(lambda index=index: index, outputs=opened, queue=False, **QUIET).then(
            draw, inputs=[shown, opened], outputs=panes, **QUIET
        )
    for event in changed:
        event.then(draw, inputs=[shown, opened], outputs=panes, **QUIET)


def similarity_markup(shown: ShownEmbedding) -> str:
    """Return the self-similarity matrix of the clip on the player."""
    first = shown.embedding
    found = self_similarity(first.frames, first.times, SIMILARITY_CELLS)
    low = float(np.quantile(found.values, 0.02))
    values = (found.values - low) / max(float(found.values.max()) - low, 1e-6)
    return picture_markup(values.astype(np.float32), first.duration, labels.ABOUT_SIMILARITY, square=True)


def dimensions_markup(shown: ShownEmbedding) -> str:
    """Return a heat map of the dimensions of the clip on the player, and curves of norm and change."""
    first = shown.embedding
    heat, curves = heatmap(first.frames, first.times, HEATMAP_ROWS), norm_and_change(first.frames)
    rows = labels.ABOUT_DIMENSIONS.format(shown=len(heat.values), all=first.frames.shape[1])
    image = ((heat.values + 1) / 2).astype(np.float32)
    return (
        (picture_markup(image, first.duration, rows) if len(image) else CONSTANT)
        + curve_markup(curves.norm, first.duration, labels.NORM)
        + curve_markup(curves.change, first.duration, labels.CHANGE)
    )
