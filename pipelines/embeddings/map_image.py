"""A map as a PNG: coloured points, the path through time, and a legend."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray, FloatArray
from pipelines.embeddings.colouring import Colouring, ramp_range
from pipelines.embeddings.map import METHODS, EmbeddingMap
from pipelines.wording.grammar import share

SIDE_PIXELS = 1200
LEGEND_PIXELS = 300
MARGIN_PIXELS = 60
OVERSAMPLING = 2
"""Factor by which the image is drawn larger and then reduced, for smooth edges."""
MAX_LEGEND_NAMES = 24
CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
"""Colours of Okabe and Ito 2008."""
RAMP = ("#440154", "#482878", "#3E4A89", "#31688E", "#26828E", "#1F9E89", "#35B779", "#6DCD59", "#B4DE2C", "#FDE725")
"""Stops of viridis (van der Walt and Smith 2015, CC0)."""
TURN, TILT = np.radians(35.0), np.radians(25.0)
"""Yaw and pitch at which three dimensions are drawn, in radians."""


@dataclass(frozen=True)
class MapTheme:
    """Colours of everything but the points."""

    background: str
    text: str
    faint_text: str
    line: str


LIGHT = MapTheme(background="#FFFFFF", text="#1B1B1F", faint_text="#6B6B76", line="#D9D9E0")
DARK = MapTheme(background="#131316", text="#EDEDF0", faint_text="#9A9AA6", line="#34343C")


def map_image(
    embedding_map: EmbeddingMap, colouring: Colouring, title: str, is_dark: bool = False, clip_index: Any = None
) -> Any:
    """Draw a map as a `PIL.Image`, RGB, 1500 by 1280 pixels.

    Args:
        embedding_map: the map.
        colouring: of the same frames.
        title: one line below the map.
        is_dark: whether the background is dark.
        clip_index: [frames], index of the clip of each frame, so that no path joins two clips; None for one clip.
    """
    from PIL import Image, ImageDraw

    theme = DARK if is_dark else LIGHT
    width, height = SIDE_PIXELS + LEGEND_PIXELS, SIDE_PIXELS + 80
    image = Image.new("RGB", (width * OVERSAMPLING, height * OVERSAMPLING), theme.background)
    draw = ImageDraw.Draw(image)
    projected, depth = _projected(embedding_map.points)
    positions = _pixel_positions(projected)
    _draw_path(draw, positions, clip_index, theme)
    _draw_points(draw, positions, depth, point_colours(colouring, theme))
    _draw_legend(draw, colouring, theme)
    subtitle = METHODS[embedding_map.method]
    if embedding_map.explained_variance_ratio:
        subtitle += " · " + ", ".join(share(ratio) for ratio in embedding_map.explained_variance_ratio) + " of the variance"
    _write(draw, (MARGIN_PIXELS, SIDE_PIXELS + 8), title, theme.text, 26)
    _write(draw, (MARGIN_PIXELS, SIDE_PIXELS + 42), subtitle, theme.faint_text, 20)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def save_map_image(path: Path, image: Any, metadata: dict[str, Any]) -> None:
    """Write `image` as PNG, with `metadata` as JSON in the text chunk 'audioscope'."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("audioscope", json.dumps(metadata, ensure_ascii=False))
    image.save(path, "PNG", pnginfo=info)


def point_colours(colouring: Colouring, theme: MapTheme = LIGHT) -> NDArray[np.uint8]:
    """Return the colours of the points, RGB [frames, 3]; frames without a category are faint."""
    if colouring.kind == "categorical":
        table = np.array([_rgb(colour) for colour in (*CATEGORIES, theme.line)], dtype=np.uint8)
        values = colouring.values.astype(np.int64)
        named: NDArray[np.uint8] = table[np.where(values < 0, len(CATEGORIES), values % len(CATEGORIES))]
        return named
    low, span = ramp_range(colouring.values.astype(np.float32))
    return _on_ramp((colouring.values - low) / span)


