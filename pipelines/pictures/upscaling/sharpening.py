"""Enlarge a small picture with crisp edges: interpolate, sharpen with a shock filter, interpolate.

A shock filter (Osher & Rudin 1990) lets either side of a blurred edge grow up to the inflection between them. The second
derivative along the gradient of the smoothed brightness locates it, so that noise makes no edges (Alvarez & Mazorra 1994).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from models.arrays import FloatArray

SHARPENING_FACTOR = 2
"""The filter runs at this size; the interpolation after it smooths the steps that it leaves."""
FILTER_STEPS = 6
STEP_SIZE = 0.4
"""Fraction of the difference to the brightest or darkest neighbour by which a pixel changes in one step."""
SMOOTHING_PIXELS = 1.0
"""Standard deviation of the Gaussian that smooths before derivatives are taken."""
MIN_SQUARED_SLOPE = 1.0
"""Squared slope, in levels per pixel, below which there is no edge."""
FIXED_POINT_ONE = 256
"""1.0 in the fixed-point weights of the filter."""

Levels = NDArray[np.int16]


def upscale(image: Image.Image, factor: int) -> Image.Image:
    """Return `image`, RGB, enlarged `factor` times on each side."""
    if factor == 1:
        return image
    doubled = _resize(image, image.width * SHARPENING_FACTOR, image.height * SHARPENING_FACTOR)
    return _resize(_sharpen(doubled), image.width * factor, image.height * factor)


def _resize(image: Image.Image, width: int, height: int) -> Image.Image:
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _sharpen(image: Image.Image) -> Image.Image:
    """Sharpen an RGB image."""
    levels: Levels = np.asarray(image).astype(np.int16)
    side = _side_of_edge(image)[..., None]  # [rows, columns, 1]
    rise, fall = ((FIXED_POINT_ONE * STEP_SIZE * np.clip(part, 0, 1)).astype(np.int16) for part in (-side, side))
    for _ in range(FILTER_STEPS):
        brightest, darkest = _neighbour_extreme(levels, np.maximum), _neighbour_extreme(levels, np.minimum)
        levels = levels + (rise * (brightest - levels) - fall * (levels - darkest)) // FIXED_POINT_ONE
    return Image.fromarray(levels.astype(np.uint8))


def _side_of_edge(image: Image.Image) -> FloatArray:
    """Return [rows, columns], -1 to 1: below zero on the bright side of an edge, above on the dark one."""
    brightness = np.asarray(image.convert("L").filter(ImageFilter.GaussianBlur(SMOOTHING_PIXELS)), dtype=np.float32)
    down, right = np.gradient(brightness)
    (down_down, down_right), right_right = np.gradient(down), np.gradient(right, axis=1)
    bend = right**2 * right_right + 2 * right * down * down_right + down**2 * down_down
    side: FloatArray = np.tanh(bend / (right**2 + down**2 + MIN_SQUARED_SLOPE))
    return side


def _neighbour_extreme(levels: Levels, choose: Any) -> Levels:
    """Return `choose` (np.maximum or np.minimum) over each pixel and its four neighbours."""
    chosen = levels.copy()
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        choose(chosen[one], levels[other], out=chosen[one])
        choose(chosen[other], levels[one], out=chosen[other])
    return chosen
