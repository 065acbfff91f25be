"""A small picture made large enough for the page, with crisp edges: interpolated, sharpened by a shock filter, interpolated.

A shock filter (Osher & Rudin 1990) lets either side of a blurred edge grow up to the inflection between them. Where that is, the
second derivative along the gradient of the smoothed brightness says, so that noise makes no edges (Alvarez & Mazorra 1994).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from models.arrays import FloatArray

SHARPENED_FACTOR = 2
"""The filter runs at this size; the interpolation after it smooths the steps that it leaves."""
STEPS = 6
SPEED = 0.4
"""Share of the way to the brightest or darkest neighbour that a pixel goes in one step."""
SMOOTHING = 1.0
"""Pixels, deviation of the Gaussian before derivatives are taken."""
FLAT = 1.0
"""Squared slope, in levels per pixel, below which there is no edge."""
UNIT = 256
"""Weights are whole numbers in these parts of one."""

Levels = NDArray[np.int16]


def upscaled(image: Image.Image, factor: int) -> Image.Image:
    """RGB, `factor` times as wide and high; as it is with a factor of 1."""
    if factor == 1:
        return image
    doubled = _resized(image, image.width * SHARPENED_FACTOR, image.height * SHARPENED_FACTOR)
    return _resized(_sharpened(doubled), image.width * factor, image.height * factor)


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _sharpened(image: Image.Image) -> Image.Image:
    """RGB of the same size."""
    levels: Levels = np.asarray(image).astype(np.int16)
    side = _side_of_edge(image)[..., None]  # [rows, columns, 1]
    rise, fall = ((UNIT * SPEED * np.clip(part, 0, 1)).astype(np.int16) for part in (-side, side))
    for _ in range(STEPS):
        brightest, darkest = _of_neighbours(levels, np.maximum), _of_neighbours(levels, np.minimum)
        levels = levels + (rise * (brightest - levels) - fall * (levels - darkest)) // UNIT
    return Image.fromarray(levels.astype(np.uint8))


def _side_of_edge(image: Image.Image) -> FloatArray:
    """[rows, columns], −1 to 1: below zero on the bright side of an edge, above on the dark one."""
    brightness = np.asarray(image.convert("L").filter(ImageFilter.GaussianBlur(SMOOTHING)), dtype=np.float32)
    down, right = np.gradient(brightness)
    (down_down, down_right), right_right = np.gradient(down), np.gradient(right, axis=1)
    bend = right**2 * right_right + 2 * right * down * down_right + down**2 * down_down
    side: FloatArray = np.tanh(bend / (right**2 + down**2 + FLAT))
    return side


def _of_neighbours(levels: Levels, choose: Any) -> Levels:
    """`choose` (np.maximum or np.minimum) of each pixel, or what it has made of it, and its four neighbours."""
    chosen = levels.copy()
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        choose(chosen[one], levels[other], out=chosen[one])
        choose(chosen[other], levels[one], out=chosen[other])
    return chosen
