"""How a family of encoders hears a clip: in which windows, and where on the clip's time line each of its frames lies.

A clip that fits a window is one call of the bare model, of which only the frames of the sound itself are kept. A longer one is
heard in windows that overlap. Where the frames depend on what is around them, the overlap passes linearly from one window into
the next, at a distance from both edges; where they do not, the windows follow each other without any loss.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.specs.model_spec import ModelSpec

EMBEDDING = "embedding"
"""The layer before the first one."""
TEXT_SPACE = "text space"
"""The layer that sounds share with texts, where an encoder has it."""


@dataclass(frozen=True)
class Grid:
    """Where the frames of a layer lie, in samples."""

    hop: int
    """From one frame to the next."""
    centre: int
    """Of the first frame."""
    window: int
    """What is heard at once."""
    window_hop: int
    """From one window to the next, at most; a multiple of `hop`."""
    count: Callable[[int], int]
    """How many frames a sound of so many samples has; at least one."""
    fade: int = 0
    """Frames over which one window passes into the next; 0 where every window gives the same frame."""


@dataclass(frozen=True)
class Window:
    """A part of a clip that is heard at once."""

    start: int
    """Samples of the clip."""
    stop: int
    first: int
    """Its first frame, among those of the clip."""
    frames: int
    """All that belong to its sound."""


@dataclass(frozen=True)
class Ears:
    """Another encoder, whose frames are heard instead of the sound."""

    spec: ModelSpec
    family: FrameFamily


class FrameFamily(ABC):
    """A kind of encoder that gives frames, without its weights."""

    what: str
    """In a few words."""
    sample_rate: int
    """Hz."""
    layers: tuple[str, ...]
    default_layer: str
    working_bytes: int
    """Beside the model, for one window with all layers."""
    ears: Ears | None = None

    @abstractmethod
    def grid(self, layer: str) -> Grid:
        """Where its frames lie."""

    @abstractmethod
    def width(self, layer: str) -> int:
        """Of one frame."""

    @abstractmethod
    def states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """For each of `layers` the [frames, width] of `sound` [samples], which is at most a window long.

        With other ears, `sound` is their [frames, width].
        """

    def gain(self, waveform: FloatArray) -> np.float32:
        """Factor at which a clip is heard."""
        return np.float32(1)


def layer_names(layers: int) -> tuple[str, ...]:
    """The embedding and so many transformer layers; the last one is the output of the model, after its last norm."""
    return (EMBEDDING, *(f"layer {number}" for number in range(1, layers + 1)))


def frame_times(grid: Grid, frames: int, sample_rate: int) -> DoubleArray:
    """[frames], the centre of each in seconds."""
    return (grid.centre + grid.hop * np.arange(frames, dtype=np.float64)) / sample_rate


def windows(grid: Grid, samples: int) -> tuple[Window, ...]:
    """The windows of a clip of so many samples; where frames depend on what is around them, the last one is moved to be full."""
    count = 1 + max(0, ceil((samples - grid.window) / grid.window_hop))
    starts = [number * grid.window_hop for number in range(count)]
    if grid.fade and count > 1:
        starts[-1] = ceil((samples - grid.window) / grid.hop) * grid.hop
    ends = [min(samples, start + grid.window) for start in starts]
    return tuple(Window(start, end, start // grid.hop, grid.count(end - start)) for start, end in zip(starts, ends, strict=True))


class JoinedFrames:
    """The frames of a clip, growing window by window."""

    def __init__(self, grid: Grid, parts: tuple[Window, ...], width: int) -> None:
        self._fade = grid.fade
        self._heard = 0
        self.frames: FloatArray = np.empty((parts[-1].first + parts[-1].frames, width), dtype=np.float32)

    def add(self, window: Window, frames: FloatArray) -> None:
        """Put the next window's frames behind those that are there."""
        overlap = self._heard - window.first
        fade = min(self._fade, overlap)
        begin = (overlap - fade) // 2
        weight = ((np.arange(fade, dtype=np.float32) + 0.5) / max(1, fade))[:, np.newaxis]
        faded = self.frames[window.first + begin : window.first + begin + fade]
        faded += weight * (frames[begin : begin + fade] - faded)
        self._heard = window.first + window.frames
        self.frames[window.first + begin + fade : self._heard] = frames[begin + fade :]


def joins(parts: tuple[Window, ...]) -> tuple[int, ...]:
    """For each pair of neighbours the frame in the middle of what both of them heard."""
    return tuple((before.first + before.frames + after.first) // 2 for before, after in pairwise(parts))
