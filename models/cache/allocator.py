"""The C library's allocator, where memory of numpy, torch, onnxruntime and CTranslate2 lies: how much it keeps, and less of it.

By itself glibc gives each thread an arena, up to eight for each core, and keeps in each what was freed there. Once large
blocks were freed, it takes such blocks, up to 32 MB, from the arenas, too.
So a server grows whose jobs have threads of their own.
Elsewhere than on Linux with glibc, these functions do nothing.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Numbers of the options of mallopt(3)."""
MAX_ARENAS = 2
MMAP_THRESHOLD_BYTES = 4 * 2**20
"""Size from which a block is mapped by itself, and given back at once when it is freed."""


class _MallocInfo(ctypes.Structure):
    """What mallinfo2(3) returns, all in bytes but the counts."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


def bound_allocator() -> None:
    """Let the allocator keep less of what is freed, from now on; called before there are threads."""
    option = _function("mallopt")
    if option is not None:
        option(M_ARENA_MAX, MAX_ARENAS)
        option(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES)


def give_back_freed() -> None:
    """Return the pages of freed blocks to the system."""
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


def freed_bytes() -> int:
    """Return the bytes of freed blocks that the allocator keeps, at most; 0 where it does not say."""
    info = _function("mallinfo2")  # from glibc 2.33
    if info is None:
        return 0
    info.restype = _MallocInfo
    return int(info().fordblks)


def _function(name: str) -> Any:
    """Return a function of the C library; None where it has none of this name, as musl has not."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
