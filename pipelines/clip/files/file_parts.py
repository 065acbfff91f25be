"""Recordings that follow each other in one file: the links of chained Ogg, and what damage leaves of bare AAC."""

from __future__ import annotations

import io
import mmap
import os
from pathlib import Path
from typing import BinaryIO

OGG_PAGE_HEADER_BYTES = 27
OGG_FIRST_PAGE_FLAG = 2
ADTS_HEADER_BYTES = 7
ADTS_CHECKED_FRAMES = 3
"""Headers that have to follow each other at their distances, so that damage is not taken for frames."""

ByteRange = tuple[int, int]
"""(first, end) in bytes."""


class FilePart(io.RawIOBase):
    """A range of a file's bytes as a file of its own."""

    def __init__(self, file: Path, part: ByteRange) -> None:
        self._file = open(file, "rb")  # noqa: SIM115 closed with this object
        self._first, self._end = part
        self._file.seek(self._first)

    def readable(self) -> bool:
        """Whether bytes can be read: yes."""
        return True

    def seekable(self) -> bool:
        """Whether the position can be set: yes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, or all that are left."""
        left = max(0, self._end - self._file.tell())
        return self._file.read(left if size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position and return it, counted from the beginning of the range."""
        base = {os.SEEK_SET: self._first, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._end}[whence]
        return self._file.seek(max(self._first, base + offset)) - self._first

    def tell(self) -> int:
        """Return the position, counted from the beginning of the range."""
        return self._file.tell() - self._first

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def parts_of(file: Path) -> tuple[ByteRange | None, ...]:
    """Return the byte ranges that are to be read one after the other; (None,) where the file is read as a whole.

    FFmpeg reads the first link of a chained Ogg file only, where the next has other parameters; and in bare AAC it does not
    say how many bytes it passed over. What lies between two ranges is damage.
    """
    with open(file, "rb") as stream:
        head = stream.read(3)
        if head == b"Ogg":
            parts = _ogg_links(stream)
        elif head == b"ID3" or head.startswith(b"\xff"):
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                parts = _adts_runs(content)
        else:
            parts = []
    return tuple(parts) if len(parts) > 1 else (None,)


def _ogg_links(stream: BinaryIO) -> list[ByteRange]:
    """From the first pages of links: those that begin a logical stream after pages that do not."""
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
    size = stream.seek(0, os.SEEK_END)
    return list(zip(starts, (*starts[1:], size), strict=True))


def _next_ogg_page(stream: BinaryIO, position: int) -> int:
    """The next place, from `position` on, that looks like a page; the end of the file if none does."""
    stream.seek(position)
    tail = b""
    while block := stream.read(1 << 16):
        found = (tail + block).find(b"OggS")
        if found >= 0:
            return stream.tell() - len(block) - len(tail) + found
        tail = block[-3:]
    return stream.tell()


def _adts_runs(content: mmap.mmap) -> list[ByteRange]:
    """Ranges of ADTS frames that follow each other without a break; none if the file does not begin with such frames."""
    runs: list[ByteRange] = []
    position = 0
    if content[:3] == b"ID3":
        position = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
    if not _adts_frame_bytes(content, position):
        return []
    while position < len(content):
        begin = position
        while size := _adts_frame_bytes(content, position):
            position += size
        if position > begin:
            runs.append((begin, min(position, len(content))))
        position = _next_adts_frame(content, position)
    return runs


def _adts_frame_bytes(content: mmap.mmap, position: int) -> int:
    """The size of the frame at `position`, from its header; 0 if there is none."""
    header = content[position : position + ADTS_HEADER_BYTES]
    if len(header) < ADTS_HEADER_BYTES or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > ADTS_HEADER_BYTES else 0


def _next_adts_frame(content: mmap.mmap, position: int) -> int:
    """The next place from which several frames follow each other; the end of the file if there is none."""
    while (position := content.find(b"\xff", position)) >= 0:
        end, frames = position, 0
        while frames < ADTS_CHECKED_FRAMES and (size := _adts_frame_bytes(content, end)):
            end, frames = end + size, frames + 1
        if frames == ADTS_CHECKED_FRAMES or (frames and end == len(content)):
            return position
        position += 1
    return len(content)
