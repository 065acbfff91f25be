"""What reads files of strangers, each as one function of a file that returns or raises an error with a sentence."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from models.errors import AudioscopeError
from pipelines.bundle.arrays_file import read_npz
from pipelines.bundle.reading import open_bundle
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.files.decoding import ClipLimits
from pipelines.clip.files.sound_chunk import read_chunk
from pipelines.isolation.errors import WorkerFailed
from pipelines.isolation.file_readers import FileReaders
from pipelines.pictures.files.png_file import read_png
from pipelines.pictures.init_image import read_init_image
from pipelines.pictures.png_metadata import foreign_settings_from_png, picture_from_png
from services import Services
from tests.hostile.mutations import PICTURES, SOUNDS, mutated, seed_file
from tests.hostile.showing import Page
from tests.hostile.structure import mutated_png, mutated_zip
from tests.hostile.time_limit import Overdue, time_limit
from tests.hostile.wild_results import wild_results
from tests.pipelines.bundle.toy_results import toy_clip

SEEDS = {
    "sound": SOUNDS,
    "settings": tuple(name for name in PICTURES if name.endswith(".png")),
    "picture": PICTURES,
    "chunk": tuple(name for name in SOUNDS if name.endswith((".wav", ".flac", ".aiff", ".au", ".caf", ".w64", ".mp3"))),
    "bundle": ("bundle.zip",),
    "results": ("results.zip",),
    "arrays": ("arrays.npz",),
}
"""Name of a target -> files that it reads when they are not damaged. Results are shown and exported too."""
STRUCTURED = {".png": mutated_png, ".zip": mutated_zip}
MAX_SECONDS = 60.0
READING_SECONDS = 30.0
"""Time of computing after which a file counts as never read; the slowest takes a few seconds."""


@dataclass(frozen=True)
class Outcome:
    """What became of a file."""

    kind: str
    """'read', 'refused', 'ended' (it ended its worker, whose job got a sentence) or 'fault'."""
    words: str = ""
    """The sentence; of a fault, what was raised."""


class Targets:
    """Reads files in workers, each within `seconds`, with a clip store of its own in `folder`."""

    def __init__(self, folder: Path, services: Services, workers: FileReaders, seconds: float = READING_SECONDS) -> None:
        self._seconds = seconds
        self._folder, self._services, self._workers = folder, services, workers
        self._store = ClipStore(folder / "clips", ClipLimits(max_seconds=MAX_SECONDS), isolation=workers)

    def read(self, target: str, content: bytes, name: str) -> Outcome:
        """Read a file as `target` does; nothing of it is kept."""
        path = self._folder / name
        path.write_bytes(content)
        readers: dict[str, Callable[[Path], object]] = {
            "sound": self._store.open,
            "settings": self._settings,
            "picture": lambda file: read_init_image(file, self._workers),
            "chunk": lambda file: read_chunk(file, range(8_000, 192_001), MAX_SECONDS, self._workers),
            "bundle": lambda file: open_bundle(file, self._store, self._services.runtime.catalog, lambda content_hash: None),
            "results": self._results,
            "arrays": lambda file: read_npz(file.read_bytes()),
        }
        try:
            with time_limit(self._seconds):
                readers[target](path)
            return Outcome("read")
        except Overdue:
            return Outcome("fault", f"not read within {self._seconds:g} s of computing")
        except WorkerFailed as error:
            return Outcome("ended", str(error))
        except AudioscopeError as error:
            return Outcome("refused", str(error))
        except Exception as error:
            return Outcome("fault", f"{type(error).__name__}: {error}")
        finally:
            path.unlink()
            for left in self._store.directory.glob("*"):
                shutil.rmtree(left, ignore_errors=True)

    @cached_property
    def _page(self) -> Page:
        return Page(self._services)

    def _results(self, file: Path) -> None:
        """Open a bundle of a clip that is kept, and show what it holds."""
        clips = self._services.clips
        clip = toy_clip(clips)
        opened = open_bundle(file, clips, self._services.runtime.catalog, lambda content_hash: clip)
        self._page.show(opened.clip, opened.contents)

    def _settings(self, file: Path) -> None:
        foreign_settings_from_png(file, self._workers)
        read_png(file, self._workers)
        picture_from_png(file, self._workers)


def damaged(target: str, number: int) -> tuple[str, bytes]:
    """Return name and content of a damaged file for a target; the same for the same number."""
    chance = random.Random(number)
    name = chance.choice(SEEDS[target])
    if target == "results":
        return name, wild_results(seed_file(name), number)
    structured = STRUCTURED.get(Path(name).suffix)
    change = structured if structured and chance.random() < 0.7 else mutated
    return name, change(seed_file(name), number)
