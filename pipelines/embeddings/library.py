"""A library of clips on disk: which of them sound like this one, or fit these words.

One folder holds a safetensors file for every clip in every space, a space being one layer of one encoder. A file is written whole
and then put into its place, so several processes can add and search at once, and a damaged file costs no more than its clip.

A clip is the mean of its frames, with the square root of each value (its sign kept) and length 1: in a plain mean the few
dimensions that are loud in everything would decide. Beside the vector of the whole, stretches of two seconds have their own, so
that a part of a clip finds the clip.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.errors import InvalidOption
from pipelines.clip.clip import CONTENT_HASH, AudioClip
from pipelines.embeddings.embed import ClipEmbedding
from pipelines.embeddings.encoders.base import TEXT_SPACE
from pipelines.embeddings.encoders.registry import Encoder
from pipelines.embeddings.map import check_frames

VERSION = "1"
SUFFIX = ".safetensors"
PART_SECONDS = 2.0
PART_HOP_SECONDS = 1.0
MAX_PARTS = 600
"""Of one clip: in ten minutes every second has its part; those of longer clips are longer."""
MAX_NEAR = 100
SHORTEST = 1e-12


@dataclass(frozen=True)
class LibraryClip:
    """A clip that the library knows."""

    content_hash: str
    name: str
    duration: float
    """Seconds."""
    added: float
    """Seconds since the epoch."""
    spaces: tuple[str, ...]
    """What it can be found by; see `space_of`."""


@dataclass(frozen=True)
class NearClip:
    """A clip of the library, and how near it is."""

    clip: LibraryClip
    similarity: float
    """Cosine, -1 to 1, of the whole or of the part that resembles most."""
    start: float
    """Seconds: where in the clip that part begins; 0 for the whole."""
    end: float
    """Seconds."""


@dataclass(frozen=True, eq=False)
class ClipVectors:
    """What stands for one clip."""

    vectors: FloatArray
    """[1 + parts, width], each of length 1: of the whole, then of its parts."""
    spans: DoubleArray
    """[1 + parts, 2], seconds from where to where."""


@dataclass(frozen=True, eq=False)
class _Entry:
    """What one file holds."""

    content_hash: str
    name: str
    duration: float
    added: float
    space: str
    vectors: ClipVectors


def space_of(encoder: Encoder, layer: str) -> str:
    """The name of what can be compared: one layer of one encoder."""
    return f"{encoder.key}/{layer}"


def clip_vectors(embedding: ClipEmbedding) -> ClipVectors:
    """What stands for a clip in the library.

    Raises:
        BrokenEmbedding, EmptyEmbedding: see `embedding_map.check_frames`.
    """
    check_frames(embedding.frames)
    vectors, spans = [_vector(embedding.frames, embedding.layer)], [(0.0, embedding.duration)]
    hop = max(PART_HOP_SECONDS, embedding.duration / MAX_PARTS)
    length = max(PART_SECONDS, 2 * hop)
    for start in np.arange(0.0, embedding.duration - length, hop).tolist():
        first, last = np.searchsorted(embedding.times, (start, start + length))
        if last > first:
            vectors.append(_vector(embedding.frames[first:last], embedding.layer))
            spans.append((start, start + length))
    return ClipVectors(np.stack(vectors), np.array(spans))


class ClipLibrary:
    """The library in one folder, which is made when the first clip is added."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read: dict[str, tuple[tuple[int, int], _Entry | None]] = {}

    def clips(self) -> tuple[LibraryClip, ...]:
        """All clips, in the order in which they came."""
        return tuple(sorted(_clips(self._entries()).values(), key=lambda clip: (clip.added, clip.content_hash)))

    def damaged(self) -> tuple[str, ...]:
        """Files that cannot be read; adding their clip again mends them."""
        self._entries()
        return tuple(sorted(name for name, (_, entry) in self._read.items() if entry is None))

    def add(self, clip: AudioClip, embedding: ClipEmbedding, now: float | None = None) -> LibraryClip:
        """Keep `clip`; equal content is kept once, under the name it came with last. `now`: seconds since the epoch.

        Raises:
            BrokenEmbedding, EmptyEmbedding: see `embedding_map.check_frames`.
        """
        from safetensors.numpy import save

        vectors, space = clip_vectors(embedding), space_of(embedding.encoder, embedding.layer)
        facts = {
            "version": VERSION,
            "name": clip.name,
            "duration": repr(clip.duration),
            "added": repr(time.time() if now is None else now),
            "space": space,
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".incoming", delete=False) as new:
            new.write(save({"vectors": vectors.vectors, "spans": vectors.spans}, facts))
        os.replace(new.name, self._folder / f"{clip.content_hash}-{_digest(space)}{SUFFIX}")
        return _clips(self._entries())[clip.content_hash]

    def remove(self, content_hash: str) -> None:
        """Forget a clip; one that is not there is forgotten already."""
        if CONTENT_HASH.fullmatch(content_hash):
            for file in self._folder.glob(f"{content_hash}-*{SUFFIX}"):
                file.unlink(missing_ok=True)

    def nearest(self, embedding: ClipEmbedding, count: int = 5, also: Sequence[ClipEmbedding] = ()) -> tuple[NearClip, ...]:
        """The clips that sound most like that of `embedding`, best first; itself is left out.

        `also`: what other encoders made of the same clip. Then all of them decide, each with its similarities counted in standard
        deviations over the library, and only clips that are in all of their spaces are compared. YAMNet with the fifth layer of
        Whisper base puts more sounds beside their like than YAMNet alone; see `training.evaluate_retrieval`.

        Raises:
            InvalidOption: `count` is not between 1 and `MAX_NEAR`.
            BrokenEmbedding, EmptyEmbedding: see `embedding_map.check_frames`.
        """
        asked = {space_of(one.encoder, one.layer): clip_vectors(one).vectors[0] for one in (embedding, *also)}
        return self._nearest(asked, count, leave_out=embedding.content_hash)

    def by_text(self, text: FloatArray, encoder: Encoder, count: int = 5) -> tuple[NearClip, ...]:
        """The clips that fit words best, best first. `text` [width] is what `embed_texts` made of them with `encoder`.

        Raises:
            InvalidOption: `count` is not between 1 and `MAX_NEAR`.
        """
        return self._nearest({space_of(encoder, TEXT_SPACE): _unit(text)}, count)

    def _nearest(self, asked: dict[str, FloatArray], count: int, leave_out: str = "") -> tuple[NearClip, ...]:
        """`asked`: a vector [width] in each space; the first one says how near a clip is and where."""
        if not 1 <= count <= MAX_NEAR:
            raise InvalidOption("number of clips", count, f"1 to {MAX_NEAR}")
        entries = [entry for entry in self._entries() if entry.content_hash != leave_out]
        looks = [_matches([entry for entry in entries if entry.space == space], vector) for space, vector in asked.items()]
        shared = [content_hash for content_hash in looks[0] if all(content_hash in look for look in looks)]
        ranks = sum(_deviations([look[content_hash].similarity for content_hash in shared]) for look in looks)
        clips = _clips(entries)
        best = [shared[place] for place in np.argsort(-np.asarray(ranks), kind="stable")[:count]]
        return tuple(NearClip(clips[one], *astuple(looks[0][one])) for one in best)

    def _entries(self) -> list[_Entry]:
        """What all readable files hold; only new ones are read."""
        with self._lock:
            stamps = self._stamps()
            self._read = {name: known for name, known in self._read.items() if stamps.get(name) == known[0]}
            for name, stamp in stamps.items():
                if name not in self._read:
                    self._read[name] = (stamp, _read(self._folder / name))
            return [entry for _, entry in self._read.values() if entry is not None]

    def _stamps(self) -> dict[str, tuple[int, int]]:
        """What tells each file from an earlier or later one of the same name."""
        stamps = {}
        for file in self._folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):  # another process removed it just now
                state = file.stat()
                stamps[file.name] = (state.st_mtime_ns, state.st_ino)
        return stamps


