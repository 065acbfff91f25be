"""A smooth walk between the pictures of a storyboard, as a film with the sound of the clip and as a GIF without.

Between two neighbours more pictures are drawn: from states between theirs, with the same initial noise, so that one turns into
the other; between those the frames are cross-faded. The walk goes on where the clip is loud, with every beat, and rests in
pauses; it is at the picture of a part in the part's middle.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from models.arrays import DoubleArray
from models.errors import InvalidOption
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.film.interpolation import WalkPictures
from pipelines.film.storyboard import Storyboard, StoryboardEntry
from pipelines.film.video_files import Mp4Writer, gif_bytes
from pipelines.jobs.background import in_background

FRAME_RATE = 24
MAX_FRAMES = 2880
"""Two minutes at 24 a second; longer films have fewer frames a second, but at least one."""
MAX_BETWEEN = 9
"""Pictures drawn between two neighbours."""
DRAWING_SECONDS = 40.0
"""What the pictures between may take in all, if it is not said how many there shall be."""
FRAME_SECONDS_PER_PIXEL = 5e-8
"""To blend and encode a frame, measured on one core."""
REST_SECONDS = 1.0
"""The first and the last picture stand still at least so long, or a quarter of their part."""
STEADY = 0.3
"""Of the mean speed: what a silent moment still has."""
MAX_SPEED = 4.0
"""Of the mean speed: what the loudest moment has at most."""
GIF_SIDE, GIF_FRAMES, GIF_FRAME_RATE = 320, 150, 10.0
GIF_BYTES = 8_000_000
FRAMES_PER_REPORT = 6
BELIEVED = 0.1
"""Of the work, from which its own speed tells how long the rest takes."""


@dataclass(frozen=True)
class WalkOptions:
    """What the person can choose."""

    pictures_between: int | None = None
    """Drawn between two neighbours; None: as many as can be drawn in `DRAWING_SECONDS`, at most nine."""


@dataclass(frozen=True)
class WalkPlan:
    """What a walk will cost."""

    pictures_between: int
    pictures: int
    """Still to be drawn."""
    frames: int
    frame_rate: int
    """Per second."""
    size: tuple[int, int]
    """Width and height in pixels."""
    seconds: float
    """That it will take, by the time that the pictures of the storyboard took."""


@dataclass(frozen=True, eq=False)
class WalkProgress:
    """What is known so far; the last one of a run is the result."""

    pictures: int
    """To be drawn between those of the storyboard."""
    frames: int
    pictures_done: int = 0
    frames_done: int = 0
    preview: Image.Image | None = None
    """The frame that was written last."""
    position: float = 0.0
    """How far the job is, 0 to 1."""
    seconds_left: float = 0.0
    """Estimated."""
    video: Path | None = None
    """MP4 with the sound of the clip, as long as it; when the job is done."""
    gif: Path | None = None
    """Without sound."""
    elapsed: float = 0.0
    """Seconds since the job began."""
    state: Literal["drawing", "done", "stopped"] = "drawing"


def plan_walk(board: Storyboard, options: WalkOptions = WalkOptions()) -> WalkPlan:
    """How many pictures and frames the walk through `board` has; nothing is drawn.

    Raises:
        InvalidOption: the storyboard has fewer than two pictures, or too many are asked for.
    """
    entries = board.entries
    if len(entries) < 2:
        raise InvalidOption("storyboard", f"{len(entries)} pictures", "two pictures or more")
    if options.pictures_between is not None and not 0 <= options.pictures_between <= MAX_BETWEEN:
        raise InvalidOption("pictures between", options.pictures_between, f"0 to {MAX_BETWEEN}")
    steps = len(entries) - 1
    seconds_each = min(entry.seconds for entry in entries)  # the first one may have waited for its model
    affordable = min(MAX_BETWEEN, int(DRAWING_SECONDS / max(seconds_each, 1e-3) / steps))
    count = affordable if options.pictures_between is None else options.pictures_between
    rate = max(1, min(FRAME_RATE, int(MAX_FRAMES / board.duration)))
    frames = max(1, round(board.duration * rate))
    width, height = entries[0].picture.image.size
    seconds = steps * count * seconds_each + frames * width * height * FRAME_SECONDS_PER_PIXEL
    return WalkPlan(count, steps * count, frames, rate, (width, height), seconds)


def walk(
    clip: AudioClip,
    board: Storyboard,
    options: WalkOptions,
    folder: Path,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Generator[WalkProgress, None, None]:
    """Make the film of `board`: a snapshot every few frames, and ten a second while a picture is drawn.

    The files appear in `folder` when both are complete; after a stop or an error there is nothing.

    Raises:
        InvalidOption: see `plan_walk`.
        ModelError: a model cannot be had; see `ModelCache.lease`.
        PictureOverflow: the model's numbers ran out of range.
    """
    began = clock()
    plan = plan_walk(board, options)
    now = WalkProgress(plan.pictures, plan.frames, preview=board.entries[0].picture.image, seconds_left=plan.seconds)
    yield now
    folder.mkdir(parents=True, exist_ok=True)
    pictures = WalkPictures(clip, board.entries, plan.pictures_between, runtime)
    places = walk_positions(clip, board.entries, plan) * (plan.pictures_between + 1)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".walk-") as scratch,
        closing(_frames(in_background(pictures.in_order, should_stop), places)) as frames,
    ):
        film = _Film(Path(scratch), clip, plan)
        with film.video:
            for frame in frames:
                if frame is not None:
                    film.add(frame)
                    now = _with_frame(now, frame, places, plan)
                if frame is None or now.frames_done % FRAMES_PER_REPORT == 0:
                    now = _timed(now, plan, clock() - began)
                    yield now
                if should_stop():
                    break
        if now.frames_done == plan.frames and not should_stop():
            video, gif = film.delivered(folder)
            yield replace(now, video=video, gif=gif, state="done", position=1.0, seconds_left=0.0, elapsed=clock() - began)
            return
    yield replace(now, state="stopped", elapsed=clock() - began)


def walk_positions(clip: AudioClip, entries: tuple[StoryboardEntry, ...], plan: WalkPlan) -> DoubleArray:
    """[frames], from 0 at the first picture to `len(entries)` − 1 at the last one: where the walk is, never going back."""
    rests = [min(REST_SECONDS, (entry.end - entry.start) / 4) for entry in (entries[0], entries[-1])]
    middles = [(entry.start + entry.end) / 2 for entry in entries[1:-1]]
    stops = np.array([entries[0].start + rests[0], *middles, entries[-1].end - rests[1]])
    speed = STEADY + np.minimum(MAX_SPEED, _loudness(clip, plan))
    way = np.concatenate([[0.0], np.cumsum(speed)])
    at_stops = np.interp(stops * plan.frame_rate, np.arange(len(way)), way)
    position = np.interp(way[:-1], at_stops, np.arange(len(stops)))
    part = np.floor(position)
    step = position - part
    eased: DoubleArray = part + step**2 * (3 - 2 * step)
    return eased


def _loudness(clip: AudioClip, plan: WalkPlan) -> DoubleArray:
    """RMS [frames] of the sound during each frame, as a multiple of its mean."""
    sound = clip.waveform()
    edges = np.round(np.arange(plan.frames + 1) / plan.frame_rate * clip.sample_rate).astype(int)
    level = np.array([np.sqrt(np.square(sound[a:b], dtype=np.float64).mean()) if b > a else 0.0 for a, b in pairwise(edges)])
    relative: DoubleArray = level / max(float(level.mean()), 1e-9)
    return relative


def _with_frame(now: WalkProgress, frame: Image.Image, places: DoubleArray, plan: WalkPlan) -> WalkProgress:
    """One frame more; the picture after it is drawn already."""
    drawn = int(np.ceil(places[now.frames_done]))
    pictures = drawn - drawn // (plan.pictures_between + 1)
    return replace(now, frames_done=now.frames_done + 1, pictures_done=pictures, preview=frame)


def _timed(now: WalkProgress, plan: WalkPlan, elapsed: float) -> WalkProgress:
    position = now.frames_done / plan.frames
    left = (1 - position) * (plan.seconds if position < BELIEVED else elapsed / position)
    return replace(now, position=position, seconds_left=left, elapsed=elapsed)


def _frames(keys: Iterator[Image.Image | None], places: DoubleArray) -> Generator[Image.Image | None, None, None]:
    """Every frame, blended of the pictures before and after its place as they come; None while one is awaited."""
    written, before, number = 0, None, 0
    for key in keys:
        if key is None:
            yield None
            continue
        before = before or key
        while written < len(places) and places[written] <= number:
            yield Image.blend(before, key, float(places[written]) - (number - 1) if number else 0.0)
            written += 1
        before, number = key, number + 1


class _Film:
    """Both files in the making."""

    def __init__(self, scratch: Path, clip: AudioClip, plan: WalkPlan) -> None:
        self._scratch = scratch
        self._gif_rate = min(GIF_FRAME_RATE, GIF_FRAMES * plan.frame_rate / plan.frames, plan.frame_rate)
        count = max(1, round(plan.frames / plan.frame_rate * self._gif_rate))
        self._chosen = set(np.round(np.arange(count) * plan.frames / count).astype(int).tolist())
        self._small: list[Image.Image] = []
        self._added = 0
        self.video = Mp4Writer(scratch / "walk.mp4", plan.size, plan.frame_rate, clip.player_file, clip.duration)

    def add(self, frame: Image.Image) -> None:
        """The next frame."""
        self.video.add(np.asarray(frame))
        if self._added in self._chosen:
            small = frame.copy()
            small.thumbnail((GIF_SIDE, GIF_SIDE), Image.Resampling.LANCZOS)
            self._small.append(small)
        self._added += 1

    def delivered(self, folder: Path) -> tuple[Path, Path]:
        """The finished files, at their place in `folder`."""
        (self._scratch / "walk.gif").write_bytes(gif_bytes(self._small, self._gif_rate, GIF_BYTES))
        name = f"walk-{secrets.token_hex(8)}"
        video, gif = folder / f"{name}.mp4", folder / f"{name}.gif"
        os.replace(self._scratch / "walk.mp4", video)
        os.replace(self._scratch / "walk.gif", gif)
        return video, gif
