"""Boxes of MP4 files: films that follow each other in one file, and damage between the fragments of a recording.

FFmpeg reads the boxes of a file one after the other, and ends at the first that is none.
"""

from __future__ import annotations

import mmap

from pipelines.clip.files.file_parts import FilePart

BOX_HEADER_BYTES = 8
LONG_HEADER_BYTES = 16
"""Header of a box whose size has 64 bits."""
MAX_PATCHES = 100
"""After so many damaged places the rest of a file is not searched."""
FIRST_CHILDREN = {b"moof": b"mfhd", b"moov": b"mvhd"}
"""Boxes at which reading can go on -> the box that they begin with."""


def mp4_parts(content: mmap.mmap) -> list[FilePart]:
    """Return the films of a file, in which damage between boxes is covered by boxes that FFmpeg passes over."""
    parts: list[FilePart] = []
    patches: list[tuple[int, bytes]] = []
    begin, position, has_index = 0, 0, False
    while position < len(content):
        box = _box(content, position)
        if box is None:
            following = _next_index(content, position + LONG_HEADER_BYTES)
            if following < 0 or len(patches) == MAX_PATCHES:
                break
            patches.append((position, _free_header(following - position)))
            position = following
            continue
        size, kind = box
        if kind == b"ftyp" and has_index:
            parts.append(FilePart(begin, position, tuple(patches)))
            begin, patches, has_index = position, [], False
        has_index |= kind == b"moov"
        position += size
    return [*parts, FilePart(begin, len(content), tuple(patches))]


def _box(content: mmap.mmap, position: int) -> tuple[int, bytes] | None:
    """Return (size, kind) of the box at `position`; None if there is none, or if it ends after the file before other boxes."""
    header = content[position : position + LONG_HEADER_BYTES]
    size, kind = int.from_bytes(header[:4], "big"), header[4:8]
    least = BOX_HEADER_BYTES
    if size == 1:
        size, least = int.from_bytes(header[8:], "big"), LONG_HEADER_BYTES
    elif size == 0:
        size = len(content) - position
    if size < least or not all(chr(byte).isalnum() or byte in b" -" for byte in kind):
        return None
    if position + size > len(content) and _next_index(content, position + LONG_HEADER_BYTES) >= 0:
        return None
    return size, kind


def _next_index(content: mmap.mmap, position: int) -> int:
    """Return the next place that looks like the index of a film or a fragment; -1 if there is none."""
    found = [_next_of_kind(content, position, kind, child) for kind, child in FIRST_CHILDREN.items()]
    return min((place for place in found if place >= 0), default=-1)


def _next_of_kind(content: mmap.mmap, position: int, kind: bytes, child: bytes) -> int:
    while (place := content.find(kind, position)) >= 0:
        if content[place + 8 : place + 12] == child:
            return place - 4
        position = place + 1
    return -1


def _free_header(size: int) -> bytes:
    if size < 1 << 32:
        return size.to_bytes(4, "big") + b"free"
    return (1).to_bytes(4, "big") + b"free" + size.to_bytes(8, "big")
