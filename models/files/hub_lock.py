"""The lock file: which commit of each hub repository is in use.

A commit is written at a repository's first download and used from then on, until a newer one is taken with
`python update_models.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from filelock import FileLock

VERSION = 2
"""Version of the file. Version 1 was the object `repositories` by itself; it is read, and written anew at the next download."""


class HubLockUnreadable(Exception):
    """The lock file is damaged, or a newer version of the app wrote it: the commits in use are unknown, and nothing starts."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The lock of the hub's models ({path}) {why}: update the app, bring the file back from a backup, or move it away, "
            "and the newest commits are locked."
        )


@dataclass(frozen=True)
class HubLock:
    """A JSON file: {"version": 2, "repositories": {name: {"commit": 40 hex digits, "files": names}}}; safe between processes.

    Every method raises HubLockUnreadable where the file cannot be read.
    """

    path: Path

    def commit(self, repository: str) -> str | None:
        """Return the locked commit, or None if this repository was never downloaded."""
        entry = self._read().get(repository)
        return str(entry["commit"]) if entry else None

    def files(self, repository: str) -> tuple[str, ...]:
        """Return the names of the files that the download at that commit brought."""
        entry = self._read().get(repository)
        return tuple(str(name) for name in cast("list[str]", entry["files"])) if entry else ()

    def repositories(self) -> tuple[str, ...]:
        """Return all repositories with a commit."""
        return tuple(self._read())

    def write(self, repository: str, commit: str, files: tuple[str, ...]) -> None:
        """Lock `repository` to `commit`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".guard")):
            entries = self._read() | {repository: {"commit": commit, "files": sorted(files)}}
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps({"version": VERSION, "repositories": entries}, indent=2, sort_keys=True) + "\n")
            os.replace(new, self.path)

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise HubLockUnreadable(self.path, "is damaged") from error
        if not isinstance(document, dict):
            raise HubLockUnreadable(self.path, "is damaged")
        version = document.get("version", 1)
        if isinstance(version, int) and version > VERSION:
            raise HubLockUnreadable(self.path, f"was written by a newer version of the app (format {version}, not {VERSION})")
        entries = document if "version" not in document else document.get("repositories")
        if not isinstance(entries, dict) or not all(isinstance(one, dict) and "commit" in one for one in entries.values()):
            raise HubLockUnreadable(self.path, "is damaged")
        return entries


def take_newer_commits(
    lock: HubLock, latest_commit: Callable[[str], str], repositories: tuple[str, ...]
) -> dict[str, tuple[str | None, str]]:
    """Lock each repository to its newest commit; returns {repository: (old, new)} of those that changed."""
    changed = {}
    for repository in repositories:
        old, new = lock.commit(repository), latest_commit(repository)
        if new != old:
            lock.write(repository, new, ())
            changed[repository] = (old, new)
    return changed
