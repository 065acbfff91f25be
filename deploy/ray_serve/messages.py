"""Jobs and steps as bytes between the page and the workers; a clip crosses as its content hash."""

from __future__ import annotations

import io
import pickle
from typing import Any

from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import ClipExpired


def pack(message: object) -> bytes:
    """Return a message as bytes."""
    buffer = io.BytesIO()
    _Packer(buffer, pickle.HIGHEST_PROTOCOL).dump(message)
    return buffer.getvalue()


def unpack(data: bytes, clips: ClipStore) -> Any:
    """Return the message, with clips as they lie in `clips`.

    Raises:
        ClipExpired: the store has no clip with that content hash.
    """
    return _Unpacker(io.BytesIO(data), clips).load()


class _Packer(pickle.Pickler):
    def persistent_id(self, part: object) -> tuple[str, str] | None:
        return (part.content_hash, part.name) if isinstance(part, AudioClip) else None


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, clips: ClipStore) -> None:
        super().__init__(file)
        self._clips = clips

    def persistent_load(self, reference: tuple[str, str]) -> AudioClip:
        content_hash, name = reference
        clip = self._clips.find(content_hash)
        if clip is None:
            raise ClipExpired
        return clip.named(name)
