"""Storyboards in a bundle: a PNG file with its settings for each scene, and a record of the scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipelines.bundle.errors import BundleRefused
from pipelines.film.storyboard_types import Scene, Storyboard, StoryboardEntry
from pipelines.jobs.model_use import ModelUse
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import png_bytes

MAX_SCENES = 200


@dataclass(frozen=True)
class SceneRecord:
    """What a bundle says of a scene beside its picture; see `StoryboardEntry`."""

    file: str
    start: float
    end: float
    """Seconds."""
    label: str
    concepts: tuple[str, ...]
    prompt: str
    seconds: float


@dataclass(frozen=True)
class StoryboardRecord:
    """What a bundle says of a storyboard beside its pictures; see `Storyboard`."""

    use: ModelUse
    duration: float
    """Seconds."""
    seed: int
    joined: int
    scenes: tuple[SceneRecord, ...]


def scene_files(board: Storyboard) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the PNG file of each scene that was drawn."""
    for number, entry in enumerate(board.entries, 1):
        yield _file(number), png_bytes(entry.picture)


def storyboard_record(board: Storyboard) -> StoryboardRecord:
    """Return what is written beside the files of `scene_files`."""
    use = ModelUse(**{name: getattr(board, name) for name in ModelUse.__dataclass_fields__})
    scenes = tuple(
        SceneRecord(_file(number), entry.start, entry.end, entry.label, entry.concepts, entry.prompt, entry.seconds)
        for number, entry in enumerate(board.entries, 1)
    )
    return StoryboardRecord(use, board.duration, board.seed, board.joined, scenes)


def read_storyboard(record: StoryboardRecord, picture: Callable[[str], Picture]) -> Storyboard:
    """Return the storyboard of a bundle.

    Args:
        record: what the bundle says of it.
        picture: returns the picture in a file of the bundle. It may raise.

    Raises:
        BundleRefused: a scene lies outside of the clip, or there are too many.
    """
    if not 0 < len(record.scenes) <= MAX_SCENES:
        raise BundleRefused("its storyboard has too many scenes, or none")
    if not all(0 <= scene.start < scene.end <= record.duration + 1 for scene in record.scenes):
        raise BundleRefused("a scene of its storyboard lies outside of the clip")
    return Storyboard(
        **{name: getattr(record.use, name) for name in ModelUse.__dataclass_fields__ if name != "state"},
        duration=record.duration,
        seed=record.seed,
        scenes=tuple(Scene(scene.start, scene.end, scene.label) for scene in record.scenes),
        joined=record.joined,
        entries=tuple(_entry(scene, picture(scene.file)) for scene in record.scenes),
        position=1.0,
        state="stopped" if record.use.state == "stopped" else "done",
    )


def _entry(scene: SceneRecord, picture: Picture) -> StoryboardEntry:
    return StoryboardEntry(scene.start, scene.end, scene.label, scene.concepts, scene.prompt, picture, scene.seconds)


def _file(number: int) -> str:
    return f"storyboard/{number:03}.png"
