"""Encoders as families: the windows in which a clip is encoded, and the time of every frame.

A clip that fits a window is one call of the bare model, of which only the frames of the sound itself are kept. A longer one is
encoded in windows that overlap. Where frames depend on their context, the overlap is a linear crossfade at a distance from both
edges; where they do not, the windows follow each other without a crossfade.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Literal

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.batching.batcher import Lend
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.clip.clip import AudioClip
from pipelines.jobs.result import LEFT_OUT, Result

TokenKind = Literal["sound", "prompt", "generated"]
"""Origin of a token."""
SOUND: TokenKind = "sound"
PROMPT: TokenKind = "prompt"
GENERATED: TokenKind = "generated"
TOKEN_KINDS = (SOUND, PROMPT, GENERATED)
EMBEDDING = "embedding"
"""The layer before the first one."""
TEXT_SPACE = "text space"
"""The layer whose space sounds share with texts, where an encoder has it."""


@dataclass(frozen=True)
class Grid:
    """Where the frames of a layer lie, in samples."""

    hop: int
    """From one frame to the next."""
    centre: int
    """Centre of the first frame."""
    window: int
    """Length of one input."""
    window_hop: int
    """From one window to the next, at most; a multiple of `hop`."""
    count: Callable[[int], int]
    """Number of frames, at least one, of a sound of so many samples."""
    fade: int = 0
    """Frames of the crossfade between windows; 0 where frames do not depend on their context."""


@dataclass(frozen=True)
class Window:
    """A part of a clip that is one input."""

    start: int
    """First sample of the clip."""
    stop: int
    """Sample behind the last."""
    first: int
    """Index of its first frame in the clip."""
    frames: int
    """Number of frames that belong to its sound."""


@dataclass(frozen=True)
class FrameSource:
    """Another encoder, whose frames are the input instead of the waveform."""

    spec: ModelSpec
    family: FrameFamily


class FrameFamily(ABC):
    """A kind of encoder whose output is frames, without its weights."""

    description: str
    """One phrase for people: what it is and what it was trained for."""
    sample_rate: int
    """Hz."""
    layers: tuple[str, ...]
    default_layer: str
    working_bytes: int
    """Memory for one window with all layers, beside the weights."""
    has_layer_norm: bool = False
    """Whether the network's layers read each frame through layer normalisation; see `ClipEmbedding.normalised_frames`."""
    source: FrameSource | None = None
    lend: Lend | None = None
    """How several people use the model at once; None where one at a time has it, because a batch saves no work: of eight people's
    patches, musicnn computes four together in 1.1 of the CPU time of one by one, and AST computes four windows in as long."""

    @abstractmethod
    def grid(self, layer: str) -> Grid:
        """Return where the frames of a layer lie."""

    @abstractmethod
    def width(self, layer: str) -> int:
        """Return the width of one frame."""

    @abstractmethod
    def hidden_states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """Return [frames, width] for each of `layers`.

        Args:
            model: as the loader gives it.
            sound: float32 [samples], at most one window; the [frames, width] of `source` where there is one.
            layers: names out of `self.layers`.
        """

    def input_gain(self, waveform: FloatArray) -> np.float32:
        """Return the factor by which the whole clip's `waveform` is multiplied before it is encoded."""
        return np.float32(1)


def layer_names(layers: int) -> tuple[str, ...]:
    """Return the names of the embedding and of `layers` transformer layers; the last one has the model's final norm."""
    return (EMBEDDING, *(f"layer {number}" for number in range(1, layers + 1)))


def frame_times(grid: Grid, frames: int, sample_rate: int) -> DoubleArray:
    """Return the centre [frames] of each frame in seconds."""
    return (grid.centre + grid.hop * np.arange(frames, dtype=np.float64)) / sample_rate


def windows(grid: Grid, samples: int) -> tuple[Window, ...]:
    """Return the windows of a clip of `samples` samples; where there is a crossfade, the last one is moved back to be full."""
    count = 1 + max(0, ceil((samples - grid.window) / grid.window_hop))
    starts = [number * grid.window_hop for number in range(count)]
    if grid.fade and count > 1:
        starts[-1] = ceil((samples - grid.window) / grid.hop) * grid.hop
    ends = [min(samples, start + grid.window) for start in starts]
    return tuple(Window(start, end, start // grid.hop, grid.count(end - start)) for start, end in zip(starts, ends, strict=True))


class JoinedFrames:
    """The frames of a clip, crossfaded window by window."""

    def __init__(self, grid: Grid, parts: tuple[Window, ...], width: int) -> None:
        self._fade = grid.fade
        self._filled = 0
        self.frames: FloatArray = np.empty((parts[-1].first + parts[-1].frames, width), dtype=np.float32)

    def add(self, window: Window, frames: FloatArray) -> None:
        """Append the frames of the next window."""
        overlap = self._filled - window.first
        fade = min(self._fade, overlap)
        begin = (overlap - fade) // 2
        weight = ((np.arange(fade, dtype=np.float32) + 0.5) / max(1, fade))[:, np.newaxis]
        faded = self.frames[window.first + begin : window.first + begin + fade]
        faded += weight * (frames[begin : begin + fade] - faded)
        self._filled = window.first + window.frames
        self.frames[window.first + begin + fade : self._filled] = frames[begin + fade :]


@dataclass(frozen=True, eq=False)
class TokenStates:
    """The tokens of a window, in the order in which the model has them."""

    frames: FloatArray
    """[tokens, width]."""
    times: DoubleArray
    """[tokens], seconds of the clip."""
    labels: tuple[str, ...]
    kinds: tuple[TokenKind, ...]


@dataclass(frozen=True, eq=False)
class EncodingJob:
    """A clip, and the model that encodes it."""

    clip: AudioClip
    spec: ModelSpec
    runtime: ModelRuntime
    stopped: Callable[[], bool]


class TokenFamily(ABC):
    """A kind of language model, without its weights."""

    description: str
    """One phrase for people: what it is."""
    layers: tuple[str, ...]
    default_layer: str
    width: int
    working_bytes: int
    has_layer_norm: bool = True
    """As in `FrameFamily`: language models are transformers."""

    @abstractmethod
    def windows(self, job: EncodingJob, layer: str) -> Generator[tuple[float, TokenStates], None, None]:
        """Yield for each window its end in seconds of the clip and its tokens; ends early if the job is stopped."""


@dataclass(frozen=True)
class Encoder(Result):
    """One encoder; a model may have several."""

    key: str
    """Name in the options and the API, e.g. 'whisper-base-encoder'."""
    spec: ModelSpec = field(metadata=LEFT_OUT)
    title: str
    width: int
    """Width of one frame of the default layer."""
    frame_rate: float
    """Frames of the default layer per second; 0 where a frame is a token of a text."""
    layers: tuple[str, ...]
    """Names of the layers, first to last."""
    default_layer: str
    licence: str
    has_text: bool
    """Whether texts can be embedded into the space of its layer `base.TEXT_SPACE`."""
    description: str
    """One phrase for people: what it is and what it was trained for."""
    family: FrameFamily | TokenFamily = field(metadata=LEFT_OUT)
    """Windows, layers, and how the model is run."""
