"""Versions of a clip's notes, one for each run whose notes a person edited."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from uuid import uuid4

from pipelines.clip.kept_results import KeptResults
from pipelines.edits.store import VersionStore
from pipelines.edits.versions import Version, Versions
from pipelines.notes.notes import Note, NoteOptions, NoteTranscription

KIND = "note-edits"


@dataclass(frozen=True)
class NoteVersion(Version[Note]):
    """The notes that one run found, with the edits since."""

    options: NoteOptions
    transcription: NoteTranscription
    """With the edits."""

    @property
    def items(self) -> tuple[Note, ...]:
        """The notes."""
        return self.transcription.notes

    def replacing(self, items: tuple[Note, ...]) -> NoteVersion:
        """Return the version with these notes."""
        return replace(self, transcription=self.transcription.with_notes(items))


NoteVersions = Versions[NoteVersion]


def new_note_version(transcription: NoteTranscription, options: NoteOptions) -> NoteVersion:
    """Return the version of a run that ended now."""
    return NoteVersion(uuid4().hex, time.time(), options, transcription)


def note_versions(kept: KeptResults) -> VersionStore[NoteVersion]:
    """Return the stored versions of notes."""
    return VersionStore(kept, KIND)
