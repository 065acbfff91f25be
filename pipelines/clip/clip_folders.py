"""Folders of clips: when each was used, and their removal."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

SCRATCH_PREFIX = "incoming-"
"""Beginning of the names of folders that are not complete yet, or no longer."""


def last_uses(directory: Path) -> dict[Path, float]:
    """Return the time of the last use of each folder in `directory`, in seconds since the epoch, oldest first."""
    found = {}
    for folder in directory.glob("*"):
        with suppress(FileNotFoundError):  # another process removed it just now
            found[folder] = folder.stat().st_mtime
    return dict(sorted(found.items(), key=lambda item: item[1]))


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def discard(folder: Path) -> None:
    """Remove a folder, or a file beside them; it is renamed first, so that no process finds a part of it."""
    away = folder.with_name(f"{SCRATCH_PREFIX}{uuid4().hex}")
    with suppress(OSError):
        os.replace(folder, away)
    if away.is_dir():
        shutil.rmtree(away, ignore_errors=True)
    else:
        away.unlink(missing_ok=True)
