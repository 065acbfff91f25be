"""What the moments of a map are: their colours, and the words that stand at them, from what the other tabs find out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.description.description import DescriptionOptions, describe_clip
from pipelines.embeddings.colouring import (
    NOTHING,
    ClusterMethod,
    ClusterOptions,
    Colouring,
    clip_colouring,
    cluster_colouring,
    colourings,
    hover_texts,
)
from pipelines.embeddings.embed import ClipEmbedding
from pipelines.embeddings.map import stacked
from pipelines.music.analysis import MusicFacts
from pipelines.speech.transcript import Word
from pipelines.speech.transcription import TranscriptionOptions, find_stored, transcribe
from pipelines.tagging.sound_tagging import SoundTags
from services import Services

COLOURS = {
    "time": "Time",
    "tag": "Tag",
    "chord": "Chord",
    "beat": "Beat",
    "word": "Word",
    "section": "Section",
    "loudness": "Loudness",
    "k-means": "Cluster (k-means)",
    "hdbscan": "Cluster (HDBSCAN)",
    "clip": "Clip",
}
"""Keys of colourings, and their names for people."""


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What is known of a clip's moments; None is for what nobody asked for yet."""

    tags: SoundTags | None = None
    facts: MusicFacts | None = None
    words: tuple[Word, ...] | None = None


def learn(
    services: Services, clip: AudioClip, known: Knowledge, with_words: bool, should_stop: Callable[[], bool]
) -> Generator[None, None, Knowledge]:
    """Find out what is not known yet: tags and music always, words if they were transcribed before or are asked for.

    Yields whenever the pipelines say something, and returns what is known then.
    """
    if known.tags is None:
        for described in describe_clip(clip, DescriptionOptions(), services.runtime, should_stop):
            if described.state == "done":
                known = replace(known, tags=described.sounds, facts=described.facts)
            yield
    if known.words is None and not should_stop():
        options = TranscriptionOptions()
        written = find_stored(clip, options, services.runtime.catalog.choose("transcribe"), services.runtime.catalog)
        snapshots = (
            transcribe(clip, options, services.runtime, should_stop) if written is None and with_words else iter([written])
        )
        for now in snapshots:
            if now is not None and now.state == "done":
                known = replace(known, words=tuple(word for segment in now.segments for word in segment.words))
            yield
    return known


def colour_map(
    clips: Sequence[AudioClip], embeddings: Sequence[ClipEmbedding], known: Sequence[Knowledge], key: str, clusters: int
) -> tuple[Colouring, tuple[str, ...]]:
    """The colouring `key` for all frames of all clips, and what stands at each frame beside its time.

    Raises:
        InvalidOption: there is no such colouring, or nothing is known that it could show.
    """
    if key not in COLOURS:
        raise InvalidOption("colour", key, ", ".join(COLOURS))
    found = [
        colourings(clip, embedding.times, knowledge.tags, knowledge.facts, knowledge.words)
        for clip, embedding, knowledge in zip(clips, embeddings, known, strict=True)
    ]
    texts = tuple(text for own, embedding in zip(found, embeddings, strict=True) for text in _texts(own, embedding))
    return _chosen(clips, embeddings, found, key, clusters), texts


def _texts(own: tuple[Colouring, ...], embedding: ClipEmbedding) -> list[str]:
    """What is heard at each frame, after the token that it stands for if it stands for one."""
    heard = [text.partition(" · ")[2] for text in hover_texts(own)]
    if not embedding.labels:
        return heard
    return [" · ".join(filter(None, both)) for both in zip(embedding.labels, heard, strict=True)]


def _chosen(
    clips: Sequence[AudioClip],
    embeddings: Sequence[ClipEmbedding],
    found: Sequence[tuple[Colouring, ...]],
    key: str,
    clusters: int,
) -> Colouring:
    rows = stacked([(embedding.frames, embedding.times) for embedding in embeddings])
    if key == "clip":
        return clip_colouring(rows.clip, [clip.name for clip in clips])
    if key in get_args(ClusterMethod):
        return cluster_colouring(rows.rows, ClusterOptions("k-means" if key == "k-means" else "hdbscan", clusters))
    own = [{colouring.key: colouring for colouring in of_clip}.get(key) for of_clip in found]
    if not any(own):
        raise InvalidOption("colour", COLOURS[key], f"what is heard in the clip; no {COLOURS[key].lower()} was found in it")
    return joined([colouring or _nothing(key, len(e.frames)) for colouring, e in zip(own, embeddings, strict=True)])


def joined(parts: Sequence[Colouring]) -> Colouring:
    """The same colouring of several clips, one below the other; equal names have one colour."""
    first = next((part for part in parts if part.names), parts[0])
    if first.kind == "continuous":
        return replace(first, values=np.concatenate([part.values for part in parts]).astype(np.float32))
    names = tuple(dict.fromkeys(name for part in parts for name in part.names))
    return replace(first, names=names, values=np.concatenate([_renamed(part, names) for part in parts]))


def _renamed(part: Colouring, names: tuple[str, ...]) -> NDArray[np.int32]:
    """The values of `part` as places in `names`."""
    places = np.array([*(names.index(name) for name in part.names), NOTHING], dtype=np.int32)
    renamed: NDArray[np.int32] = places[part.values.astype(np.int32)]  # the last place is that of NOTHING
    return renamed


def _nothing(key: str, frames: int) -> Colouring:
    return Colouring(key, COLOURS[key], "categorical", np.full(frames, NOTHING, dtype=np.int32))
