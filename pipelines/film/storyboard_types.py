"""Scenes of a clip and the pictures drawn for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import Result
from pipelines.pictures.options import Drawing, Picture


@dataclass(frozen=True)
class Scene(Result):
    """A segment of a clip; the scenes of a clip follow each other without gaps."""

    start: float
    end: float
    """Seconds."""
    label: str = ""
    """Label of a section of music: 'A' for the first kind, 'B' for the next; equal labels sound alike. Empty for other scenes."""

    @property
    def duration(self) -> float:
        """Duration in seconds."""
        return self.end - self.start


@dataclass(frozen=True, eq=False)
class StoryboardEntry(Result):
    """A scene of the clip with its picture."""

    start: float
    end: float
    """Seconds; the segment of it that was drawn is in `picture.settings`."""
    label: str
    """Label of a section of music; equal labels sound alike. Empty for other scenes."""
    concepts: tuple[str, ...]
    """Concepts of the audio embeds, largest weight first; empty where the picture is drawn from text alone."""
    prompt: str
    """Description of the audio that was used; empty where none was needed."""
    picture: Picture
    seconds: float
    """Time that drawing it took, once its prompt embeds were known."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Storyboard(ModelUse):
    """Snapshot of a storyboard; the last one of a run is the result."""

    duration: float
    """Duration of the clip in seconds."""
    seed: int
    """Seed of all pictures."""
    scenes: tuple[Scene, ...] = ()
    """All scenes, once they are known; without those that were joined with the scene before them."""
    joined: int = 0
    """Number of scenes that were joined with the one before, because they would have the same picture."""
    entries: tuple[StoryboardEntry, ...] = ()
    """Scenes whose picture is finished, in order."""
    drawing: Drawing | None = None
    """Snapshot of the picture that is being drawn; it stays when the job is stopped."""
    position: float = 0.0
    """Progress of the job, 0 to 1."""
    state: Literal["analysing", "drawing", "done", "stopped"] = "analysing"
