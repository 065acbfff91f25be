"""Versions of a clip's transcript, one for each run whose lines a person edited, with the edits that can be undone.

They are stored beside the clip as they are made, for each person by itself: who opens the same recording has other edits.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import takewhile
from uuid import uuid4

from filelock import FileLock

from pipelines.clip.clip import AudioClip
from pipelines.clip.kept_results import KeptResults
from pipelines.speech.edits.lines import Lines, in_time_order
from pipelines.speech.transcript import Transcription, TranscriptionOptions

MAX_VERSIONS = 10
"""Versions of one clip that are kept; the oldest go first."""
MAX_CHANGED_LINES = 20_000
"""Lines in the edits that can be undone; the oldest edits go first."""


@dataclass(frozen=True)
class LinesChange:
    """Lines that took the place of others."""

    before: Lines
    after: Lines


@dataclass(frozen=True)
class TranscriptVersion:
    """A transcript as one run gave it, with the edits since."""

    id: str
    made: float
    """Seconds since the epoch."""
    transcription: Transcription
    """With the edits."""
    options: TranscriptionOptions
    """What the run was asked for."""
    done: tuple[LinesChange, ...] = ()
    """Edits that can be undone, the first one first."""
    undone: tuple[LinesChange, ...] = ()
    """Edits that can be done again, the last one undone at the end."""

    @property
    def is_edited(self) -> bool:
        """Whether there are edits, or undone ones."""
        return bool(self.done or self.undone)

    def with_lines(self, lines: Lines) -> TranscriptVersion:
        """Return the version after an edit that left these lines."""
        change = _change(self.transcription.segments, lines)
        if change is None:
            return self
        return replace(self, transcription=self.transcription.with_segments(lines), done=_recent((*self.done, change)), undone=())

    def undo(self) -> TranscriptVersion:
        """Return the version before its last edit."""
        if not self.done:
            return self
        *done, last = self.done
        return replace(self._changed(last.after, last.before), done=tuple(done), undone=(*self.undone, last))

    def redo(self) -> TranscriptVersion:
        """Return the version with the edit that was undone last."""
        if not self.undone:
            return self
        *undone, last = self.undone
        return replace(self._changed(last.before, last.after), done=(*self.done, last), undone=tuple(undone))

    def resumed(self, now: Transcription, stopped: Lines) -> TranscriptVersion:
        """Return the version with the lines that a resumed run added.

        Args:
            now: of the resumed run.
            stopped: lines of the run until it was stopped, as the model wrote them.
        """
        before = Counter(stopped)
        new = tuple(line for line in now.segments if not before[line])
        return replace(self, transcription=now.with_segments(in_time_order((*self.transcription.segments, *new))))

    def _changed(self, gone: Lines, new: Lines) -> TranscriptVersion:
        rest = list(self.transcription.segments)
        for line in gone:
            rest.remove(line)
        return replace(self, transcription=self.transcription.with_segments(in_time_order((*rest, *new))))


def new_version(transcription: Transcription, options: TranscriptionOptions) -> TranscriptVersion:
    """Return the version of a run that ended now."""
    return TranscriptVersion(uuid4().hex, time.time(), transcription, options)


def _change(before: Lines, after: Lines) -> LinesChange | None:
    """Return what differs, without the equal lines at both ends; None where nothing does."""
    first = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    before, after = before[first:], after[first:]
    last = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(before), reversed(after), strict=False)))
    change = LinesChange(before[: len(before) - last], after[: len(after) - last])
    return change if change.before or change.after else None


def _recent(changes: tuple[LinesChange, ...]) -> tuple[LinesChange, ...]:
    """Return the last changes that hold at most `MAX_CHANGED_LINES`, at least one."""
    lines, first = 0, len(changes)
    for change in reversed(changes):
        lines += len(change.before) + len(change.after)
        if lines > MAX_CHANGED_LINES and first < len(changes):
            break
        first -= 1
    return changes[first:]


@dataclass(frozen=True)
class TranscriptVersions:
    """The versions of one clip's transcript that one person has."""

    versions: tuple[TranscriptVersion, ...] = ()
    """In the order of their runs."""
    shown_id: str = ""
    """Id of the version on the page."""

    @property
    def shown(self) -> TranscriptVersion | None:
        """The version on the page."""
        return next((version for version in self.versions if version.id == self.shown_id), None)

    def with_version(self, version: TranscriptVersion) -> TranscriptVersions:
        """Return these versions with a new one, or with a new state of one, on the page.

        One without edits that has the same options gives way to it.
        """
        if any(version.id == other.id for other in self.versions):
            versions = tuple(version if version.id == other.id else other for other in self.versions)
        else:
            kept = (other for other in self.versions if other.is_edited or other.options != version.options)
            versions = (*kept, version)
        return TranscriptVersions(versions[-MAX_VERSIONS:], version.id)

    def showing(self, version_id: str) -> TranscriptVersions:
        """Return these versions with another one on the page; an unknown id changes nothing."""
        known = any(version.id == version_id for version in self.versions)
        return replace(self, shown_id=version_id) if known else self


KIND = "transcript-edits"


def find_versions(kept: KeptResults, clip: AudioClip, person: str) -> TranscriptVersions:
    """Return the versions that a person has of a clip's transcript; none where nothing was edited."""
    found = kept.find(clip, person, KIND)
    return found if isinstance(found, TranscriptVersions) else TranscriptVersions()


def change_versions(
    kept: KeptResults, clip: AudioClip, person: str, change: Callable[[TranscriptVersions], TranscriptVersions]
) -> TranscriptVersions:
    """Change a person's versions and store them before anything else does.

    Raises:
        ClipExpired: the clip was removed because of its age.
        Whatever `change` raises: then nothing is stored.
    """
    clip.require_files()
    with FileLock(clip.directory / "edits.guard"):
        versions = change(find_versions(kept, clip, person))
        kept.store(clip, person, KIND, versions)
    return versions
