"""What of a file is read: the track, and one channel or all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from models.stopping import never_stop
from pipelines.jobs.result import Result

ORIGINAL_FILE = "original"
"""Name of the uploaded file in the clip's folder, where it is kept."""


@dataclass(frozen=True)
class Recording:
    """A file, and what of it is to be read."""

    file: Path
    track: int | None = None
    """Number among the audio tracks; None for the container's default."""
    channel: int | None = None
    """One channel alone; None for all."""
    should_stop: Callable[[], bool] = field(default=never_stop, compare=False, repr=False)
    """Called for every packet; reading raises JobStopped once it returns True."""


@dataclass(frozen=True)
class AudioTrack(Result):
    """One of the audio streams of a file."""

    language: str
    """ISO 639 code; empty where the file names none."""
    title: str
    channels: int
    is_default: bool
    """Whether the container plays it where the person chooses none."""
