"""Objects under names, in a place that several processes share."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.errors import AudioscopeError

USER_AND_PASSWORD = re.compile(r"(?<=://)[^/@]*@")

log = logging.getLogger(__name__)


class StorageFailed(AudioscopeError):
    """The place that several servers share cannot be reached, read or written."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"The shared storage {without_password(address)} cannot be used at the moment: please try again in a few minutes."
        )


class StoragePackageMissing(AudioscopeError):
    """The package that reads addresses of this protocol is not installed."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(
            f"{without_password(address)} cannot be used yet ({why}): requirements-s3.txt has the package for S3, "
            "other stores have one of their own."
        )


@dataclass(frozen=True)
class Stamp:
    """What distinguishes an object from an earlier one under the same key."""

    modified: float
    """Seconds since the epoch."""
    version: str


@dataclass(frozen=True)
class FolderEntry:
    """One line of a folder's list."""

    name: str
    """Name in the folder."""
    is_folder: bool
    version: str
    """Size and time of change; '' for a folder."""


class Storage(Protocol):
    """Objects by key, a relative path with '/'. An object is seen as a whole or not at all; the last writer of a key wins.

    Each method raises StorageFailed where the place cannot be used. A key without an object is no error.
    """

    @property
    def address(self) -> str:
        """A path or a URL."""

    def stamps(self, folder: str = "") -> dict[str, Stamp]:
        """Return all keys below `folder`, also those in folders of it, with their stamps."""

    def entries(self, folder: str = "") -> Iterator[FolderEntry]:
        """Yield the objects and folders in `folder`, in any order. Links to folders are left out."""

    def exists(self, key: str) -> bool:
        """Return whether there is an object; in an object store also whether there is a folder."""

    def read(self, *keys: str) -> dict[str, bytes]:
        """Return the contents of those objects that exist."""

    def write(self, key: str, content: bytes) -> None:
        """Write an object."""

    def upload(self, file: Path, key: str) -> None:
        """Copy a file into the storage."""

    def download(self, key: str, file: Path) -> bool:
        """Copy an object to a new file; return False if there is none."""

    def remove(self, *keys: str) -> None:
        """Remove those objects that exist."""


@contextmanager
def storage_errors(address: str) -> Iterator[None]:
    """Turn every error of the block into StorageFailed; the log has the reason.

    The libraries of object stores raise classes of their own, which have no common base.
    """
    try:
        yield
    except Exception as error:
        log.warning("Storage %s: %s: %s", without_password(address), type(error).__name__, error)
        raise StorageFailed(address) from error


def without_password(address: str) -> str:
    """Return the address without the user and the password that a URL may hold."""
    return USER_AND_PASSWORD.sub("", address)
