"""Versions of a clip's transcript, one for each run whose lines a person edited."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from uuid import uuid4

from pipelines.clip.kept_results import KeptResults
from pipelines.edits.store import VersionStore
from pipelines.edits.versions import Change, Version, Versions
from pipelines.speech.edits.lines import Lines, in_time_order, with_speaker_of
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions

KIND = "transcript-edits"


@dataclass(frozen=True)
class TranscriptVersion(Version[Segment]):
    """A transcript as one run gave it, with the edits of its lines since."""

    options: TranscriptionOptions
    transcription: Transcription
    """With the edits."""
    # Declared again, because pydantic reads the type variable of the base as anything.
    done: tuple[Change[Segment], ...] = field(default=(), kw_only=True)
    undone: tuple[Change[Segment], ...] = field(default=(), kw_only=True)

    @property
    def items(self) -> Lines:
        """The lines."""
        return self.transcription.segments

    def replacing(self, items: Lines) -> TranscriptVersion:
        """Return the version with these lines."""
        return replace(self, transcription=self.transcription.with_segments(in_time_order(items)))

    def resumed(self, now: Transcription, stopped: Lines) -> TranscriptVersion:
        """Return the version with the lines that a resumed run added.

        Args:
            now: of the resumed run.
            stopped: lines of the run until it was stopped, as the model wrote them.
        """
        ends: dict[str, float] = {}
        for line in stopped:
            ends[line.side] = max(line.end, ends.get(line.side, 0.0))
        new = tuple(line for line in now.segments if line.end > ends.get(line.side, 0.0))
        before = tuple(line if line.speaker else with_speaker_of(line, now.segments) for line in self.items)
        return replace(self, transcription=now.with_segments(in_time_order((*before, *new))))


TranscriptVersions = Versions[TranscriptVersion]


def new_version(transcription: Transcription, options: TranscriptionOptions) -> TranscriptVersion:
    """Return the version of a run that ended now."""
    return TranscriptVersion(uuid4().hex, time.time(), options, transcription)


def transcript_versions(kept: KeptResults) -> VersionStore[TranscriptVersion]:
    """Return the stored versions of transcripts."""
    return VersionStore(kept, KIND)
