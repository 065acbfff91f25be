"""Results kept beside a clip, so that a clip that was computed before brings them back at once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from pipelines.clip.clip import AudioClip
from pipelines.storage.storage import StorageFailed

RESULTS_FOLDER = "results"

Result = TypeVar("Result")


class ClipResults(Generic[Result]):
    """Results of one kind, as JSON files in the clip's own folder; they go when the clip goes.

    Servers that share clips share them.
    """

    def __init__(self, kind: str, result_type: type[Result]) -> None:
        """Keep results of one `kind`, a part of the file's name; pydantic can read back the dataclass `result_type`."""
        self._kind = kind
        self._adapter = TypeAdapter(result_type)

    def find(self, clip: AudioClip, options: object) -> Result | None:
        """Return the result that was stored for exactly these options, here or by another server; None if there is none."""
        content = self._shared_content(clip, options)  # first, as another server may have replaced what is here
        if not content:
            with suppress(FileNotFoundError):
                content = self._path(clip, options).read_bytes()
        try:
            return self._adapter.validate_json(content) if content else None
        except ValidationError:  # another version of the app wrote it
            return None

    def store(self, clip: AudioClip, options: object, result: Result) -> None:
        """Keep `result`; readers see the old file or the new one, never a part."""
        path, content = self._path(clip, options), self._adapter.dump_json(result)
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as new:
            new.write(content)
        os.replace(new.name, path)
        if clip.shared:
            with suppress(StorageFailed):  # the result itself is here
                clip.shared.storage.write(self._key(clip, options), content)

    def remove(self, clip: AudioClip, options: object) -> None:
        """Remove the result for these options, if there is one."""
        self._path(clip, options).unlink(missing_ok=True)
        if clip.shared:
            with suppress(StorageFailed):
                clip.shared.storage.remove(self._key(clip, options))

    def _shared_content(self, clip: AudioClip, options: object) -> bytes:
        """Return what the servers share; empty if there is nothing, or if it cannot be reached."""
        if clip.shared is None:
            return b""
        key = self._key(clip, options)
        with suppress(StorageFailed):
            return clip.shared.storage.read(key).get(key, b"")
        return b""

    def _key(self, clip: AudioClip, options: object) -> str:
        return f"{clip.content_hash}/{RESULTS_FOLDER}/{self._path(clip, options).name}"

    def _path(self, clip: AudioClip, options: object) -> Path:
        digest = hashlib.blake2b(repr(options).encode(), digest_size=8).hexdigest()
        return clip.directory / RESULTS_FOLDER / f"{self._kind}-{digest}.json"
