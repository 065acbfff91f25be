"""Lengths that the headers of files give, where FFmpeg takes the size of the file for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

PCM_KINDS = {"wav", "w64", "aiff", "au", "caf"}
"""Containers whose header gives the bytes of the samples."""
UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
"""Sizes that recorders write while they stream."""
W64_GUID_BYTES = 16
ID3_HEADER_BYTES = 10
ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
ASF_HEADER_BYTES = 1 << 16
ASF_TICKS = 1e7
"""Per second, of the duration in a header."""


def pcm_bytes(file: Path, kind: str) -> int | None:
    """Return how many bytes of samples the header of a file of one of `PCM_KINDS` gives; None where it says 'unknown'."""
    with open(file, "rb") as stream:
        size = _w64_bytes(stream) if kind == "w64" else _au_bytes(stream) if kind == "au" else _chunk_bytes(stream, kind)
    return None if size in UNKNOWN_SIZES else size


def _au_bytes(stream: BinaryIO) -> int:
    stream.seek(8)
    return int.from_bytes(stream.read(4), "big")


def _chunk_bytes(stream: BinaryIO, kind: str) -> int | None:
    """Return the size of the chunk of samples; in RF64, whose sizes have 64 bits, the one that its first chunk gives."""
    big = kind != "wav"
    size_bytes = 8 if kind == "caf" else 4
    wanted = b"SSND" if kind == "aiff" else b"data"
    length = stream.seek(0, os.SEEK_END)
    stream.seek(8 if kind == "caf" else 12)
    long_size: int | None = None
    while len(chunk := stream.read(4 + size_bytes)) == 4 + size_bytes:
        size = int.from_bytes(chunk[4:], "big" if big else "little")
        if chunk[:4] == wanted:
            return size if long_size is None else long_size
        if chunk[:4] == b"ds64":
            content = stream.read(16)
            long_size = int.from_bytes(content[8:], "little")
            stream.seek(-len(content), os.SEEK_CUR)
        if size > length:
            return None
        stream.seek(size + (size % 2 if kind != "caf" else 0), os.SEEK_CUR)
    return None


def _w64_bytes(stream: BinaryIO) -> int | None:
    header = W64_GUID_BYTES + 8
    length = stream.seek(0, os.SEEK_END)
    stream.seek(header + W64_GUID_BYTES)
    while len(chunk := stream.read(header)) == header:
        size = int.from_bytes(chunk[W64_GUID_BYTES:], "little") - header
        if chunk.startswith(b"data"):
            return size
        if not 0 <= size <= length:
            return None
        stream.seek(size + -size % 8, os.SEEK_CUR)
    return None


def asf_seconds(file: Path) -> float | None:
    """Return the duration in the header of a Windows Media file; None where it has none."""
    with open(file, "rb") as stream:
        head = stream.read(ASF_HEADER_BYTES)
    at = head.find(ASF_FILE_PROPERTIES)
    if at < 0 or len(head) < at + 88:
        return None
    ticks, preroll_milliseconds = (int.from_bytes(head[at + first : at + first + 8], "little") for first in (64, 80))
    return max(0.0, ticks / ASF_TICKS - preroll_milliseconds / 1e3) or None


def id3_bytes(head: bytes) -> int:
    """Return the size of the ID3 tag that `head` begins with; 0 if there is none, or less than its header."""
    if not head.startswith(b"ID3") or len(head) < ID3_HEADER_BYTES:
        return 0
    return ID3_HEADER_BYTES + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))


def has_length_header(mp3: Path) -> bool:
    """Return whether a Xing, Info or VBRI header says how many frames there are."""
    with open(mp3, "rb") as stream:
        stream.seek(id3_bytes(stream.read(ID3_HEADER_BYTES)))
        first_frame = stream.read(4096)
    return any(marker in first_frame for marker in (b"Xing", b"Info", b"VBRI"))
