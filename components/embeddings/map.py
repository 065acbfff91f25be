"""The map of an embedding as people see it: a custom component on gr.HTML with its own script; it moves with the sound.

view = build_embedding_map()                   # once, inside gr.Blocks
return map_value(MapView(...))                 # an event shows a map; None shows none
view.picked(handler)                           # a point was chosen; `picked_row` reads which frame it is
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from components.page.page_script import page_script
from components.timeline.timeline import encoded, event_field
from models.arrays import DoubleArray, FloatArray
from models.errors import InvalidOption
from pipelines.embeddings.colouring import Colouring

MAX_POINTS = 40_000
"""Of a longer clip every second, third … frame is shown."""
FULL_SCALE = 32_767
NO_COLOUR = 255
MAX_CATEGORIES = 254
JOIN_SECONDS = 0.2
"""Chosen moments that are closer together are played as one stretch."""
SHORTEST_STRETCH_SECONDS = 0.15
"""A shorter one is widened: a single frame would be a click."""
VIRIDIS = (
    *((68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141)),
    *((39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37)),
)
"""Nine stops of matplotlib's ramp (van der Walt and Smith, CC0): as steep in lightness everywhere, also for colour-blind eyes."""
LOOK = {
    "ramps": {"light": VIRIDIS[:8], "dark": VIRIDIS[1:]},
    "colours": ("blue", "orange", "green", "pink", "sky", "grey", "red"),
    "join": JOIN_SECONDS,
    "shortest": SHORTEST_STRETCH_SECONDS,
}
"""For the script; a ramp leaves out what could not be seen on its background."""
TEMPLATE = """
<section class="em" data-empty="true" aria-label="Map of the embedding">
  <p class="empty">The map of what a model heard will be here: each moment is a point, and those that it finds alike lie together.
    Choose a clip above, then press Show.</p>
  <div class="em-stage">
    <canvas class="em-base" aria-hidden="true"></canvas>
    <canvas class="em-over" role="application" tabindex="0"></canvas>
    <span class="em-tip" hidden></span>
  </div>
  <div class="em-legend" role="group" aria-label="Colours"></div>
  <div class="em-foot">
    <p class="em-now"></p>
    <div class="em-tools">
      <button type="button" class="em-clear" hidden>Play all</button>
      <button type="button" class="em-lasso" aria-pressed="false" title="Draw around what shall play">Select</button>
      <button type="button" class="em-out" aria-label="Zoom out">−</button>
      <button type="button" class="em-in" aria-label="Zoom in">+</button>
      <button type="button" class="em-fit">Fit</button>
    </div>
  </div>
  <p class="em-hint" aria-hidden="true"></p>
  <div class="em-live" role="status" aria-live="polite"></div>
</section>
"""

Value = dict[str, Any]


@dataclass(frozen=True, eq=False)
class MapView:
    """A map, its colours, and what stands at its points. The first `own` rows are of the clip that is on the player."""

    map_id: str
    """The person's view of a map (zoom, rotation, choice) stays while this does."""
    points: FloatArray
    """[rows, 2 or 3], in [-1, 1]."""
    times: DoubleArray
    """[rows], seconds, the centre of each frame in its own clip; never falls within a clip."""
    frame_seconds: float
    duration: float
    """Of the clip on the player, in seconds."""
    colouring: Colouring
    texts: tuple[str, ...]
    """[rows], what is heard there, beside the time."""
    title: str
    """E.g. 'PCA of Whisper base'."""
    clips: tuple[str, ...] = ("",)
    """Names, the one on the player first."""
    hashes: tuple[str, ...] = ("",)
    """By which the page opens them."""
    starts: tuple[int, ...] = (0,)
    """The first row of each clip."""

    @property
    def own(self) -> int:
        """Rows of the clip that is on the player."""
        return self.starts[1] if len(self.starts) > 1 else len(self.points)


