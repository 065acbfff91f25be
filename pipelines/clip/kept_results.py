"""What the page showed of a clip, kept for each person beside the clip, so that it comes back as it was."""

from __future__ import annotations

import logging
import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from pathlib import Path, PosixPath, WindowsPath
from typing import IO, Any

from models.errors import AudioscopeError
from pipelines.clip.clip import AudioClip
from pipelines.clip.keepers import kept_folder
from pipelines.storage.storage import Storage, StorageFailed

MAX_RESULT_BYTES = 512 * 2**20
"""Size of the largest result that is kept: the embedding of 50 minutes in 768 dimensions at 50 Hz has 461 MB."""
SCRATCH_PREFIX = "audioscope-result-"
VERSION = 1
"""Results of another version are not read; increased when the form of a result changes so that an older one misleads."""
OWN_PACKAGES = frozenset({"components", "models", "pipelines"})
PLAIN_TYPES = {
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("pathlib", PosixPath.__name__),
    ("pathlib", WindowsPath.__name__),
    ("PIL.Image", "Image"),
    ("builtins", "frozenset"),
    ("builtins", "set"),
}
"""What a file may name besides dataclasses of `OWN_PACKAGES`: arrays, paths and images, which only hold data."""

log = logging.getLogger(__name__)


class UnreadableResult(AudioscopeError):
    """What a person has of a clip is there, but cannot be read: it must not be replaced."""

    def __init__(self) -> None:
        super().__init__(
            "What you changed in this recording was written by another version of the app, or is damaged, and stays as it is: "
            "update the app, or delete the recording from the history and open it again."
        )


@dataclass(frozen=True)
class Reference:
    """How objects of one class are kept by a key instead of their content."""

    key: Callable[[Any], Any]
    find: Callable[[Any], Any]
    """Return the object of a key; raises LookupError where it is gone."""


class KeptResults:
    """Results of one person about one clip, an object for each kind beside the clip; they go when the clip goes."""

    def __init__(self, storage: Storage, references: Mapping[type, Reference]) -> None:
        """Keep results in which objects of the classes `references` are kept by their keys."""
        self._storage = storage
        self._references = dict(references)
        self._by_name = {kind.__name__: reference for kind, reference in self._references.items()}

    def store(self, clip: AudioClip, keeper: str, kind: str, result: object) -> None:
        """Keep `result`, unless it is larger than `MAX_RESULT_BYTES` or the clip is gone; it replaces the one before."""
        with _scratch_file() as path:
            with open(path, "wb") as file:  # arrays are written from where they are, without a copy in memory
                _Pickler(file, self._references).dump((VERSION, result))
            size_bytes = path.stat().st_size
            if size_bytes > MAX_RESULT_BYTES:
                log.warning("A result of kind %s has %d bytes: not kept.", kind, size_bytes)
            elif clip.directory.exists():
                with suppress(StorageFailed):  # the page has the result
                    self._storage.upload(path, self._key(clip, keeper, kind))

    def find(self, clip: AudioClip, keeper: str, kind: str) -> Any | None:
        """Return the result of this kind; None if there is none that can be read."""
        with suppress(StorageFailed), _scratch_file() as path:
            return self._read(path, kind) if self._storage.download(self._key(clip, keeper, kind), path) else None
        return None

    def find_to_change(self, clip: AudioClip, keeper: str, kind: str) -> Any | None:
        """Return the result of this kind, which the caller is about to replace; None if there is none.

        Raises:
            UnreadableResult: there is one, which another version wrote or which is damaged.
            StorageFailed: the storage cannot be used.
        """
        with _scratch_file() as path:
            if not self._storage.download(self._key(clip, keeper, kind), path):
                return None
            found = self._read(path, kind)
        if found is None:
            raise UnreadableResult
        return found

    def _read(self, path: Path, kind: str) -> Any | None:
        try:
            with open(path, "rb") as file:
                version, result = _Unpickler(file, self._by_name).load()
        except (pickle.UnpicklingError, ImportError, AttributeError, LookupError, TypeError, ValueError, EOFError) as error:
            log.warning("A kept result of kind %s cannot be read: %s", kind, error)
            return None
        if version != VERSION:
            log.warning("A kept result of kind %s has version %s, not %s: it stays, and is not shown.", kind, version, VERSION)
            return None
        return result

    def _key(self, clip: AudioClip, keeper: str, kind: str) -> str:
        return f"{kept_folder(clip.content_hash, keeper)}/{kind}"


@contextmanager
def _scratch_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX) as folder:
        yield Path(folder) / "result"


class _Pickler(pickle.Pickler):
    def __init__(self, file: IO[bytes], references: Mapping[type, Reference]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._references = references

    def persistent_id(self, obj: Any) -> tuple[str, Any] | None:
        reference = self._references.get(type(obj))
        return (type(obj).__name__, reference.key(obj)) if reference else None


class _Unpickler(pickle.Unpickler):
    """Reads nothing but data: others may be able to write to the folder or the object store."""

    def __init__(self, file: IO[bytes], references: Mapping[str, Reference]) -> None:
        super().__init__(file)
        self._references = references

    def persistent_load(self, pid: Any) -> Any:
        name, key = pid
        return self._references[name].find(key)

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) in PLAIN_TYPES:
            return super().find_class(module_name, global_name)
        if module_name.split(".")[0] in OWN_PACKAGES:
            found = getattr(import_module(module_name), global_name)
            if isinstance(found, type) and is_dataclass(found) and found.__module__ == module_name:
                return found
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no data")
