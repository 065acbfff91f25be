"""Items of the timeline's tracks. Times are seconds from the beginning of the clip."""

import math
import re
from dataclasses import dataclass

MIN_PITCH, MAX_PITCH = 0, 127
"""MIDI note numbers."""
PITCH_CLASSES = 12
TIME_DECIMALS = 4
"""0.1 ms."""
LEVEL_DECIMALS = 3
PICTURE_URL = re.compile(r"data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/=]+|/?gradio_api/file=[^\s\"'<>]+")


@dataclass(frozen=True, slots=True)
class SpanItem:
    """A part of the clip with a text: a line, a section, a claim, a chosen window. Spans may overlap."""

    start: float
    end: float
    text: str

    def __post_init__(self) -> None:
        check_interval(self.start, self.end)

    def to_json(self) -> list[float | str]:
        """Return [start, end, text]."""
        return [*rounded(self.start, self.end), self.text]


@dataclass(frozen=True, slots=True)
class WordItem:
    """A spoken word; `confidence` is in 0..1 and decides how strongly it is shaded."""

    start: float
    end: float
    text: str
    confidence: float = 1.0

    def __post_init__(self) -> None:
        check_interval(self.start, self.end)
        check_level("confidence", self.confidence)

    def to_json(self) -> list[float | str]:
        """Return [start, end, text, confidence]."""
        return [*rounded(self.start, self.end), self.text, round(self.confidence, LEVEL_DECIMALS)]


@dataclass(frozen=True, slots=True)
class LabelItem:
    """A chord or a tag that holds for a while; `score` is in 0..1. The player plays the pitch classes of a chord."""

    start: float
    end: float
    text: str
    score: float = 1.0
    pitch_classes: tuple[int, ...] = ()
    """0 is C; the root first."""

    def __post_init__(self) -> None:
        check_interval(self.start, self.end)
        check_level("score", self.score)
        if not all(0 <= pitch_class < PITCH_CLASSES for pitch_class in self.pitch_classes):
            raise ValueError(f"pitch classes are between 0 and {PITCH_CLASSES - 1}, not {self.pitch_classes}")

    def to_json(self) -> list[float | str | list[int]]:
        """Return [start, end, text, score], and the pitch classes where there are some."""
        chord = [list(self.pitch_classes)] if self.pitch_classes else []
        return [*rounded(self.start, self.end), self.text, round(self.score, LEVEL_DECIMALS), *chord]


@dataclass(frozen=True, slots=True)
class PointItem:
    """A moment: a beat. Strong ones (downbeats) are drawn higher and stay when the weak ones crowd."""

    start: float
    strong: bool = False
    text: str = ""

    def __post_init__(self) -> None:
        check_interval(self.start, self.start)

    def to_json(self) -> list[float | str]:
        """Return [start, start, text, 1 for a strong one else 0]."""
        return [*rounded(self.start, self.start), self.text, int(self.strong)]


@dataclass(frozen=True, slots=True)
class NoteItem:
    """A note of the piano roll: MIDI pitch 0..127, velocity in 0..1."""

    start: float
    end: float
    pitch: int
    velocity: float = 1.0

    def __post_init__(self) -> None:
        check_interval(self.start, self.end)
        check_level("velocity", self.velocity)
        if not MIN_PITCH <= self.pitch <= MAX_PITCH:
            raise ValueError(f"a MIDI pitch is between {MIN_PITCH} and {MAX_PITCH}, not {self.pitch}")

    def to_json(self) -> list[float | str]:
        """Return [start, end, pitch, velocity]."""
        return [*rounded(self.start, self.end), self.pitch, round(self.velocity, LEVEL_DECIMALS)]


@dataclass(frozen=True, slots=True)
class PictureItem:
    """A thumbnail of the storyboard. `url` is a base64 data URL of a raster image or Gradio's file route."""

    start: float
    end: float
    url: str
    caption: str = ""

    def __post_init__(self) -> None:
        check_interval(self.start, self.end)
        if not PICTURE_URL.fullmatch(self.url):
            raise ValueError("a picture needs a data:image URL (png, jpeg, webp) or a gradio_api/file= URL")

    def to_json(self) -> list[float | str]:
        """Return [start, end, caption, url]."""
        return [*rounded(self.start, self.end), self.caption, self.url]


Item = SpanItem | WordItem | LabelItem | PointItem | NoteItem | PictureItem


def check_interval(start: float, end: float) -> None:
    """Raise ValueError unless start and end are finite seconds from the beginning of the clip, in order."""
    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start <= end):
        raise ValueError(f"times are finite and 0 <= start <= end, not {start} to {end}")


def check_level(name: str, value: float) -> None:
    """Raise ValueError unless `value` is in 0..1, which NaN is not."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is between 0 and 1, not {value}")


def rounded(*times: float) -> list[float]:
    """Return seconds with as many digits as a screen can show."""
    return [round(float(time), TIME_DECIMALS) for time in times]