def build_embedding_map(elem_id: str = "embedding-map") -> gr.HTML:
    """The component, showing no map yet."""
    return gr.HTML(
        value=None,
        elem_id=elem_id,
        html_template=TEMPLATE,
        # In the script and no property of the component: an update that comes before its tab was opened loses properties.
        js_on_load=f"const look = {json.dumps(LOOK)};\n{page_script('embeddings/js/map')}",
        apply_default_css=False,
    )


def new_map_id() -> str:
    """For a map that has just been made."""
    return uuid4().hex


def map_value(view: MapView) -> Value:
    """The component's value: arrays as base64, so that 20,000 points are some hundred kilobytes."""
    stride = _stride(len(view.points))
    texts = view.texts[::stride]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    colouring = view.colouring
    low, high = _ends(colouring)
    return {
        "id": view.map_id,
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
        "label": colouring.label,
        "names": list(colouring.names),
        "low": low,
        "high": high,
        "texts": list(places),
        "textOf": encoded(np.array([places[text] for text in texts], dtype="<u2")),
        "says": _sentence(view),
        "hint": f"drag or arrows {_moves(view)} · scroll or + − zoom · shift ← → step · enter plays · esc plays all",
    }


def picked_row(event: gr.EventData, rows: int) -> int:
    """Which of the `rows` frames of the map the person chose; the page may claim anything.

    Raises:
        InvalidOption: there is no such point.
    """
    row, stride = event_field(event, "row"), _stride(rows)
    if type(row) is not int or not 0 <= row * stride < rows:
        raise InvalidOption("point", row, f"0 to {(rows - 1) // stride}")
    return row * stride


def thinned(rows: int) -> str:
    """A sentence and a space where not every one of the `rows` frames is drawn; else nothing."""
    stride = _stride(rows)
    return f"One frame in {stride} of {rows:,} is drawn. " if stride > 1 else ""


def _stride(rows: int) -> int:
    """Every how-manieth row is shown."""
    return -(-rows // MAX_POINTS)


def colour_indices(colouring: Colouring) -> NDArray[np.uint8]:
    """[rows]: 0 to 254 on a ramp, or the category; 255 for what has no value."""
    values = colouring.values
    if colouring.kind == "categorical":
        return np.where(values < 0, NO_COLOUR, np.minimum(values, MAX_CATEGORIES)).astype(np.uint8)
    known = np.isfinite(values)
    low, span = _range(values[known].astype(np.float32))
    filled = np.where(known, values, low)
    return np.where(known, np.round((filled - low) / span * (NO_COLOUR - 1)), NO_COLOUR).astype(np.uint8)


def _range(values: FloatArray) -> tuple[float, float]:
    """The lowest, and how much higher the highest is."""
    if not values.size:
        return 0.0, 1.0
    return float(values.min()), float(np.ptp(values)) or 1.0


def _ends(colouring: Colouring) -> tuple[str, str]:
    """What stands at the ends of a ramp."""
    if colouring.kind == "categorical":
        return "", ""
    values = colouring.values.astype(np.float32)
    low, span = _range(values[np.isfinite(values)])
    unit = f" {colouring.unit}" if colouring.unit else ""
    return f"{low:.1f}{unit}", f"{low + span:.1f}{unit}"


def _sentence(view: MapView) -> str:
    dimensions = "a plane" if view.points.shape[1] == 2 else "space"
    others = f" of {len(view.clips)} clips" if len(view.clips) > 1 else ""
    colours = view.colouring.label.lower()
    return (
        f"{view.title}: {len(view.points)} moments{others} as points in {dimensions}, coloured by {colours}. "
        f"{thinned(len(view.points))}Arrows {_moves(view)} it, plus and minus zoom, Shift with left and right steps "
        "through time, Page Down and Page Up take ten steps, Enter plays, Escape ends a selection."
    )


def _moves(view: MapView) -> str:
    """What dragging does."""
    return "move" if view.points.shape[1] == 2 else "turn"
