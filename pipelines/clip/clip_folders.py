"""Folders of clips: names of their files, when each was used, and their removal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from pipelines.clip.keepers import KEEPERS_FOLDER, KEPT_FOLDER

SCRATCH_PREFIX = "incoming-"
"""Beginning of the names of folders that are not complete yet, or no longer."""
FACTS_FILE = "clip.json"
"""Name of the file that makes a folder a clip."""
SAMPLES = "*.f32"
"""Decoded samples, which can be decoded again from the recording beside them."""
SILENCE_PEAK = 1e-4
"""A clip whose loudest sample is below this (−80 dB of full scale) has no sound in it."""

MIX, CENTRE = "mono", "centre"
"""Kinds of samples, by which their files are named; each side of two is one more."""
SIDES = ("left", "right")
"""Names of the two channels of stereo sound, in their order."""
MAX_CLIP_FOLDER_BYTES = 10 * 10**9
IN_USE_SECONDS = 60.0
"""A clip that was used this short time ago is not touched for want of space."""


def samples_path(directory: Path, sample_rate: int, kind: str = MIX) -> Path:
    """Return the path of the samples of one kind at `sample_rate` Hz: the mix, the centre channel or a side."""
    return directory / f"{kind}-{sample_rate}.f32"


def free_disk_bytes(folder: Path) -> int:
    """Return the free bytes of the disk on which `folder` lies, or will lie."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


def default_clip_bytes(directory: Path) -> int:
    """Return how large all clips in a folder may be together: a tenth of the free disk, what lies there included, or less."""
    return min(MAX_CLIP_FOLDER_BYTES, (free_disk_bytes(directory) + size_of(directory)) // 10)


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


def trim(directory: Path, max_bytes: int, now: float, on_removed: Callable[[Path], object]) -> None:
    """Make the clips in `directory` fit into `max_bytes`; those that were not used for longest give way, those in use never.

    First their samples go, which are decoded again when they are needed, then the recordings. What people have of a clip stays.
    """
    uses = {folder: used for folder, used in last_uses(directory).items() if not folder.name.startswith(SCRATCH_PREFIX)}
    excess = sum(map(size_of, uses)) - max_bytes
    for reduce in (_drop_samples, _drop_sound):
        for folder, used in uses.items():
            if excess <= 0:
                return
            if used < now - IN_USE_SECONDS and (freed := reduce(folder)):
                excess -= freed
                if not (folder / FACTS_FILE).exists():
                    on_removed(folder)
                with suppress(FileNotFoundError):
                    os.utime(folder, (used, used))  # to be removed from is no use


def _drop_samples(folder: Path) -> int:
    """Remove the decoded samples; return their bytes."""
    freed = 0
    for file in folder.glob(SAMPLES):
        with suppress(FileNotFoundError):
            freed += file.stat().st_size
            file.unlink()
    return freed


def _drop_sound(folder: Path) -> int:
    """Remove all of a clip but what people have of it; return the bytes."""
    if not (folder / KEEPERS_FOLDER).exists():
        freed = size_of(folder)
        discard(folder)
        return freed
    if not (folder / FACTS_FILE).exists():
        return 0
    before = size_of(folder)
    (folder / FACTS_FILE).unlink(missing_ok=True)  # first, so that it is a clip no longer
    for path in folder.iterdir():
        if path.is_dir() and path.name not in (KEEPERS_FOLDER, KEPT_FOLDER):
            shutil.rmtree(path, ignore_errors=True)
        elif not path.is_dir():
            path.unlink(missing_ok=True)
    return before - size_of(folder)
