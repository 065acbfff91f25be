"""Colours and hover texts of a map's points, from the results of the other pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from components.embeddings import labels
from components.timeline.timeline import event_field
from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.colouring import (
    NO_CATEGORY,
    ClipAnalyses,
    ClusterMethod,
    ClusterOptions,
    Colouring,
    clip_colouring,
    cluster_colouring,
    colourings,
    hover_texts,
)
from pipelines.embeddings.embedding_types import ClipEmbedding
from pipelines.embeddings.map import stack_frames


def colour_map(
    clips: Sequence[AudioClip], embeddings: Sequence[ClipEmbedding], known: Sequence[ClipAnalyses], key: str, clusters: int
) -> tuple[Colouring, tuple[str, ...]]:
    """Return the colouring `key` for all frames of all clips, and the hover text of each frame without its time.

    Raises:
        InvalidOption: there is no such colouring, or no clip has values for it.
    """
    if key not in labels.COLOURINGS:
        raise InvalidOption("colour", key, ", ".join(labels.COLOURINGS))
    found = [
        colourings(clip, embedding.times, analyses.tags, analyses.facts, analyses.words)
        for clip, embedding, analyses in zip(clips, embeddings, known, strict=True)
    ]
    texts = tuple(text for own, embedding in zip(found, embeddings, strict=True) for text in _texts(own, embedding))
    return _chosen(clips, embeddings, found, key, clusters), texts


def wanted_colour(event: gr.EventData) -> str:
    """Return the colouring of a view that the person returns to; the page may claim anything.

    Raises:
        InvalidOption: there is no such colouring.
    """
    key = event_field(event, "colour")
    if key not in labels.COLOURINGS:
        raise InvalidOption("colour", key, ", ".join(labels.COLOURINGS))
    return str(key)


def _texts(own: tuple[Colouring, ...], embedding: ClipEmbedding) -> list[str]:
    """Hover text of each frame: its token, if frames are tokens, then the values of the colourings."""
    texts = [text.partition(" · ")[2] for text in hover_texts(own)]
    if not embedding.labels:
        return texts
    return [" · ".join(filter(None, both)) for both in zip(embedding.labels, texts, strict=True)]


def _chosen(
    clips: Sequence[AudioClip],
    embeddings: Sequence[ClipEmbedding],
    found: Sequence[tuple[Colouring, ...]],
    key: str,
    clusters: int,
) -> Colouring:
    if key == "clip":
        stacked = stack_frames([(embedding.frames, embedding.times) for embedding in embeddings])
        return clip_colouring(stacked.clip_index, [clip.name for clip in clips])
    if key in get_args(ClusterMethod):
        frames = np.concatenate([embedding.normalised_frames() for embedding in embeddings])
        return cluster_colouring(frames, ClusterOptions("k-means" if key == "k-means" else "hdbscan", clusters))
    own = [{colouring.key: colouring for colouring in of_clip}.get(key) for of_clip in found]
    if not any(own):
        raise InvalidOption("colour", labels.COLOURINGS[key], labels.FOUND_PROPERTY.format(labels.COLOURINGS[key].lower()))
    return joined_colourings([colouring or _empty(key, len(e.frames)) for colouring, e in zip(own, embeddings, strict=True)])


def joined_colourings(parts: Sequence[Colouring]) -> Colouring:
    """Concatenate the same colouring of several clips; equal names have one colour."""
    first = next((part for part in parts if part.names), parts[0])
    if first.kind == "continuous":
        return replace(first, values=np.concatenate([part.values for part in parts]).astype(np.float32))
    names = tuple(dict.fromkeys(name for part in parts for name in part.names))
    return replace(first, names=names, values=np.concatenate([_renamed(part, names) for part in parts]))


def _renamed(part: Colouring, names: tuple[str, ...]) -> NDArray[np.int32]:
    """Return the values of `part` as indices in `names`."""
    indices = np.array([*(names.index(name) for name in part.names), NO_CATEGORY], dtype=np.int32)
    renamed: NDArray[np.int32] = indices[part.values.astype(np.int32)]  # -1 is NO_CATEGORY, the last entry
    return renamed


def _empty(key: str, frames: int) -> Colouring:
    return Colouring(key, labels.COLOURINGS[key], "categorical", np.full(frames, NO_CATEGORY, dtype=np.int32))