@dataclass(frozen=True)
class _Match:
    """How well a clip fits, and where it does best."""

    similarity: float
    start: float
    end: float


def _matches(entries: Sequence[_Entry], asked: FloatArray) -> dict[str, _Match]:
    """For each clip the best of its rows, best first; entries of another width come from another version of the encoder."""
    from sklearn.neighbors import NearestNeighbors

    known = [entry for entry in entries if entry.vectors.vectors.shape[1] == len(asked)]
    if not known:
        return {}
    rows = np.concatenate([entry.vectors.vectors for entry in known])
    spans = np.concatenate([entry.vectors.spans for entry in known])
    owners = [entry.content_hash for entry in known for _ in entry.vectors.spans]
    index = NearestNeighbors(n_neighbors=len(rows), metric="cosine", algorithm="brute").fit(rows)
    distances, order = index.kneighbors(asked[np.newaxis])
    found: dict[str, _Match] = {}
    for distance, row in zip(distances[0].tolist(), order[0].tolist(), strict=True):
        found.setdefault(owners[row], _Match(1 - distance, *spans[row].tolist()))
    return found


def _deviations(similarities: list[float]) -> DoubleArray:
    """How far each is above the mean, in standard deviations."""
    values = np.array(similarities, dtype=np.float64)
    return (values - values.mean()) / max(float(values.std()), SHORTEST) if len(values) else values


def _clips(entries: Iterable[_Entry]) -> dict[str, LibraryClip]:
    """By content hash: added when the first of its files was, named as the last one says."""
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


def _read(file: Path) -> _Entry | None:
    """What `file` holds; None if it is damaged or of another version."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as opened:
            facts, vectors, spans = opened.metadata(), opened.get_tensor("vectors"), opened.get_tensor("spans")
        is_sound = facts["version"] == VERSION and vectors.ndim == 2 and spans.shape == (len(vectors), 2)
        content_hash = file.name.split("-")[0]
        entry = _Entry(
            content_hash,
            facts["name"],
            float(facts["duration"]),
            float(facts["added"]),
            facts["space"],
            ClipVectors(vectors, spans),
        )
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        return None
    return entry if is_sound and len(vectors) and np.isfinite(vectors).all() else None


def _vector(frames: FloatArray, layer: str) -> FloatArray:
    """[width], of length 1. Where texts are to be found in the same space, directions must stay as they are."""
    mean = frames.mean(axis=0, dtype=np.float64)
    return _unit(mean if layer == TEXT_SPACE else np.sign(mean) * np.sqrt(np.abs(mean)))


def _unit(vector: FloatArray | DoubleArray) -> FloatArray:
    scaled: FloatArray = (vector / max(float(np.linalg.norm(vector)), SHORTEST)).astype(np.float32)
    return scaled


def _digest(space: str) -> str:
    return hashlib.blake2b(space.encode(), digest_size=8).hexdigest()
