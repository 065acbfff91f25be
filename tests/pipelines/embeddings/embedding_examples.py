"""Embeddings without a model."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from models.specs.model_spec import EncoderFacts
from models.specs.sound import YAMNET
from pipelines.embeddings.embedding_types import ClipEmbedding
from pipelines.embeddings.encoders.base import Encoder, Window
from pipelines.embeddings.encoders.yamnet_musicnn import YamnetEncoder

HOP = 0.48


def encoder(key: str = "yamnet", width: int = 8, layer: str = "patches") -> Encoder:
    facts: Any = EncoderFacts("yamnet", width, 1)
    return Encoder(key, YAMNET, "YAMNet", width, 1 / HOP, (layer,), layer, "Apache-2.0", False, "", YamnetEncoder(facts))


def embedding(frames: Any, content_hash: str = "0" * 32, **encoder_options: Any) -> ClipEmbedding:
    """An embedding of `frames` [n, width], one every 0.48 s."""
    rows = np.ascontiguousarray(frames, dtype=np.float32)
    made = encoder(width=rows.shape[1], **encoder_options)
    times: Any = HOP * (0.5 + np.arange(len(rows)))
    return ClipEmbedding(rows, times, HOP, made, made.default_layer, content_hash, HOP * len(rows), model=made.title)


def walk(frames: int, width: int = 8, seed: int = 0) -> Any:
    """A random walk of frames [n, width]."""
    return np.cumsum(np.random.default_rng(seed).standard_normal((frames, width)), axis=0).astype(np.float32)


def joins(parts: tuple[Window, ...]) -> tuple[int, ...]:
    """Return the middle frame of the overlap of each pair of neighbouring windows."""
    return tuple((before.first + before.frames + after.first) // 2 for before, after in pairwise(parts))
