"""ZIP files of strangers: every entry is checked before one is read.

A bomb is refused by the number of its entries, their sizes, their ratio and their overlap; a slip by the names, of which only
expected ones are taken.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from pipelines.bundle.errors import BundleRefused

END_RECORD_BYTES = 22
END_RECORD = b"PK\x05\x06"
LOCATOR_BYTES = 20
ZIP64_LOCATOR = b"PK\x06\x07"
ENCRYPTED, UTF_8_NAME = 0x1, 0x800
"""Bits of an entry's flags (APPNOTE 4.4.4)."""
MAX_DIRECTORY_BYTES = 2**18
"""Size of the directory at the end of the file, which is read as a whole."""
MAX_RATIO = 200
"""Ratio of an entry's size to its compressed size. What the app writes is stored where it would be smaller."""
MIN_RATIO_BYTES = 2**20
"""Entries below this size may have any ratio."""
COPY_BYTES = 2**20
DAMAGED = "its file is damaged or was cut off"


class CheckedArchive:
    """A ZIP file whose entries have expected names and sizes."""

    def __init__(self, file: IO[bytes], expected: Mapping[str, int], max_entries: int, max_total_bytes: int) -> None:
        """Check the directory of `file`.

        Args:
            file: can be read and sought.
            expected: pattern of a name -> largest size in bytes of an entry with such a name.
            max_entries: number of entries.
            max_total_bytes: size of all entries together, unpacked.

        Raises:
            BundleRefused: says what is wrong.
        """
        _check_end(file)
        with _damage_as_refusal():
            self._archive = zipfile.ZipFile(file)
        entries = self._archive.infolist()
        if len(entries) > max_entries:
            raise BundleRefused(f"it has more than {max_entries} entries")
        for entry in entries:
            _check_entry(entry, expected)
        self._entries = {entry.filename: entry for entry in entries}
        if len(self._entries) < len(entries):
            raise BundleRefused("two of its entries have one name")
        if sum(entry.file_size for entry in entries) > max_total_bytes:
            raise BundleRefused("it is larger when unpacked than any bundle may be")
        size = file.seek(0, 2)
        if not all(0 <= entry.header_offset < size for entry in entries):
            raise BundleRefused(DAMAGED)
        if sum(entry.compress_size for entry in entries) > size:
            raise BundleRefused("its entries overlap")

    def __enter__(self) -> CheckedArchive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._archive.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the entries, in order."""
        return tuple(sorted(self._entries))

    def read(self, name: str) -> bytes:
        """Return the content of an entry.

        Raises:
            BundleRefused: there is none of this name, or it is damaged.
        """
        if name not in self._entries:
            raise BundleRefused("one of its entries is missing")
        with _damage_as_refusal():
            return self._archive.read(self._entries[name])

    def copy(self, name: str, target: Path) -> None:
        """Write the content of an entry to a file; raises as `read`."""
        if name not in self._entries:
            raise BundleRefused("one of its entries is missing")
        with _damage_as_refusal(), self._archive.open(self._entries[name]) as source, open(target, "wb") as out:
            while block := source.read(COPY_BYTES):
                out.write(block)


@contextmanager
def _damage_as_refusal() -> Iterator[None]:
    """Turn the errors of zipfile into a refusal."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        # ValueError: a name that is not UTF-8; RuntimeError: encryption that only the entry itself mentions.
        raise BundleRefused(DAMAGED) from error


def _check_end(file: IO[bytes]) -> None:
    """Check the record at the end of the file before zipfile reads the directory that it names."""
    size = file.seek(0, 2)
    file.seek(max(0, size - END_RECORD_BYTES - LOCATOR_BYTES))
    locator, record = (tail := file.read())[:-END_RECORD_BYTES], tail[-END_RECORD_BYTES:]
    file.seek(0)
    if len(record) < END_RECORD_BYTES or not record.startswith(END_RECORD) or not record.endswith(b"\0\0"):
        raise BundleRefused(DAMAGED)
    if locator.startswith(ZIP64_LOCATOR) or int.from_bytes(record[12:16], "little") > MAX_DIRECTORY_BYTES:
        raise BundleRefused("it has more entries than any bundle")


def _check_entry(entry: zipfile.ZipInfo, expected: Mapping[str, int]) -> None:
    # zipfile cuts a name at a NUL character and turns the separators of the platform into slashes.
    name = entry.orig_filename
    largest = next((size for pattern, size in expected.items() if re.fullmatch(pattern, name, re.ASCII)), None)
    if largest is None or name != entry.filename:
        raise BundleRefused("it has an entry that no bundle has")
    if entry.flag_bits & ENCRYPTED:
        raise BundleRefused("it is encrypted")
    mode = entry.external_attr >> 16
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise BundleRefused("it has an entry that is no plain file")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleRefused("it is compressed in another way than bundles are")
    if entry.file_size > largest:
        raise BundleRefused("an entry is larger than it may be")
    if entry.file_size > MIN_RATIO_BYTES and entry.file_size > MAX_RATIO * entry.compress_size:
        raise BundleRefused("an entry unpacks to more than a bundle's would")
