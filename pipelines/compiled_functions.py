"""Where numba keeps what it compiled: a folder of its own for each process that runs at the time."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from itertools import count
from pathlib import Path

import platformdirs
from numba.core.caching import UserProvidedCacheLocator

LOCK_NAME = "lock"
PACKAGES = ("numba", "librosa", "umap-learn", "pynndescent")
"""Packages that compile with numba: code of one calls code of another, so that each set of versions has folders of its own."""


class ProcessCacheLocator(UserProvidedCacheLocator):  # type: ignore[misc]
    """Tells numba to keep compiled functions in the folder of this process; see `process_folder`.

    `NUMBA_CACHE_LOCATOR_CLASSES` names this class, so that numba imports it when it compiles for the first time.
    """

    def __init__(self, function: Callable[..., object], file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(process_folder() / self.get_suitable_cache_subpath(file))

    @classmethod
    def from_function(cls, function: Callable[..., object], file: str) -> UserProvidedCacheLocator | None:
        """Return the locator of a function in a source file."""
        return super(UserProvidedCacheLocator, cls).from_function(function, file)


@cache
def process_folder() -> Path:
    """Return the first folder that no other running process uses; it is this process's until it ends.

    Two processes that compile into one folder at the same time can leave a function that calls into code of the other process,
    whose names differ: numba replaces the files one by one, and each later process ends with a segmentation fault.
    Where the user's cache folder cannot be written, the folder is a temporary one.
    """
    root = Path(os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_path("audioscope") / "numba")
    root /= "-".join(version(package) for package in PACKAGES)
    try:
        return next(folder for number in count() if _take(folder := root / str(number)))
    except OSError:
        return Path(tempfile.mkdtemp(prefix="audioscope-numba-"))


def _take(folder: Path) -> bool:
    """Lock `folder` until this process ends, unless another process has it; return whether it is ours."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    return True