def _on_ramp(fraction: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return RGB [n, 3] for values from 0 to 1."""
    stops = np.array([_rgb(colour) for colour in RAMP], dtype=np.float64)
    positions = np.linspace(0, 1, len(RAMP))
    return np.round(np.stack([np.interp(fraction, positions, channel) for channel in stops.T], axis=1)).astype(np.uint8)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _projected(points: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """Return the points in the picture's plane [n, 2], and their depth towards the viewer [n]."""
    if points.shape[1] == 2:
        return points.astype(np.float64), np.zeros(len(points))
    x, y, z = points.T.astype(np.float64)
    across, away = x * np.cos(TURN) + z * np.sin(TURN), z * np.cos(TURN) - x * np.sin(TURN)
    return np.stack([across, y * np.cos(TILT) + away * np.sin(TILT)], axis=1), -away * np.cos(TILT)


def _pixel_positions(projected: DoubleArray) -> DoubleArray:
    """Return the positions [n, 2] in oversampled pixels, y downwards."""
    reach = max(1.0, float(np.abs(projected).max()))
    radius = SIDE_PIXELS / 2 - MARGIN_PIXELS
    return (SIDE_PIXELS / 2 + radius * projected / reach * (1, -1)) * OVERSAMPLING


def _draw_path(draw: Any, positions: DoubleArray, clip_index: Any, theme: MapTheme) -> None:
    edges = (
        [0, *(np.flatnonzero(np.diff(clip_index)) + 1).tolist(), len(positions)]
        if clip_index is not None
        else [0, len(positions)]
    )
    for first, last in pairwise(edges):
        if last - first > 1:
            draw.line([tuple(position) for position in positions[first:last].tolist()], fill=theme.line, width=OVERSAMPLING)


def _draw_points(draw: Any, positions: DoubleArray, depth: DoubleArray, colours: NDArray[np.uint8]) -> None:
    """Draw far points first; many points are smaller."""
    radius = float(np.clip(240 / np.sqrt(len(positions)), 2, 7)) * OVERSAMPLING
    for frame in np.argsort(depth, kind="stable").tolist():
        x, y = positions[frame].tolist()
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(colours[frame].tolist()))


def _draw_legend(draw: Any, colouring: Colouring, theme: MapTheme) -> None:
    left, top = SIDE_PIXELS + 10, MARGIN_PIXELS
    _write(draw, (left, top), colouring.label, theme.text, 24)
    if colouring.kind == "continuous":
        low, span = ramp_range(colouring.values.astype(np.float32))
        for step, colour in enumerate(_on_ramp(np.linspace(1, 0, 200)).tolist()):
            box = [left, top + 50 + 2 * step, left + 28, top + 52 + 2 * step]
            draw.rectangle([OVERSAMPLING * edge for edge in box], fill=tuple(colour))
        for value, y in ((low + span, top + 46), (low, top + 432)):
            _write(draw, (left + 40, y), f"{value:.1f} {colouring.unit}".strip(), theme.faint_text, 20)
        return
    for row, name in enumerate(colouring.names[:MAX_LEGEND_NAMES]):
        y = top + 50 + 36 * row
        box = [left, y + 4, left + 18, y + 22]
        draw.ellipse([OVERSAMPLING * edge for edge in box], fill=CATEGORIES[row % len(CATEGORIES)])
        _write(draw, (left + 30, y), name if len(name) <= 24 else name[:23] + "…", theme.text, 20)
    if len(colouring.names) > MAX_LEGEND_NAMES:
        rest = len(colouring.names) - MAX_LEGEND_NAMES
        _write(draw, (left + 30, top + 50 + 36 * MAX_LEGEND_NAMES), f"and {rest} more", theme.faint_text, 20)


def _write(draw: Any, position: tuple[float, float], text: str, colour: str, size: int) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(size * OVERSAMPLING)
    draw.text((position[0] * OVERSAMPLING, position[1] * OVERSAMPLING), text, fill=colour, font=font)
