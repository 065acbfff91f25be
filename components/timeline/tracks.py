"""Tracks of the timeline: what it can draw beside the sound.

A track is an id, a name and its items; eight kinds exist, one class each. Times are seconds from the
beginning of the clip. Items of a track stand in order of their start: the page finds the visible ones by
binary search, and a track that grows while a job streams is only ever appended to.

On its way to the page a track is one text: a line of JSON with its head, then the items as JSON values, each
followed by a comma. A longer version of the same track starts with the shorter one, so that both Gradio's
streaming and the page's parser handle nothing but the new tail.
"""

import base64
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from components.timeline.items import Item, LabelItem, NoteItem, PictureItem, PointItem, SpanItem, WordItem, check_interval

Colour = Literal["blue", "sky", "green", "orange", "red", "pink", "accent", "grey"]

TRACK_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class ItemTrack:
    """A track of separate items, in order of their start. `id` names the track in updates and in events."""

    kind: ClassVar[str]
    id: str
    name: str
    colour: Colour
    items: tuple[Item, ...] = ()

    def __post_init__(self) -> None:
        check_identity(self.id, self.name)
        check_order(self.items)

    def head(self) -> dict[str, object]:
        """Return the fields that the page reads before the first item."""
        return {"id": self.id, "kind": self.kind, "name": self.name, "colour": self.colour}

    def tail(self) -> str:
        """Return the items as JSON values, each followed by a comma; equal for equal items."""
        return json_items(item.to_json() for item in self.items)


@dataclass(frozen=True, kw_only=True)
class SpanTrack(ItemTrack):
    """Lines, sections, claims, chosen windows; overlapping ones are drawn below each other."""

    kind: ClassVar[str] = "spans"
    colour: Colour = "accent"
    items: tuple[SpanItem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WordTrack(ItemTrack):
    """Words, shaded by confidence; their text appears when there is room."""

    kind: ClassVar[str] = "words"
    colour: Colour = "blue"
    items: tuple[WordItem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LabelTrack(ItemTrack):
    """Chords or tags, shaded by score."""

    kind: ClassVar[str] = "labels"
    colour: Colour = "green"
    items: tuple[LabelItem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PointTrack(ItemTrack):
    """Beats and downbeats."""

    kind: ClassVar[str] = "points"
    colour: Colour = "orange"
    items: tuple[PointItem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NoteTrack(ItemTrack):
    """A piano roll; its range of pitches follows from the notes."""

    kind: ClassVar[str] = "notes"
    colour: Colour = "sky"
    pitch_names: tuple[str, ...] | None = None
    """Names of the twelve pitch classes from C up; None for those with sharps."""
    items: tuple[NoteItem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PictureTrack(ItemTrack):
    """A storyboard: one thumbnail for each scene of the clip."""

    kind: ClassVar[str] = "pictures"
    colour: Colour = "grey"
    items: tuple[PictureItem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FrameTrack:
    """A track of evenly spaced frames: frame i covers `start + i * hop` to `start + (i + 1) * hop` seconds."""

    kind: ClassVar[str]
    id: str
    name: str
    hop: float  # seconds
    start: float = 0.0  # seconds

    def __post_init__(self) -> None:
        check_identity(self.id, self.name)
        check_interval(self.start, self.start)
        if not (math.isfinite(self.hop) and self.hop > 0):
            raise ValueError(f"the hop of track {self.id!r} must be positive, not {self.hop}")


@dataclass(frozen=True, kw_only=True, eq=False)
class HeatmapTrack(FrameTrack):
    """Tag scores over time. `scores`: float [frames, rows] in 0..1; `rows` names the classes, top first."""

    kind: ClassVar[str] = "heatmap"
    colour: Colour = "pink"
    rows: tuple[str, ...]
    scores: NDArray[np.floating] = field(repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scores.ndim != 2 or self.scores.shape[1] != len(self.rows) or not self.rows:
            raise ValueError(f"scores of {len(self.rows)} rows are [frames, rows], not {self.scores.shape}")
        if self.scores.size and not (self.scores.min() >= 0 and self.scores.max() <= 1):
            raise ValueError("scores are between 0 and 1")

    def head(self) -> dict[str, object]:
        """Return the fields that the page reads before the first frame."""
        return {**frame_head(self), "colour": self.colour, "rows": list(self.rows)}

    def tail(self) -> str:
        """Return one base64 block of uint8 [frames, rows], followed by a comma."""
        return block(np.round(self.scores * 255).astype(np.uint8))


@dataclass(frozen=True, kw_only=True, eq=False)
class ColourTrack(FrameTrack):
    """Embedding frames as colours. `colours`: uint8 [frames, 3], red, green, blue."""

    kind: ClassVar[str] = "colours"
    colours: NDArray[np.uint8] = field(repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.colours.dtype != np.uint8 or self.colours.ndim != 2 or self.colours.shape[1] != 3:
            raise ValueError(f"colours are uint8 [frames, 3], not {self.colours.dtype} {self.colours.shape}")

    def head(self) -> dict[str, object]:
        """Return the fields that the page reads before the first frame."""
        return frame_head(self)

    def tail(self) -> str:
        """Return one base64 block of uint8 [frames, 3], followed by a comma."""
        return block(self.colours)


Track = SpanTrack | WordTrack | LabelTrack | PointTrack | NoteTrack | PictureTrack | HeatmapTrack | ColourTrack


def to_text(track: Track) -> str:
    """Return the whole track in the form that the page reads: its head, a line feed, its items."""
    return compact(track.head()) + "\n" + track.tail()


def start_range(track: Track) -> tuple[float, float]:
    """Return the starts of the first and the last item; for tracks of frames, the start of the track."""
    if isinstance(track, FrameTrack):
        return track.start, track.start
    return (track.items[0].start, track.items[-1].start) if track.items else (0.0, 0.0)


def frame_head(track: FrameTrack) -> dict[str, object]:
    """Return the fields of the head that both tracks of frames share."""
    return {"id": track.id, "kind": track.kind, "name": track.name, "start": track.start, "hop": track.hop}


def check_identity(track_id: str, name: str) -> None:
    """Raise ValueError unless the id is plain, since it goes into markup, and the name is not blank."""
    if not TRACK_ID.fullmatch(track_id):
        raise ValueError(f"a track id is made of a-z, 0-9, _ and -, not {track_id!r}")
    if not name.strip():
        raise ValueError(f"track {track_id!r} needs a name")


def check_order(items: Sequence[Item]) -> None:
    """Raise ValueError unless items are in order of their start."""
    for before, after in pairwise(items):
        if after.start < before.start:
            raise ValueError(f"items stand in order of their start: {after.start} after {before.start}")


def block(frames: NDArray[np.uint8]) -> str:
    """Return frames as one JSON string of base64, followed by a comma; an empty string for no frames."""
    if not frames.size:
        return ""
    return '"' + base64.b64encode(np.ascontiguousarray(frames).tobytes()).decode("ascii") + '",'


def json_items(values: Iterable[object]) -> str:
    """Return JSON values, each followed by a comma."""
    return "".join(compact(value) + "," for value in values)


def compact(value: object) -> str:
    """Return `value` as JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
