"""The embeddings of a clip, and the check that they are numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.specs.model_spec import AUTO
from pipelines.embeddings.encoders.base import Encoder, TokenKind
from pipelines.embeddings.errors import BrokenEmbedding, EmptyEmbedding
from pipelines.jobs.model_use import ModelUse

MAX_MAGNITUDE = 1e15
"""Largest absolute value of a frame whose squares can be summed in float32."""
NORM_EPSILON = 1e-5
"""Added to the variance of a frame, as in torch's LayerNorm, so that a frame of equal values stays finite."""


@dataclass(frozen=True, eq=False)
class ClipEmbedding(ModelUse):
    """The frames of one layer over the whole clip."""

    frames: FloatArray
    """[frames, width], C-contiguous and read-only; at least one."""
    times: DoubleArray
    """[frames], centre of each frame in seconds of the clip, ascending; for tokens see `encoders.decoder_tokens`."""
    frame_seconds: float
    """Hop between frames in seconds; 0 where frames are tokens."""
    encoder: Encoder
    layer: str
    content_hash: str
    """Content hash of the clip."""
    duration: float
    """Duration of the clip, in seconds."""
    labels: tuple[str, ...] = ()
    """[frames], the tokens, where frames are tokens; otherwise empty."""
    kinds: tuple[TokenKind, ...] = ()
    """[frames], origin of each token: audio, text of the prompt, or generated; empty where `labels` is."""

    def normalised_frames(self) -> FloatArray:
        """Return the frames [frames, width] as they are best compared: as the next layer of the network reads them.

        Transformers read each frame through layer normalisation (Ba, Kiros and Hinton 2016). Before it, a few frames have one
        dimension a hundred times larger than all others (massive activations, Sun et al. 2024): in layer 5 of Whisper base 1 to
        6 % of the frames and 0.66 to 0.88 of the variance. Frames of other networks are returned as they are.

        Raises:
            EmptyEmbedding, BrokenEmbedding: see `check_frames`.
        """
        check_frames(self.frames)
        if not self.encoder.family.has_layer_norm:
            return self.frames
        centred: FloatArray = self.frames - self.frames.mean(axis=1, keepdims=True)
        centred /= np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + np.float32(NORM_EPSILON))
        return centred


def check_frames(frames: FloatArray) -> None:
    """Check `frames` [n, width] before they are used.

    Raises:
        EmptyEmbedding: there are no frames.
        BrokenEmbedding: a value is NaN or above `MAX_MAGNITUDE`, as half precision sometimes makes them.
    """
    if not len(frames):
        raise EmptyEmbedding
    if not max(frames.max(), -frames.min()) <= MAX_MAGNITUDE:  # NaN fails every comparison
        raise BrokenEmbedding


@dataclass(frozen=True)
class EmbeddingOptions:
    """Options of `embed_clip`."""

    encoder: str = AUTO
    """Key of an `Encoder`."""
    layer: str = ""
    """Name of a layer of the encoder; empty for its default."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingProgress(ModelUse):
    """Progress of `embed_clip`; the last one of a run has the result."""

    state: Literal["loading", "encoding", "done", "stopped"]
    duration: float
    """Duration of the clip, in seconds."""
    encoder: Encoder
    layer: str
    position: float = 0.0
    """End of what is encoded, in seconds of the clip."""
    embedding: ClipEmbedding | None = None
    """None until the job is done."""
