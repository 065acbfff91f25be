"""Changes of the entries of a bundle, and what opens the bundle that has them."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import AnyArray
from pipelines.bundle.reading import OpenedBundle, open_bundle
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from services import Services

Entries = dict[str, bytes]
Change = Callable[[Entries], object]


def zipped(entries: Entries) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


class Opener:
    """Opens bundles in a store of its own."""

    def __init__(self, services: Services, folder: Path) -> None:
        self._services, self._folder, self.store = services, folder, ClipStore(folder / "clips")

    def __call__(self, content: bytes, clip: AudioClip | None = None) -> OpenedBundle:
        file = self._folder / "given.zip"
        file.write_bytes(content)
        return open_bundle(file, self.store, self._services.runtime.catalog, lambda content_hash: clip)


def with_manifest(**changes: object) -> Change:
    def change(entries: Entries) -> None:
        entries["manifest.json"] = json.dumps(json.loads(entries["manifest.json"]) | changes).encode()

    return change


def with_json(name: str, change: Callable[[Any], object]) -> Change:
    def changed(entries: Entries) -> None:
        document = json.loads(entries[name])
        change(document)
        entries[name] = json.dumps(document).encode()

    return changed


def with_arrays(**arrays: object) -> Change:
    def change(entries: Entries) -> None:
        with np.load(io.BytesIO(entries["embeddings/yamnet.npz"])) as read:
            kept = dict(read)
        file = io.BytesIO()
        np.savez(file, **(kept | arrays))
        entries["embeddings/yamnet.npz"] = file.getvalue()

    return change


def with_entry(name: str, content: bytes = b"x") -> Change:
    return lambda entries: entries.update({name: content})


def with_note(**changes: object) -> Change:
    return with_json("results/notes.json", lambda found: found["notes"][0].update(changes))


def with_beats(**changes: object) -> Change:
    beats = {"times": [0.5, 1.0], "positions": [1, 2], "beats_per_bar": 4, "beat_unit": 4, "confidence": 0.9} | changes
    return with_json("results/notes.json", lambda found: found.update(beats=beats))


def with_description(change: Callable[[Any], object]) -> Change:
    return with_json("results/description.json", change)


def with_transcript(change: Callable[[Any], object]) -> Change:
    return with_json("results/transcript.json", change)


def array_document(values: AnyArray) -> dict[str, Any]:
    return {"shape": list(values.shape), "data": base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")}
