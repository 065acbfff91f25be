"""Objects in an object store, such as S3, through fsspec."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.storage.storage import FolderEntry, Stamp, StoragePackageMissing, storage_errors

PROTOCOLS = ("s3", "gs", "az", "abfs", "memory")
"""Stores that show an object only once all of it has arrived, so that no temporary name is needed."""
MODIFIED_NAMES = ("LastModified", "last_modified", "updated", "mtime", "created")
"""Names under which stores say when an object was written."""
ONE_REQUEST_BYTES = 32 * 2**20
"""Size up to which a file is uploaded in one request."""


@dataclass(frozen=True)
class ObjectStorage:
    """Objects under an address such as s3://bucket/prefix. Keys of access are taken from the environment, as fsspec does."""

    address: str

    def __post_init__(self) -> None:
        """Connect nothing, but raise StoragePackageMissing if the package for the protocol is not there."""
        try:
            _ = self._files
        except ImportError as error:
            raise StoragePackageMissing(self.address, str(error)) from None

    @cached_property
    def _files(self) -> Any:
        """The file system; one for all threads, as a new one would connect anew."""
        from fsspec.core import url_to_fs

        return url_to_fs(self.address)[0]

    @cached_property
    def _root(self) -> str:
        return str(self._files._strip_protocol(self.address)).rstrip("/")

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}".rstrip("/")

    def stamps(self, folder: str = "") -> dict[str, Stamp]:
        """See `Storage.stamps`."""
        with storage_errors(self.address):
            self._files.invalidate_cache()  # other servers write too
            found = self._files.find(self._path(folder), detail=True)
            return {posixpath.relpath(name, self._root): _stamp(facts) for name, facts in found.items()}

    def entries(self, folder: str = "") -> Iterator[FolderEntry]:
        """See `Storage.entries`; the list of one folder is in memory."""
        with storage_errors(self.address):
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._path(folder), detail=True)
            except FileNotFoundError:  # a folder is there as long as there is something in it
                found = []
        for facts in found:
            is_folder = facts["type"] == "directory"
            version = "" if is_folder else f"{facts['size']} {_stamp(facts).version}"
            yield FolderEntry(posixpath.basename(facts["name"]), is_folder, version)

    def exists(self, key: str) -> bool:
        """See `Storage.exists`."""
        with storage_errors(self.address):
            self._files.invalidate_cache()
            return bool(self._files.exists(self._path(key)))

    def read(self, *keys: str) -> dict[str, bytes]:
        """See `Storage.read`; fsspec reads several at once."""
        if not keys:
            return {}
        by_path = {self._path(key): key for key in keys}
        with storage_errors(self.address):
            read = self._files.cat(list(by_path), on_error="return")
            for content in read.values():
                if isinstance(content, Exception) and not isinstance(content, FileNotFoundError):
                    raise content
            return {by_path[path]: content for path, content in read.items() if isinstance(content, bytes)}

    def write(self, key: str, content: bytes) -> None:
        """See `Storage.write`."""
        with storage_errors(self.address):
            self._files.pipe_file(self._path(key), content)

    def upload(self, file: Path, key: str) -> None:
        """See `Storage.upload`."""
        if file.stat().st_size <= ONE_REQUEST_BYTES:
            self.write(key, file.read_bytes())
            return
        with storage_errors(self.address):
            self._files.put_file(str(file), self._path(key))

    def download(self, key: str, file: Path) -> bool:
        """See `Storage.download`."""
        with storage_errors(self.address):
            try:
                self._files.get_file(self._path(key), str(file))
            except FileNotFoundError:
                return False
            return True

    def remove(self, *keys: str) -> None:
        """See `Storage.remove`."""
        with storage_errors(self.address):
            for key in keys:
                try:
                    self._files.rm_file(self._path(key))
                except (FileNotFoundError, KeyError):  # KeyError is that of memory://
                    continue


def _stamp(facts: dict[str, Any]) -> Stamp:
    """Return the stamp of an object, whose facts have other names in each store."""
    modified = next(
        (facts[name] for name in ("LastModified", "last_modified", "updated", "mtime", "created") if name in facts), 0.0
    )
    if isinstance(modified, str):
        modified = datetime.fromisoformat(modified.replace("Z", "+00:00"))
    if isinstance(modified, datetime):
        modified = modified.timestamp()
    return Stamp(float(modified), f"{modified} {facts.get('ETag', facts.get('etag', ''))}")
