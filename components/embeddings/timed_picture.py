"""Images and curves over the time of the clip, with a playhead; a click plays from there."""

from __future__ import annotations

import base64
import html
import io

import gradio as gr
import numpy as np

from components.embeddings import labels
from components.embeddings.map import VIRIDIS
from components.page.page_script import page_script
from models.arrays import FloatArray

CURVE_WIDTH, CURVE_HEIGHT = 1000, 100
"""View box of a curve, which is stretched to the width of the page."""
MAX_CURVE_POINTS = 2000


def build_timed_pictures(elem_id: str) -> gr.HTML:
    """Build an HTML component for `picture_markup` and `curve_markup`."""
    return gr.HTML("", elem_id=elem_id, js_on_load=page_script("embeddings/timed_picture"), apply_default_css=False)


def picture_markup(values: FloatArray, duration: float, caption: str, square: bool = False) -> str:
    """Return an image of `values` [rows, columns] in 0..1, the first row at the top, the columns over `duration` seconds.

    The rows of a `square` image are times too.
    """
    kind = "timed square" if square else "timed"
    picture = f'<img src="data:image/png;base64,{base64.b64encode(png_of(values)).decode("ascii")}" alt="">'
    return _figure(kind, picture, duration, caption)


def curve_markup(values: FloatArray, duration: float, caption: str) -> str:
    """Return a curve of `values` [frames] over `duration` seconds."""
    shown = values[:: -(-len(values) // MAX_CURVE_POINTS)]
    low, span = float(shown.min()), float(np.ptp(shown)) or 1.0
    across = np.linspace(0, CURVE_WIDTH, len(shown))
    down = CURVE_HEIGHT * (0.96 - 0.92 * (shown - low) / span)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
    picture = (
        f'<svg viewBox="0 0 {CURVE_WIDTH} {CURVE_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<polyline points="{points}" vector-effect="non-scaling-stroke"/></svg>'
    )
    return _figure("timed curve", picture, duration, f"{caption}, {low:.2f} to {low + span:.2f}")


def png_of(values: FloatArray) -> bytes:
    """Encode `values` [rows, columns] in 0..1 as a PNG with viridis colours."""
    from PIL import Image

    stops = np.linspace(0, 255, len(VIRIDIS))
    ramp = np.stack([np.interp(np.arange(256), stops, [stop[c] for stop in VIRIDIS]) for c in range(3)], axis=1)
    picture = Image.fromarray(np.round(values.clip(0, 1) * 255).astype(np.uint8), mode="P")
    picture.putpalette(np.round(ramp).astype(np.uint8).tobytes())
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _figure(kind: str, picture: str, duration: float, caption: str) -> str:
    said = html.escape(caption)
    attributes = f'data-end="{duration:.3f}" role="img" aria-label="{said}" title="{labels.PLAY_FROM_HERE}"'
    return f'<figure class="{kind}"><figcaption>{said}</figcaption><div {attributes}>{picture}<i></i></div></figure>'
