"""Pictures and curves along the time of the clip: a click plays that moment, and a line goes with the sound."""

from __future__ import annotations

import base64
import html
import io

import gradio as gr
import numpy as np

from components.embeddings.map import VIRIDIS
from components.page.page_script import page_script
from models.arrays import FloatArray

CURVE_WIDTH, CURVE_HEIGHT = 1000, 100
"""Of the coordinates of a curve; it is stretched to where it is shown."""
MAX_CURVE_POINTS = 2000


def build_timed_pictures(elem_id: str) -> gr.HTML:
    """An HTML component for what `picture_markup` and `curve_markup` make."""
    return gr.HTML("", elem_id=elem_id, js_on_load=page_script("embeddings/timed_picture"), apply_default_css=False)


def picture_markup(values: FloatArray, duration: float, caption: str, square: bool = False) -> str:
    """`values` [rows, columns] in 0..1 as colours, the first row at the top, the columns over `duration` seconds.

    A `square` picture has time downwards too.
    """
    kind = "timed square" if square else "timed"
    picture = f'<img src="data:image/png;base64,{base64.b64encode(png_of(values)).decode("ascii")}" alt="">'
    return _figure(kind, picture, duration, caption)


def curve_markup(values: FloatArray, duration: float, caption: str) -> str:
    """`values` [frames] over `duration` seconds as a line, the lowest at the bottom."""
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
    """`values` [rows, columns] in 0..1 as a PNG in the colours of the ramp."""
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
    attributes = f'data-end="{duration:.3f}" role="img" aria-label="{said}" title="A click plays this moment"'
    return f'<figure class="{kind}"><figcaption>{said}</figcaption><div {attributes}>{picture}<i></i></div></figure>'
