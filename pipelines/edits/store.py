"""Versions of results that people edited.

They are stored beside the clip as they are made, for each person by itself: who opens the same recording has other edits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from filelock import FileLock

from pipelines.clip.clip import AudioClip
from pipelines.clip.kept_results import KeptResults
from pipelines.edits.versions import Versions, VersionT


class VersionStore(Generic[VersionT]):
    """The versions of one kind of result that people have of their clips."""

    def __init__(self, kept: KeptResults, kind: str) -> None:
        """Keep them under `kind` among what is kept of a clip."""
        self._kept = kept
        self._kind = kind

    def find(self, clip: AudioClip, person: str) -> Versions[VersionT]:
        """Return the versions that a person has of a clip; none where nothing was edited."""
        return _versions(self._kept.find(clip, person, self._kind))

    def change(
        self, clip: AudioClip, person: str, change: Callable[[Versions[VersionT]], Versions[VersionT]]
    ) -> Versions[VersionT]:
        """Change a person's versions and store them before anything else does.

        Raises:
            ClipExpired: the clip was removed because of its age.
            UnreadableResult: another version of the app wrote what is there.
            Whatever `change` raises: then nothing is stored.
        """
        clip.require_files()
        with FileLock(clip.directory / "edits.guard"):
            versions = change(_versions(self._kept.find_to_change(clip, person, self._kind)))
            self._kept.store(clip, person, self._kind, versions)
        return versions


def _versions(found: object) -> Versions[VersionT]:
    return found if isinstance(found, Versions) else Versions()
