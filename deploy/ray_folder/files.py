"""The recordings of a folder or of an address, listed one after the other."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.errors import AudioscopeError
from pipelines.storage.folder_storage import FolderStorage
from pipelines.storage.opening import open_storage
from pipelines.storage.storage import Storage

# fmt: off
ENDINGS = frozenset((
    "3g2", "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dsf", "dts", "eac3", "flac",
    "flv", "m2ts", "m4a", "m4b", "m4v", "mj2", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "mts", "nist", "oga",
    "ogg", "ogv", "opus", "snd", "sph", "tta", "ts", "voc", "w64", "wav", "webm", "wma", "wmv", "wv",
))
# fmt: on
"""Endings of the names of recordings, in all formats that can be opened.

Files whose names end otherwise, or begin with a dot, are left out."""


class NoSuchFolder(AudioscopeError):
    """There is nothing at the address."""

    def __init__(self, address: str) -> None:
        super().__init__(f"There is no folder at {address}: check its name.")


class FileUnread(AudioscopeError):
    """A file of the folder cannot be read at the moment."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This file could not be read ({why}): the next run tries it again.")


@dataclass(frozen=True)
class FoundFile:
    """A recording, or a folder that cannot be listed."""

    name: str
    """Path below the folder that was given; what is no text in it is kept as `os.fsdecode` does."""
    version: str
    """Size and time of change; another one means another content."""
    problem: str = ""
    """Why it cannot be read; '' where it can."""


def check_folder(address: str) -> Storage:
    """Return what is at `address`; the path of a folder becomes absolute, since workers have working folders of their own.

    Raises:
        NoSuchFolder: nothing is.
        InvalidOption, StoragePackageMissing, StorageFailed: see `open_storage`.
    """
    storage = open_absolute(address)
    is_there = storage.folder.is_dir() if isinstance(storage, FolderStorage) else storage.exists("")
    if not is_there:
        raise NoSuchFolder(address)
    return storage


def open_absolute(address: str) -> Storage:
    """Return the storage at `address`, that of a folder with an absolute path."""
    storage = open_storage(address)
    return FolderStorage(storage.folder.absolute()) if isinstance(storage, FolderStorage) else storage


def list_recordings(storage: Storage) -> Iterator[FoundFile]:
    """Yield the recordings below a folder, folder by folder. Links to folders are not followed, as they may go in circles."""
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            for entry in storage.entries(folder):
                name = posixpath.join(folder, entry.name)
                if entry.is_folder:
                    folders.append(name)
                elif is_recording(entry.name):
                    yield FoundFile(name, entry.version)
        except AudioscopeError as error:
            yield FoundFile(folder or ".", "", str(error))


def is_recording(name: str) -> bool:
    """Return whether a file's name is one of a recording."""
    return not name.startswith(".") and posixpath.splitext(name)[1][1:].lower() in ENDINGS


@contextmanager
def local_file(storage: Storage, file: FoundFile) -> Iterator[Path]:
    """Give a file that can be opened here, for the block: the file itself, or a copy of what is elsewhere.

    Raises:
        FileUnread: it is not there any more, or may not be read.
        StorageFailed: the place where it lies cannot be used.
    """
    if file.problem:
        raise FileUnread(file.problem)
    if isinstance(storage, FolderStorage):
        path = storage.folder / file.name
        try:
            with open(path, "rb"):
                pass
        except OSError as error:
            raise FileUnread(str(error.strerror)) from None
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="audioscope-folder-") as scratch:
        path = Path(scratch) / f"recording{posixpath.splitext(file.name)[1]}"
        if not storage.download(file.name, path):
            raise FileUnread("it is no longer there")
        yield path
