"""The messages between the server and a worker: one byte for the kind, eight for the length, then the content."""

from __future__ import annotations

import struct
from enum import Enum
from typing import BinaryIO

HEADER = struct.Struct("<cQ")
MAX_FRAME_BYTES = 2**30
"""Largest message: more is taken for a worker that is out of order."""


class Kind(bytes, Enum):
    """Kind of a message."""

    CALL = b"C"
    """To the worker: what is to be run."""
    BEAT = b"B"
    """From the worker: the job goes on."""
    VALUE = b"V"
    """From the worker: one result."""
    ERROR = b"E"
    """From the worker: the error that ended the job."""
    DONE = b"D"
    """From the worker: all results have been sent."""


def write_frame(stream: BinaryIO, kind: Kind, content: bytes = b"") -> None:
    """Write a message and flush."""
    stream.write(HEADER.pack(kind.value, len(content)))
    stream.write(content)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[Kind, bytes] | None:
    """Return the next message, or None at the end of the stream.

    Raises:
        ValueError: these are not messages.
    """
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    kind, size = HEADER.unpack(header)
    if size > MAX_FRAME_BYTES:
        raise ValueError(f"a message of {size} bytes")
    content = stream.read(size)
    return (Kind(kind), content) if len(content) == size else None
