"""A map as a picture: the points with their colours, the path through time, and what the colours mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray, FloatArray
from pipelines.embeddings.colouring import Colouring
from pipelines.embeddings.map import METHODS, EmbeddingMap

SIDE_PIXELS = 1200
LEGEND_PIXELS = 300
MARGIN_PIXELS = 60
OVERSAMPLING = 2
"""Drawn larger and reduced: smooth edges."""
MAX_NAMES = 24
"""In the legend."""
CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
"""Okabe and Ito 2008."""
RAMP = ("#440154", "#482878", "#3E4A89", "#31688E", "#26828E", "#1F9E89", "#35B779", "#6DCD59", "#B4DE2C", "#FDE725")
"""Stops of viridis (van der Walt and Smith 2015, CC0)."""
TURN, TILT = np.radians(35.0), np.radians(25.0)
"""How three dimensions are looked at."""


@dataclass(frozen=True)
class Look:
    """The colours around the points."""

    paper: str
    ink: str
    faint: str
    line: str


LIGHT = Look(paper="#FFFFFF", ink="#1B1B1F", faint="#6B6B76", line="#D9D9E0")
DARK = Look(paper="#131316", ink="#EDEDF0", faint="#9A9AA6", line="#34343C")


def map_picture(laid_out: EmbeddingMap, colouring: Colouring, title: str, is_dark: bool = False, clip: Any = None) -> Any:
    """A `PIL.Image`, RGB, 1500 by 1280 pixels.

    `colouring`: of the same frames. `title`: one line. `clip` [frames]: which clip each frame is of, so that no path leads from
    one to the next; None for one clip.
    """
    from PIL import Image, ImageDraw

    look = DARK if is_dark else LIGHT
    width, height = SIDE_PIXELS + LEGEND_PIXELS, SIDE_PIXELS + 80
    image = Image.new("RGB", (width * OVERSAMPLING, height * OVERSAMPLING), look.paper)
    draw = ImageDraw.Draw(image)
    flat, depth = _flat(laid_out.points)
    places = _places(flat)
    _draw_path(draw, places, clip, look)
    _draw_points(draw, places, depth, point_colours(colouring, look))
    _draw_legend(draw, colouring, look)
    subtitle = METHODS[laid_out.method]
    if laid_out.explained:
        subtitle += " · " + ", ".join(f"{share:.0%}" for share in laid_out.explained) + " of the variance"
    _write(draw, (MARGIN_PIXELS, SIDE_PIXELS + 8), title, look.ink, 26)
    _write(draw, (MARGIN_PIXELS, SIDE_PIXELS + 42), subtitle, look.faint, 20)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def save_picture(path: Path, picture: Any, facts: dict[str, Any]) -> None:
    """`picture` as PNG, with how it was made as JSON under 'audioscope' inside."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("audioscope", json.dumps(facts, ensure_ascii=False))
    picture.save(path, "PNG", pnginfo=info)


def point_colours(colouring: Colouring, look: Look = LIGHT) -> NDArray[np.uint8]:
    """[frames, 3], RGB; what has no name is faint."""
    if colouring.kind == "categorical":
        table = np.array([_rgb(colour) for colour in (*CATEGORIES, look.line)], dtype=np.uint8)
        values = colouring.values.astype(np.int64)
        named: NDArray[np.uint8] = table[np.where(values < 0, len(CATEGORIES), values % len(CATEGORIES))]
        return named
    low, high = _ends(colouring)
    return _on_ramp((colouring.values - low) / max(high - low, 1e-9))


def _ends(colouring: Colouring) -> tuple[float, float]:
    """The values that the ramp begins and ends with; a few stray ones do not stretch it."""
    low, high = np.percentile(colouring.values, (1, 99))
    return float(low), float(high)


def _on_ramp(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    """[n, 3], RGB, for values from 0 to 1."""
    stops = np.array([_rgb(colour) for colour in RAMP], dtype=np.float64)
    places = np.linspace(0, 1, len(RAMP))
    return np.round(np.stack([np.interp(share, places, channel) for channel in stops.T], axis=1)).astype(np.uint8)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _flat(points: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """(points [n, 2], how near each is [n])."""
    if points.shape[1] == 2:
        return points.astype(np.float64), np.zeros(len(points))
    x, y, z = points.T.astype(np.float64)
    across, away = x * np.cos(TURN) + z * np.sin(TURN), z * np.cos(TURN) - x * np.sin(TURN)
    return np.stack([across, y * np.cos(TILT) + away * np.sin(TILT)], axis=1), -away * np.cos(TILT)


def _places(flat: DoubleArray) -> DoubleArray:
    """[n, 2] in oversampled pixels, y downwards."""
    reach = max(1.0, float(np.abs(flat).max()))
    radius = SIDE_PIXELS / 2 - MARGIN_PIXELS
    return (SIDE_PIXELS / 2 + radius * flat / reach * (1, -1)) * OVERSAMPLING


def _draw_path(draw: Any, places: DoubleArray, clip: Any, look: Look) -> None:
    edges = [0, *(np.flatnonzero(np.diff(clip)) + 1).tolist(), len(places)] if clip is not None else [0, len(places)]
    for first, last in pairwise(edges):
        if last - first > 1:
            draw.line([tuple(place) for place in places[first:last].tolist()], fill=look.line, width=OVERSAMPLING)


def _draw_points(draw: Any, places: DoubleArray, depth: DoubleArray, colours: NDArray[np.uint8]) -> None:
    """The far ones first; smaller where there are many."""
    radius = float(np.clip(240 / np.sqrt(len(places)), 2, 7)) * OVERSAMPLING
    for frame in np.argsort(depth, kind="stable").tolist():
        x, y = places[frame].tolist()
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(colours[frame].tolist()))


def _draw_legend(draw: Any, colouring: Colouring, look: Look) -> None:
    left, top = SIDE_PIXELS + 10, MARGIN_PIXELS
    _write(draw, (left, top), colouring.label, look.ink, 24)
    if colouring.kind == "continuous":
        low, high = _ends(colouring)
        for step, colour in enumerate(_on_ramp(np.linspace(1, 0, 200)).tolist()):
            box = [left, top + 50 + 2 * step, left + 28, top + 52 + 2 * step]
            draw.rectangle([OVERSAMPLING * edge for edge in box], fill=tuple(colour))
        for value, place in ((high, top + 46), (low, top + 432)):
            _write(draw, (left + 40, place), f"{value:.1f} {colouring.unit}".strip(), look.faint, 20)
        return
    for row, name in enumerate(colouring.names[:MAX_NAMES]):
        y = top + 50 + 36 * row
        box = [left, y + 4, left + 18, y + 22]
        draw.ellipse([OVERSAMPLING * edge for edge in box], fill=CATEGORIES[row % len(CATEGORIES)])
        _write(draw, (left + 30, y), name if len(name) <= 24 else name[:23] + "…", look.ink, 20)
    if len(colouring.names) > MAX_NAMES:
        rest = len(colouring.names) - MAX_NAMES
        _write(draw, (left + 30, top + 50 + 36 * MAX_NAMES), f"and {rest} more", look.faint, 20)


def _write(draw: Any, place: tuple[float, float], text: str, colour: str, size: int) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(size * OVERSAMPLING)
    draw.text((place[0] * OVERSAMPLING, place[1] * OVERSAMPLING), text, fill=colour, font=font)
