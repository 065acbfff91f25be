"""Recordings that follow each other in one file, each read as a file of its own, and what damage leaves of bare AAC."""

from __future__ import annotations

import io
import itertools
import mmap
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipelines.clip.files.header_lengths import ID3_HEADER_BYTES, id3_bytes

OGG_PAGE_HEADER_BYTES = 27
OGG_FIRST_PAGE_FLAG = 2
ADTS_HEADER_BYTES = 7
ADTS_CHECKED_FRAMES = 3
"""Headers that have to follow each other at their distances, so that damage is not taken for frames."""
FLAC_MARK = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
"""With the header of the first block, which has 34 bytes."""
MATROSKA_MARK = re.compile(rb"\x1aE\xdf\xa3.{1,48}\x42\x82.(?:matroska|webm)", re.DOTALL)
"""The header of a file up to its document type."""


@dataclass(frozen=True)
class FilePart:
    """A range of a file's bytes."""

    first: int
    end: int
    patches: tuple[tuple[int, bytes], ...] = ()
    """(place in the file, bytes that are read in place of those there)."""


class PartReader(io.RawIOBase):
    """A range of a file's bytes as a file of its own."""

    def __init__(self, file: Path, part: FilePart) -> None:
        self._file = open(file, "rb")  # noqa: SIM115 closed with this object
        self._part = part
        self._file.seek(part.first)

    def readable(self) -> bool:
        """Return True: bytes can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: the position can be set."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, or all that are left."""
        begin = self._file.tell()
        left = max(0, self._part.end - begin)
        content = self._file.read(left if size < 0 else min(size, left))
        for place, patch in self._part.patches:
            first, end = max(place, begin), min(place + len(patch), begin + len(content))
            if first < end:
                content = content[: first - begin] + patch[first - place : end - place] + content[end - begin :]
        return content

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position and return it, counted from the beginning of the range."""
        base = {os.SEEK_SET: self._part.first, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._part.end}[whence]
        return self._file.seek(min(max(self._part.first, base + offset), self._part.end)) - self._part.first

    def tell(self) -> int:
        """Return the position, counted from the beginning of the range."""
        return self._file.tell() - self._part.first

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def ogg_links(stream: BinaryIO) -> list[FilePart]:
    """Return the links of a chained file, of which FFmpeg reads the first only where the next has other parameters.

    A link begins with the first page of a logical stream that follows a page that is none.
    """
    starts: list[int] = []
    position, in_headers = 0, False
    stream.seek(0)
    while len(header := stream.read(OGG_PAGE_HEADER_BYTES)) == OGG_PAGE_HEADER_BYTES:
        if not header.startswith(b"OggS"):
            position = _next_ogg_page(stream, position + 1)
            stream.seek(position)
            continue
        begins = bool(header[5] & OGG_FIRST_PAGE_FLAG)
        if begins and not in_headers:
            starts.append(position)
        in_headers = begins
        position += OGG_PAGE_HEADER_BYTES + header[26] + sum(stream.read(header[26]))
        stream.seek(position)
    return _between(starts, stream.seek(0, os.SEEK_END))


def _next_ogg_page(stream: BinaryIO, position: int) -> int:
    """Return the next place, from `position` on, that looks like a page; the end of the file if none does."""
    stream.seek(position)
    tail = b""
    while block := stream.read(1 << 16):
        found = (tail + block).find(b"OggS")
        if found >= 0:
            return stream.tell() - len(block) - len(tail) + found
        tail = block[-3:]
    return stream.tell()


def riff_files(stream: BinaryIO) -> list[FilePart]:
    """Return the WAV files that were joined to one."""
    starts: list[int] = []
    position = 0
    while stream.seek(position) == position and (header := stream.read(12))[8:] == b"WAVE":
        starts.append(position)
        size = int.from_bytes(header[4:8], "little")
        position += 8 + size + size % 2
    return _between(starts, stream.seek(0, os.SEEK_END))


def marked_files(content: mmap.mmap, mark: re.Pattern[bytes]) -> list[FilePart]:
    """Return the files that were joined to one, of which all but the first are known by a `mark`."""
    return _between([0, *(found.start() for found in mark.finditer(content, 1))], len(content))


def _between(starts: list[int], end: int) -> list[FilePart]:
    return [FilePart(first, following) for first, following in itertools.pairwise([*starts, end])]


def adts_runs(content: mmap.mmap) -> list[FilePart]:
    """Return the ranges of ADTS frames that follow each other without a break; none if the file does not begin with one.

    What lies between two of them is damage; FFmpeg does not say how many bytes it passes over.
    """
    runs: list[FilePart] = []
    position = id3_bytes(content[:ID3_HEADER_BYTES])
    if not _adts_frame_bytes(content, position):
        return []
    while position < len(content):
        begin = position
        while size := _adts_frame_bytes(content, position):
            position += size
        if position > begin:
            runs.append(FilePart(begin, min(position, len(content))))
        position = _next_adts_frame(content, position)
    return runs


def _adts_frame_bytes(content: mmap.mmap, position: int) -> int:
    """Return the size of the frame at `position`, from its header; 0 if there is none."""
    header = content[position : position + ADTS_HEADER_BYTES]
    if len(header) < ADTS_HEADER_BYTES or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > ADTS_HEADER_BYTES else 0


def _next_adts_frame(content: mmap.mmap, position: int) -> int:
    """Return the next place from which several frames follow each other; the end of the file if there is none."""
    while (position := content.find(b"\xff", position)) >= 0:
        end, frames = position, 0
        while frames < ADTS_CHECKED_FRAMES and (size := _adts_frame_bytes(content, end)):
            end, frames = end + size, frames + 1
        if frames == ADTS_CHECKED_FRAMES or (frames and end == len(content)):
            return position
        position += 1
    return len(content)
