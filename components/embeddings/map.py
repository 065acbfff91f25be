"""The interactive map of an embedding: a custom component on gr.HTML with its own script, synchronised with the player.

view = build_embedding_map()                   # once, inside gr.Blocks
return map_value(MapView(...))                 # an event shows a map; None shows none
view.picked(handler)                           # a point was chosen; `picked_row` returns its frame
view.isolated(handler)                         # its neighbours are wanted; `neighbours_value` answers, for the same page
view.recoloured(handler)                       # a saved view has another colouring; `point_colours.wanted_colour` returns it
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from components.embeddings import labels
from components.page.page_script import page_script
from components.timeline.timeline import encoded, event_field
from models.arrays import DoubleArray, FloatArray
from models.errors import InvalidOption
from pipelines.embeddings.analysis import all_nearest_frames, nearest_frames
from pipelines.embeddings.colouring import Colouring, ramp_range

FULL_SCALE = 32_767
NO_COLOUR = 255
MAX_CATEGORIES = 254
MAX_GAP_SECONDS = 0.2
"""Selected frames that are closer together are played as one segment."""
NEIGHBOURS = 50
"""Number of neighbours of a point in the space of the embedding that are shown alone."""
MAX_POINTS_WITH_NEIGHBOURS = 6_000
"""Points of a map on a page of its own, above which it holds no neighbours: 6,000 have 0.8 MB of them."""
MIN_SEGMENT_SECONDS = 0.15
"""A shorter segment is extended: a single frame would sound like a click."""
VIRIDIS = (
    *((68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141)),
    *((39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37)),
)
"""Nine stops of matplotlib's viridis (van der Walt and Smith, CC0)."""
LOOK = {
    "ramps": {"light": VIRIDIS[:8], "dark": VIRIDIS[1:]},
    "colours": ("blue", "orange", "green", "pink", "sky", "grey", "red"),
    "join": MAX_GAP_SECONDS,
    "shortest": MIN_SEGMENT_SECONDS,
    "neighbours": NEIGHBOURS,
    "view": labels.VIEW,
    "deleteView": labels.DELETE_VIEW,
    "newerViews": labels.NEWER_VIEWS,
    "onlyThis": labels.ONLY_THIS,
    "moreNames": labels.MORE_NAMES,
    "looped": labels.LOOPED,
    "stretch": labels.STRETCH,
    "stretches": labels.STRETCHES,
    "found": labels.FOUND,
}
"""Constants of the script; each ramp leaves out the end that has no contrast to the background."""
TEMPLATE = f"""
<section class="em" data-empty="true" aria-label="{labels.MAP}">
  <p class="empty">{labels.NO_MAP}</p>
  <div class="em-stage">
    <canvas class="em-base" aria-hidden="true"></canvas>
    <canvas class="em-over" role="application" tabindex="0"></canvas>
    <span class="em-tip" hidden></span>
  </div>
  <div class="em-legend" role="group" aria-label="{labels.COLOURS}"></div>
  <div class="em-find">
    <input type="search" class="em-search" maxlength="100" aria-label="{labels.SEARCH}" placeholder="{labels.SEARCH}"
      title="{labels.SEARCH_KEYS}">
    <output class="em-count"></output>
    <button type="button" class="em-near" aria-pressed="false" disabled title="{labels.ABOUT_NEIGHBOURS.format(NEIGHBOURS)}"
      >{labels.ISOLATE}</button>
    <button type="button" class="em-save" title="{labels.ABOUT_VIEWS}">{labels.SAVE_VIEW}</button>
    <div class="em-views" role="group" aria-label="{labels.SAVED_VIEWS}"></div>
  </div>
  <div class="em-foot">
    <p class="em-now"></p>
    <div class="em-tools">
      <button type="button" class="em-clear" hidden>{labels.PLAY_ALL}</button>
      <button type="button" class="em-lasso" aria-pressed="false" title="{labels.SELECT_HOW}"
        >{labels.SELECT}</button>
      <button type="button" class="em-out" aria-label="{labels.ZOOM_OUT}">−</button>
      <button type="button" class="em-in" aria-label="{labels.ZOOM_IN}">+</button>
      <button type="button" class="em-fit">{labels.FIT}</button>
    </div>
  </div>
  <p class="em-hint" aria-hidden="true"></p>
  <div class="em-live" role="status" aria-live="polite"></div>
</section>
"""

Value = dict[str, Any]


@dataclass(frozen=True, eq=False)
class MapView:
    """A map with its colours and hover texts. The first `own` points are those of the clip on the player."""

    map_id: str
    """Identity of the map: zoom, rotation and selection are kept while it is the same."""
    layout: str
    """Clips and options of the map: the same after a reload, so that saved views belong to it."""
    points: FloatArray
    """[points, 2 or 3], in [-1, 1]."""
    times: DoubleArray
    """[points], centre of each frame in seconds of its own clip; ascending within a clip."""
    frame_seconds: float
    duration: float
    """Duration of the clip on the player, in seconds."""
    colouring: Colouring
    texts: tuple[str, ...]
    """[points], hover texts without their times."""
    title: str
    """E.g. 'PCA of Whisper base'."""
    clips: tuple[str, ...] = ("",)
    """Names of the clips, the one on the player first."""
    hashes: tuple[str, ...] = ("",)
    """Content hashes of the clips, by which the page opens them."""
    starts: tuple[int, ...] = (0,)
    """Index of the first point of each clip."""
    max_points: int = 0
    """Points that are drawn at most, 0 for all; of more, every second, third … one is."""

    @property
    def own(self) -> int:
        """Number of points of the clip on the player."""
        return self.starts[1] if len(self.starts) > 1 else len(self.points)


