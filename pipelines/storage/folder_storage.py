"""Objects as files of a folder, which may be a network drive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pipelines.storage.storage import FolderEntry, Stamp, storage_errors

INCOMING_PREFIX = "incoming-"
"""Beginning of the names under which files are written before they get their own."""


@dataclass(frozen=True)
class FolderStorage:
    """Objects in one folder, which is created with the first of them. A file is written under another name and then renamed."""

    folder: Path

    @property
    def address(self) -> str:
        """The folder's path."""
        return str(self.folder)

    def stamps(self, folder: str = "") -> dict[str, Stamp]:
        """See `Storage.stamps`."""
        with storage_errors(self.address):
            return dict(self._stamps(f"{folder}/" if folder else ""))

    def _stamps(self, prefix: str) -> Iterator[tuple[str, Stamp]]:
        with suppress(FileNotFoundError), os.scandir(self.folder / prefix) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield from self._stamps(f"{prefix}{entry.name}/")
                    continue
                with suppress(FileNotFoundError):  # another process removed it just now
                    state = entry.stat()
                    yield f"{prefix}{entry.name}", Stamp(state.st_mtime, f"{state.st_mtime_ns} {state.st_ino}")

    def entries(self, folder: str = "") -> Iterator[FolderEntry]:
        """See `Storage.entries`; one after the other, so that a large folder takes no memory."""
        with storage_errors(self.address), os.scandir(self.folder / folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield FolderEntry(entry.name, is_folder=True, version="")
                elif entry.is_file():
                    state = entry.stat()
                    yield FolderEntry(entry.name, is_folder=False, version=f"{state.st_size} {state.st_mtime_ns}")

    def exists(self, key: str) -> bool:
        """See `Storage.exists`."""
        with storage_errors(self.address):
            return (self.folder / key).exists()

    def read(self, *keys: str) -> dict[str, bytes]:
        """See `Storage.read`."""
        found = {}
        with storage_errors(self.address):
            for key in keys:
                with suppress(FileNotFoundError):
                    found[key] = (self.folder / key).read_bytes()
        return found

    def write(self, key: str, content: bytes) -> None:
        """See `Storage.write`."""
        with storage_errors(self.address), self._new_file(key) as incoming:
            incoming.write_bytes(content)

    def upload(self, file: Path, key: str) -> None:
        """See `Storage.upload`."""
        with storage_errors(self.address), self._new_file(key) as incoming:
            shutil.copyfile(file, incoming)

    def download(self, key: str, file: Path) -> bool:
        """See `Storage.download`."""
        with storage_errors(self.address):
            try:
                shutil.copyfile(self.folder / key, file)
            except FileNotFoundError:
                return False
            return True

    def remove(self, *keys: str) -> None:
        """See `Storage.remove`; folders that become empty go too."""
        with storage_errors(self.address):
            for key in keys:
                path = self.folder / key
                path.unlink(missing_ok=True)
                for parent in list(path.parents)[: key.count("/")]:
                    with suppress(OSError):  # it holds other files, or is gone
                        parent.rmdir()

    @contextmanager
    def _new_file(self, key: str) -> Iterator[Path]:
        """Give a path to write to; afterwards the file there becomes the object."""
        self.folder.mkdir(parents=True, exist_ok=True)
        incoming, target = self.folder / f"{INCOMING_PREFIX}{uuid4().hex}", self.folder / key
        try:
            yield incoming
            while incoming.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileNotFoundError):  # another process removed the empty folder just now
                    os.replace(incoming, target)
        finally:
            incoming.unlink(missing_ok=True)
