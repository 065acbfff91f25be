"""Clips that several servers share: one archive each in a storage, and local copies of those that this server uses."""

from __future__ import annotations

import logging
import os
import tempfile
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from pipelines.clip.clip_folders import SCRATCH_PREFIX, discard, last_uses
from pipelines.storage.storage import Storage, StorageFailed

ARCHIVE = "clip.zip"
"""Key of a clip's files, below its content hash. An archive is one object, so that a clip is there as a whole or not at all."""
USED = "used"
"""Key of the object, and name of the local file, whose time is that of the latest use by a server."""
MARKS_PER_AGE = 24
"""How often a clip that is in use is marked within the time after which an unused one is removed."""
SWEEP_SECONDS = 600.0
"""How often each server lists the storage, to remove what is old."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SharedClips:
    """The clips of all servers that share `storage`, and this server's copies of them in `directory`."""

    storage: Storage
    directory: Path
    max_age_seconds: float
    """How long an unused clip is kept."""

    def give(self, folder: Path, content_hash: str) -> None:
        """Put the files in `folder` into the storage as this clip, unless it is there."""
        key = f"{content_hash}/{ARCHIVE}"
        if self.storage.exists(key):
            return
        with tempfile.TemporaryDirectory(dir=self.directory, prefix=SCRATCH_PREFIX) as scratch:
            archive = Path(scratch) / ARCHIVE
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as out:  # sound hardly gets smaller
                for file in folder.iterdir():
                    out.write(file, file.name)
            self.storage.upload(archive, key)

    def bring(self, content_hash: str) -> bool:
        """Make a local copy of the clip, if there is none; return False if no server has it."""
        target = self.directory / content_hash
        self.directory.mkdir(parents=True, exist_ok=True)
        with FileLock(self.directory / f"{SCRATCH_PREFIX}{content_hash}.guard"):
            if target.exists():
                return True
            with tempfile.TemporaryDirectory(dir=self.directory, prefix=SCRATCH_PREFIX) as scratch:
                archive, files = Path(scratch) / ARCHIVE, Path(scratch) / "files"
                if not self.storage.download(f"{content_hash}/{ARCHIVE}", archive):
                    return False
                try:
                    with zipfile.ZipFile(archive) as opened:
                        opened.extractall(files)
                except zipfile.BadZipFile as error:
                    log.warning("The clip %s in %s is damaged and was removed: %s", content_hash, self.storage.address, error)
                    self.storage.remove(f"{content_hash}/{ARCHIVE}")
                    return False
                os.replace(files, target)
        return True

    def mark_used(self, content_hash: str) -> None:
        """Keep all servers from removing the clip because of its age; the storage is asked a few times a day only."""
        mark = self.directory / content_hash / USED
        with suppress(FileNotFoundError):
            if time.time() - mark.stat().st_mtime < self.max_age_seconds / MARKS_PER_AGE:
                return
        with suppress(FileNotFoundError, StorageFailed):  # the local copy works without it
            mark.touch()
            self.storage.write(f"{content_hash}/{USED}", b"")

    def forget(self, content_hash: str) -> None:
        """Remove the clip, its results and its keepers from the storage; the archive first."""
        self.storage.remove(f"{content_hash}/{ARCHIVE}", *self.storage.stamps(content_hash))

    def sweep(self, now: float) -> None:
        """Remove the clips that no server used for the age limit, and local copies of clips that another server removed."""
        keys: dict[str, dict[str, float]] = {}
        for key, stamp in self.storage.stamps().items():
            keys.setdefault(key.split("/")[0], {})[key] = stamp.modified
        for content_hash, modified in list(keys.items()):
            if max(modified.values()) < now - self.max_age_seconds:
                self.storage.remove(*sorted(modified, key=lambda key: not key.endswith(ARCHIVE)))
                del keys[content_hash]
        for folder, used in self._copies().items():
            if folder.name not in keys and used < now - SWEEP_SECONDS:
                discard(folder)

    def _copies(self) -> dict[Path, float]:
        """Return the folders of complete clips with the time of their last use, oldest first."""
        return {folder: used for folder, used in last_uses(self.directory).items() if not folder.name.startswith(SCRATCH_PREFIX)}