def build_embedding_map(elem_id: str = "embedding-map") -> gr.HTML:
    """Build the component, without a map."""
    return gr.HTML(
        value=None,
        elem_id=elem_id,
        html_template=TEMPLATE,
        js_on_load=map_script(),
        apply_default_css=False,
    )


def map_script() -> str:
    """Return the script of the map, which expects `element`, `trigger`, `props` and `watch`."""
    # In the script and not a property of the component: an update before its tab is opened loses properties.
    return f"const look = {json.dumps(LOOK)};\n{page_script('embeddings/js/map')}"


def new_map_id() -> str:
    """Return an id for a new map."""
    return uuid4().hex


def map_value(view: MapView) -> Value:
    """Return the component's value, with arrays in base64: 20,000 points are some hundred kilobytes."""
    stride = point_stride(len(view.points), view.max_points)
    texts = view.texts[::stride]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    colouring = view.colouring
    low, high = _ends(colouring)
    return {
        "id": view.map_id,
        "layout": view.layout,
        "dimensions": view.points.shape[1],
        "own": -(-view.own // stride),
        "hop": view.frame_seconds * stride,
        "duration": view.duration,
        "starts": [-(-start // stride) for start in view.starts],
        "clips": list(view.clips),
        "hashes": list(view.hashes),
        "points": encoded(np.round(view.points[::stride].clip(-1, 1) * FULL_SCALE).astype("<i2")),
        "times": encoded(view.times[::stride].astype("<f4")),
        "colours": encoded(colour_indices(colouring)[::stride]),
        "colour": colouring.key,
        "label": colouring.label,
        "names": list(colouring.names),
        "low": low,
        "high": high,
        "texts": list(places),
        "textOf": encoded(np.array([places[text] for text in texts], dtype="<u2")),
        "description": _sentence(view),
        "hint": labels.MAP_KEYS.format(moves=_moves(view)),
    }


def picked_row(event: gr.EventData, rows: int, max_points: int) -> int:
    """Return which of the `rows` frames of a map with `max_points` points the person chose; the page may claim anything.

    Raises:
        InvalidOption: there is no such point.
    """
    row, stride = event_field(event, "row"), point_stride(rows, max_points)
    if type(row) is not int or not 0 <= row * stride < rows:
        raise InvalidOption("point", row, f"0 to {(rows - 1) // stride}")
    return row * stride


def thinned(rows: int, max_points: int) -> str:
    """Return a sentence and a space if not all of `rows` frames are drawn; otherwise an empty string."""
    stride = point_stride(rows, max_points)
    return labels.THINNED.format(stride=stride, rows=rows) if stride > 1 else ""


def neighbours_value(event: gr.EventData, map_id: str, frames: FloatArray, max_points: int) -> Value:
    """Return the rows of the neighbours of the point whose neighbours the page wants; the page may claim anything.

    Args:
        event: 'isolated' {row}.
        map_id: identity of the map.
        frames: [points of the map before it was thinned, width].
        max_points: of the map.

    Raises:
        InvalidOption: there is no such point.
    """
    stride = point_stride(len(frames), max_points)
    row = picked_row(event, len(frames), max_points) // stride
    return {"map": map_id, "row": row, "rows": nearest_frames(frames[::stride], row, NEIGHBOURS).tolist()}


def with_neighbours(value: Value, frames: FloatArray) -> Value:
    """Return the value of a map with the neighbours of all of its points, for a page without Python; with none for too many."""
    has_neighbours = 2 <= len(frames) <= MAX_POINTS_WITH_NEIGHBOURS
    return {**value, "near": encoded(all_nearest_frames(frames, NEIGHBOURS).astype("<u2")) if has_neighbours else ""}


def point_stride(rows: int, max_points: int) -> int:
    """Return n where every n-th of so many frames is drawn, so that at most `max_points` are, 0 for all."""
    return max(1, -(-rows // (max_points or max(1, rows))))


def colour_indices(colouring: Colouring) -> NDArray[np.uint8]:
    """Return [points], 0 to 254 on a ramp or the index of the category; 255 for no value."""
    values = colouring.values
    if colouring.kind == "categorical":
        return np.where(values < 0, NO_COLOUR, np.minimum(values, MAX_CATEGORIES)).astype(np.uint8)
    known = np.isfinite(values)
    low, span = ramp_range(values.astype(np.float32))
    share = np.clip((np.where(known, values, low) - low) / span, 0, 1)
    return np.where(known, np.round(share * (NO_COLOUR - 1)), NO_COLOUR).astype(np.uint8)


def _ends(colouring: Colouring) -> tuple[str, str]:
    """Return the labels at the ends of a ramp."""
    if colouring.kind == "categorical":
        return "", ""
    low, span = ramp_range(colouring.values.astype(np.float32))
    unit = f" {colouring.unit}" if colouring.unit else ""
    return f"{low:.1f}{unit}", f"{low + span:.1f}{unit}"


def _sentence(view: MapView) -> str:
    return labels.MAP_DESCRIPTION.format(
        title=view.title,
        points=len(view.points),
        others=labels.OTHER_CLIPS.format(len(view.clips)) if len(view.clips) > 1 else "",
        space=labels.PLANE if view.points.shape[1] == 2 else labels.SPACE,
        colours=view.colouring.label.lower(),
        thinned=thinned(len(view.points), view.max_points),
        moves=_moves(view),
    )


def _moves(view: MapView) -> str:
    """Return what dragging does."""
    return labels.MOVE if view.points.shape[1] == 2 else labels.TURN
