"""Results kept beside a clip, so that a clip that was computed before brings them back at once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from pipelines.clip.clip import AudioClip

RESULTS_FOLDER = "results"

Result = TypeVar("Result")


class ClipResults(Generic[Result]):
    """Results of one kind, as JSON files in the clip's own folder; they go when the clip goes."""

    def __init__(self, kind: str, result_type: type[Result]) -> None:
        """Keep results of one `kind`, a part of the file's name; pydantic can read back the dataclass `result_type`."""
        self._kind = kind
        self._adapter = TypeAdapter(result_type)

    def find(self, clip: AudioClip, options: object) -> Result | None:
        """Return the result that was stored for exactly these options; None if there is none."""
        try:
            return self._adapter.validate_json(self._path(clip, options).read_bytes())
        except FileNotFoundError:
            return None

    def store(self, clip: AudioClip, options: object, result: Result) -> None:
        """Keep `result`; readers see the old file or the new one, never a part."""
        path = self._path(clip, options)
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as new:
            new.write(self._adapter.dump_json(result))
        os.replace(new.name, path)

    def _path(self, clip: AudioClip, options: object) -> Path:
        digest = hashlib.blake2b(repr(options).encode(), digest_size=8).hexdigest()
        return clip.directory / RESULTS_FOLDER / f"{self._kind}-{digest}.json"
