"""A library of clips, searched by similarity to a clip or to a text.

A storage holds a safetensors file for every clip in every space; a space is one layer of one encoder. A file is seen as a whole
or not at all, so several processes can add and search at once, and a damaged file affects only its clip.

The vector of a clip is the mean of its frames, with the signed square root of each value, normalised to length 1: in a plain
mean the few dimensions that are large in every clip would dominate. Segments of two seconds have vectors of their own, so that a
part of a clip finds the clip.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.errors import InvalidOption
from models.output_limits import NO_LIMITS, OutputLimits
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import CONTENT_HASH
from pipelines.embeddings.analysis import MIN_NORM
from pipelines.embeddings.embedding_types import ClipEmbedding, check_frames
from pipelines.embeddings.encoders.base import TEXT_SPACE, Encoder
from pipelines.jobs.result import Result
from pipelines.storage.storage import Stamp, Storage

log = logging.getLogger(__name__)

VERSION = "1"
SUFFIX = ".safetensors"
SEGMENT_SECONDS = 2.0
SEGMENT_HOP_SECONDS = 1.0
MAX_SEGMENTS = 600
"""Maximum number of segments of one clip: one a second for ten minutes; those of longer clips are longer."""
MAX_RESULTS = 100
FILES_AT_ONCE = 256
"""Files that are read together, of which an object store sends several at once."""


@dataclass(frozen=True)
class LibraryClip(Result):
    """A clip of the library."""

    content_hash: str
    name: str
    duration: float
    """Seconds."""
    added: float
    """Seconds since the epoch."""
    spaces: tuple[str, ...]
    """Spaces in which it has vectors; see `space_of`."""


@dataclass(frozen=True)
class ClipMatch(Result):
    """A clip of the library and its similarity to the query."""

    clip: LibraryClip
    similarity: float
    """Cosine similarity of the clip or of its most similar segment, -1 to 1."""
    start: float
    """Start of that segment in seconds; 0 for the whole clip."""
    end: float
    """End of that segment in seconds."""


@dataclass(frozen=True, eq=False)
class ClipVectors(Result):
    """The vectors of one clip in one space."""

    vectors: FloatArray
    """[1 + segments, width], each of length 1: of the whole clip, then of its segments."""
    spans: DoubleArray
    """[1 + segments, 2], start and end in seconds."""


@dataclass(frozen=True, eq=False)
class _Entry:
    """The content of one file."""

    content_hash: str
    name: str
    duration: float
    added: float
    space: str
    vectors: ClipVectors


def space_of(encoder: Encoder, layer: str) -> str:
    """Return the name of a space: vectors of the same layer of the same encoder can be compared."""
    return f"{encoder.key}/{layer}"


def clip_vectors(embedding: ClipEmbedding) -> ClipVectors:
    """Return the vectors of a clip and of its segments.

    Raises:
        BrokenEmbedding, EmptyEmbedding: see `map.check_frames`.
    """
    check_frames(embedding.frames)
    vectors, spans = [_vector(embedding.frames, embedding.layer)], [(0.0, embedding.duration)]
    hop = max(SEGMENT_HOP_SECONDS, embedding.duration / MAX_SEGMENTS)
    length = max(SEGMENT_SECONDS, 2 * hop)
    for start in np.arange(0.0, embedding.duration - length, hop).tolist():
        first, last = np.searchsorted(embedding.times, (start, start + length))
        if last > first:
            vectors.append(_vector(embedding.frames[first:last], embedding.layer))
            spans.append((start, start + length))
    return ClipVectors(np.stack(vectors), np.array(spans))


class ClipLibrary:
    """The library in one storage. Each method raises StorageFailed where that cannot be used."""

    def __init__(self, storage: Storage, limits: OutputLimits = NO_LIMITS) -> None:
        self._storage = storage
        self._limits = limits
        self._lock = threading.Lock()
        self._adding = threading.Lock()
        self._read: dict[str, tuple[Stamp, _Entry | None]] = {}

    def clips(self) -> tuple[LibraryClip, ...]:
        """Return all clips in the order in which they were added."""
        return tuple(sorted(_clips(self._entries()).values(), key=lambda clip: (clip.added, clip.content_hash)))

    def add(self, clip: AudioClip, embedding: ClipEmbedding, now: float | None = None) -> LibraryClip:
        """Add `clip`; equal content is kept once, under its latest name. `now`: seconds since the epoch.

        Raises:
            TooMuchOutput: see `check_room`.
            BrokenEmbedding, EmptyEmbedding: see `map.check_frames`.
        """
        added = time.time() if now is None else now
        space = space_of(embedding.encoder, embedding.layer)
        entry = _Entry(clip.content_hash, clip.name, clip.duration, added, space, clip_vectors(embedding))
        with self._adding:
            self.check_room(clip)
            self._write(entry)
        return _clips(self._entries())[clip.content_hash]

    def check_room(self, clip: AudioClip) -> None:
        """Raise TooMuchOutput where the library is full, unless it has `clip` already."""
        known = _clips(self._entries())
        if clip.content_hash not in known:
            self._limits.check_library(len(known))

    def rename(self, content_hash: str, name: str) -> None:
        """Give a clip another name, if it is there."""
        for entry in self._entries():
            if entry.content_hash == content_hash:
                self._write(replace(entry, name=name))

    def remove(self, content_hash: str) -> None:
        """Remove a clip, if it is there."""
        if CONTENT_HASH.fullmatch(content_hash):
            self._storage.remove(*(name for name in self._stamps() if name.startswith(f"{content_hash}-")))

    def nearest(self, embedding: ClipEmbedding, count: int = 5, also: Sequence[ClipEmbedding] = ()) -> tuple[ClipMatch, ...]:
        """Return the clips most similar to that of `embedding`, best first, without the clip itself.

        `also`: embeddings of the same clip by other encoders. Clips are then ranked by the sum of their similarities in all
        spaces, each standardised over the library, and only clips in all of these spaces are compared. YAMNet with the fifth
        layer of Whisper base retrieves more sounds of the same kind than YAMNet alone; see `training.evaluate_retrieval`.

        Raises:
            InvalidOption: `count` is not between 1 and `MAX_RESULTS`.
            BrokenEmbedding, EmptyEmbedding: see `map.check_frames`.
        """
        queries = {space_of(one.encoder, one.layer): clip_vectors(one).vectors[0] for one in (embedding, *also)}
        return self._nearest(queries, count, excluded=embedding.content_hash)

    def nearest_to_text(self, text: FloatArray, encoder: Encoder, count: int = 5) -> tuple[ClipMatch, ...]:
        """Return the clips most similar to a text, best first. `text` [width] is from `embed_texts` with `encoder`.

        Raises:
            InvalidOption: `count` is not between 1 and `MAX_RESULTS`.
        """
        return self._nearest({space_of(encoder, TEXT_SPACE): _unit(text)}, count)

    def _nearest(self, queries: dict[str, FloatArray], count: int, excluded: str = "") -> tuple[ClipMatch, ...]:
        """Search with a vector [width] in each space; similarity and segment are those of the first."""
        if not 1 <= count <= MAX_RESULTS:
            raise InvalidOption("number of clips", count, f"1 to {MAX_RESULTS}")
        entries = [entry for entry in self._entries() if entry.content_hash != excluded]
        found = [_matches([entry for entry in entries if entry.space == space], query) for space, query in queries.items()]
        shared = [content_hash for content_hash in found[0] if all(content_hash in matches for matches in found)]
        scores = sum(_standardised([matches[content_hash].similarity for content_hash in shared]) for matches in found)
        clips = _clips(entries)
        best = [shared[index] for index in np.argsort(-np.asarray(scores), kind="stable")[:count]]
        return tuple(ClipMatch(clips[one], *astuple(found[0][one])) for one in best)

    def _write(self, entry: _Entry) -> None:
        from safetensors.numpy import save

        metadata = {
            "version": VERSION,
            "name": entry.name,
            "duration": repr(entry.duration),
            "added": repr(entry.added),
            "space": entry.space,
        }
        content = save({"vectors": entry.vectors.vectors, "spans": entry.vectors.spans}, metadata)
        self._storage.write(f"{entry.content_hash}-{_digest(entry.space)}{SUFFIX}", content)

    def _entries(self) -> list[_Entry]:
        """Return the content of all readable files; only new ones are read."""
        with self._lock:
            stamps = self._stamps()
            self._read = {name: known for name, known in self._read.items() if stamps.get(name) == known[0]}
            new = [name for name in stamps if name not in self._read]
            for first in range(0, len(new), FILES_AT_ONCE):
                for name, content in self._storage.read(*new[first : first + FILES_AT_ONCE]).items():
                    entry = _entry(name.split("-")[0], content)
                    if entry is None:
                        log.warning("%s in the library is damaged or of another version: it stays, and is not shown.", name)
                    self._read[name] = (stamps[name], entry)
            return [entry for _, entry in self._read.values() if entry is not None]

    def _stamps(self) -> dict[str, Stamp]:
        return {name: stamp for name, stamp in self._storage.stamps().items() if name.endswith(SUFFIX)}


@dataclass(frozen=True)
class _Match:
    """Similarity of a clip, and its most similar segment."""

    similarity: float
    start: float
    end: float


def _matches(entries: Sequence[_Entry], query: FloatArray) -> dict[str, _Match]:
    """Return the best match of each clip, best first; entries of another width come from another version of the encoder."""
    from sklearn.neighbors import NearestNeighbors

    known = [entry for entry in entries if entry.vectors.vectors.shape[1] == len(query)]
    if not known:
        return {}
    rows = np.concatenate([entry.vectors.vectors for entry in known])
    spans = np.concatenate([entry.vectors.spans for entry in known])
    owners = [entry.content_hash for entry in known for _ in entry.vectors.spans]
    index = NearestNeighbors(n_neighbors=len(rows), metric="cosine", algorithm="brute").fit(rows)
    distances, order = index.kneighbors(query[np.newaxis])
    found: dict[str, _Match] = {}
    for distance, row in zip(distances[0].tolist(), order[0].tolist(), strict=True):
        found.setdefault(owners[row], _Match(1 - distance, *spans[row].tolist()))
    return found


def _standardised(similarities: list[float]) -> DoubleArray:
    """Return the similarities, scaled to mean 0 and standard deviation 1."""
    values = np.array(similarities, dtype=np.float64)
    return (values - values.mean()) / max(float(values.std()), MIN_NORM) if len(values) else values


def _clips(entries: Iterable[_Entry]) -> dict[str, LibraryClip]:
    """Return the clips by content hash; `added` is that of the first file of a clip, the name that of the last."""
    clips: dict[str, LibraryClip] = {}
    for entry in sorted(entries, key=lambda entry: (entry.added, entry.space)):
        known = clips.get(entry.content_hash)
        clips[entry.content_hash] = LibraryClip(
            content_hash=entry.content_hash,
            name=entry.name,
            duration=entry.duration,
            added=known.added if known else entry.added,
            spaces=(*(known.spaces if known else ()), entry.space),
        )
    return clips


def _entry(content_hash: str, content: bytes) -> _Entry | None:
    """Read the content of a file; None if it is damaged or of another version."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays, metadata = load(content), _metadata(content)
        vectors, spans = arrays["vectors"], arrays["spans"]
        is_valid = metadata["version"] == VERSION and vectors.ndim == 2 and spans.shape == (len(vectors), 2)
        entry = _Entry(
            content_hash,
            metadata["name"],
            float(metadata["duration"]),
            float(metadata["added"]),
            metadata["space"],
            ClipVectors(vectors, spans),
        )
    except (SafetensorError, KeyError, TypeError, ValueError):
        return None
    return entry if is_valid and len(vectors) and np.isfinite(vectors).all() else None


def _metadata(content: bytes) -> dict[str, str]:
    """Return the metadata of a safetensors file, which its library reads of files only: JSON after 8 bytes of its length."""
    length = int.from_bytes(content[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(content[8 : 8 + length])
    return header["__metadata__"]


def _vector(frames: FloatArray, layer: str) -> FloatArray:
    """Return the vector [width] of length 1.

    The square root is left out in a space shared with texts, where it would change directions.
    """
    mean = frames.mean(axis=0, dtype=np.float64)
    return _unit(mean if layer == TEXT_SPACE else np.sign(mean) * np.sqrt(np.abs(mean)))


def _unit(vector: FloatArray | DoubleArray) -> FloatArray:
    scaled: FloatArray = (vector / max(float(np.linalg.norm(vector)), MIN_NORM)).astype(np.float32)
    return scaled


def _digest(space: str) -> str:
    return hashlib.blake2b(space.encode(), digest_size=8).hexdigest()
