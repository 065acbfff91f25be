"""The film of a storyboard: latent interpolation between its pictures, as MP4 with the sound of the clip and as silent GIF.

Between two neighbours more pictures are drawn from interpolated prompt embeds with the same initial noise; the frames between
those are cross-faded. The interpolation moves faster where the clip is loud, so with every beat, and slows down in pauses; the
picture of a scene is reached in the middle of the scene.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from models.arrays import DoubleArray
from models.errors import AudioscopeError, InvalidOption
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.film.interpolation import InterpolatedPictures
from pipelines.film.storyboard_types import Storyboard, StoryboardEntry
from pipelines.film.video_files import Mp4Writer, gif_bytes
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import LEFT_OUT, Result

FRAME_RATE = 24
"""Frames per second."""
MAX_FRAMES = 2880
"""Two minutes at 24 frames per second; longer films have a lower rate, but at least one frame per second."""
MAX_INTERPOLATION_STEPS = 9
"""Pictures drawn between two neighbours."""
DRAWING_SECONDS = 40.0
"""Budget for all interpolated pictures where their number is not given."""
FRAME_SECONDS_PER_PIXEL = 5e-8
"""Time to blend and encode one pixel of a frame, measured on one core."""
REST_SECONDS = 1.0
"""The first and the last picture stand still at least so long, or a quarter of their scene."""
MIN_RELATIVE_SPEED = 0.3
"""Speed at a silent moment, relative to the mean."""
MAX_RELATIVE_SPEED = 4.0
"""Maximum that the loudest moment adds to it."""
GIF_SIDE, GIF_FRAMES, GIF_FRAME_RATE = 320, 150, 10.0
GIF_BYTES = 8_000_000
FRAMES_PER_REPORT = 6
MIN_TIMED_FRACTION = 0.1
"""Fraction of the work from which its own speed gives the time left; before, the plan does."""


class EmptyStoryboard(AudioscopeError):
    """There is nothing to make a film of."""

    def __init__(self) -> None:
        super().__init__("The storyboard has no pictures: draw one first.")


@dataclass(frozen=True)
class FilmOptions:
    """Options of a film."""

    interpolation_steps: int | None = None
    """Pictures drawn between two neighbours; None: as many as can be drawn in `DRAWING_SECONDS`, at most nine."""


@dataclass(frozen=True)
class FilmPlan(Result):
    """Estimated cost of a film."""

    interpolation_steps: int
    """Pictures drawn between two neighbours."""
    pictures: int
    """Pictures to draw in all."""
    frames: int
    frame_rate: int
    """Frames per second."""
    size: tuple[int, int]
    """Width and height in pixels."""
    seconds: float
    """Estimated duration of the job, from the time that the pictures of the storyboard took."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Film(ModelUse):
    """Snapshot of a film; the last one of a run is the result."""

    pictures: int
    """Pictures to draw between those of the storyboard."""
    frames: int
    """Frames to write."""
    pictures_done: int = 0
    frames_done: int = 0
    preview: Image.Image | None = field(default=None, metadata=LEFT_OUT)
    """The latest frame."""
    position: float = 0.0
    """Progress of the job, 0 to 1."""
    seconds_left: float = 0.0
    """Estimated."""
    video: Path | None = None
    """MP4 with the sound of the clip, of the same duration; set when the job is done."""
    gif: Path | None = None
    """GIF, which has no sound; set when the job is done."""
    state: Literal["drawing", "done", "stopped"] = "drawing"


def plan_film(board: Storyboard, options: FilmOptions = FilmOptions()) -> FilmPlan:
    """Return how many pictures and frames the film of `board` has; nothing is drawn. One picture stands still.

    Raises:
        EmptyStoryboard: the storyboard has no pictures.
        InvalidOption: too many interpolated pictures are asked for.
    """
    entries = board.entries
    if not entries:
        raise EmptyStoryboard
    if options.interpolation_steps is not None and not 0 <= options.interpolation_steps <= MAX_INTERPOLATION_STEPS:
        raise InvalidOption("interpolation steps", options.interpolation_steps, f"0 to {MAX_INTERPOLATION_STEPS}")
    gaps = len(entries) - 1
    seconds_each = min(entry.seconds for entry in entries)  # the first one may have waited for its model
    affordable = min(MAX_INTERPOLATION_STEPS, int(DRAWING_SECONDS / max(seconds_each, 1e-3) / max(1, gaps)))
    steps = affordable if options.interpolation_steps is None else options.interpolation_steps
    rate = max(1, min(FRAME_RATE, int(MAX_FRAMES / board.duration)))
    frames = max(1, round(board.duration * rate))
    width, height = entries[0].picture.image.size
    seconds = gaps * steps * seconds_each + frames * width * height * FRAME_SECONDS_PER_PIXEL
    return FilmPlan(steps, gaps * steps, frames, rate, (width, height), seconds)


@in_cluster("pictures")
def make_film(
    clip: AudioClip,
    board: Storyboard,
    options: FilmOptions,
    folder: Path,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Generator[Film, None, None]:
    """Make the film of `board`: yields a snapshot every few frames, and ten a second while a picture is drawn.

    The files appear in `folder` when both are complete; after a stop or an error there is nothing.

    Raises:
        TooMuchOutput: the clip is longer than a film may be.
        EmptyStoryboard, InvalidOption: see `plan_film`.
        ModelError: a model cannot be had; see `ModelCache.lease`.
        PictureOverflow: the model's values overflowed.
    """
    began = clock()
    runtime.outputs.check_film(clip.duration)
    plan = plan_film(board, options)
    now = _first_snapshot(board, plan)
    yield now
    folder.mkdir(parents=True, exist_ok=True)
    pictures = InterpolatedPictures(clip, board.entries, plan.interpolation_steps, runtime)
    positions = interpolation_positions(clip, board.entries, plan) * (plan.interpolation_steps + 1)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".film-") as scratch,
        closing(_blend_frames(in_background(pictures.in_order, should_stop), positions)) as frames,
    ):
        files = _FilmFiles(Path(scratch), clip, plan)
        with files.video:
            for frame in frames:
                if frame is not None:
                    files.add(frame)
                    now = _with_frame(now, frame, positions, plan)
                if frame is None or now.frames_done % FRAMES_PER_REPORT == 0:
                    now = _with_times(now, plan, clock() - began)
                    yield now
                if should_stop():
                    break
        if now.frames_done == plan.frames and not should_stop():
            video, gif = files.deliver(folder)
            yield replace(now, video=video, gif=gif, state="done", position=1.0, seconds_left=0.0, elapsed=clock() - began)
            return
    yield replace(now, state="stopped", elapsed=clock() - began)


def interpolation_positions(clip: AudioClip, entries: tuple[StoryboardEntry, ...], plan: FilmPlan) -> DoubleArray:
    """Return the position of each frame [frames], rising from 0 at the first picture to `len(entries)` - 1 at the last."""
    if len(entries) == 1:
        return np.zeros(plan.frames)
    rests = [min(REST_SECONDS, (entry.end - entry.start) / 4) for entry in (entries[0], entries[-1])]
    middles = [(entry.start + entry.end) / 2 for entry in entries[1:-1]]
    stops = np.array([entries[0].start + rests[0], *middles, entries[-1].end - rests[1]])
    speed = MIN_RELATIVE_SPEED + np.minimum(MAX_RELATIVE_SPEED, _relative_rms(clip, plan))
    distance = np.concatenate([[0.0], np.cumsum(speed)])
    at_stops = np.interp(stops * plan.frame_rate, np.arange(len(distance)), distance)
    position = np.interp(distance[:-1], at_stops, np.arange(len(stops)))
    whole = np.floor(position)
    fraction = position - whole
    eased: DoubleArray = whole + fraction**2 * (3 - 2 * fraction)
    return eased


def _first_snapshot(board: Storyboard, plan: FilmPlan) -> Film:
    return Film(
        pictures=plan.pictures,
        frames=plan.frames,
        preview=board.entries[0].picture.image,
        seconds_left=plan.seconds,
        model=board.model,
        model_reason=board.model_reason,
        licence=board.licence,
        dtype=board.dtype,
        device=board.device,
    )


def _relative_rms(clip: AudioClip, plan: FilmPlan) -> DoubleArray:
    """Return the RMS [frames] of the clip during each frame, relative to the mean."""
    waveform = clip.waveform()
    edges = np.round(np.arange(plan.frames + 1) / plan.frame_rate * clip.sample_rate).astype(int)
    rms = np.array([np.sqrt(np.square(waveform[a:b], dtype=np.float64).mean()) if b > a else 0.0 for a, b in pairwise(edges)])
    relative: DoubleArray = rms / max(float(rms.mean()), 1e-9)
    return relative


def _with_frame(now: Film, frame: Image.Image, positions: DoubleArray, plan: FilmPlan) -> Film:
    """Count one frame more; the picture after it is drawn already."""
    drawn = int(np.ceil(positions[now.frames_done]))
    pictures = drawn - drawn // (plan.interpolation_steps + 1)
    return replace(now, frames_done=now.frames_done + 1, pictures_done=pictures, preview=frame)


def _with_times(now: Film, plan: FilmPlan, elapsed: float) -> Film:
    position = now.frames_done / plan.frames
    left = (1 - position) * (plan.seconds if position < MIN_TIMED_FRACTION else elapsed / position)
    return replace(now, position=position, seconds_left=left, elapsed=elapsed)


def _blend_frames(pictures: Iterator[Image.Image | None], positions: DoubleArray) -> Generator[Image.Image | None, None, None]:
    """Yield every frame, blended of the pictures before and after its position; None while a picture is awaited."""
    written, before, number = 0, None, 0
    for picture in pictures:
        if picture is None:
            yield None
            continue
        before = before or picture
        while written < len(positions) and positions[written] <= number:
            yield Image.blend(before, picture, float(positions[written]) - (number - 1) if number else 0.0)
            written += 1
        before, number = picture, number + 1


class _FilmFiles:
    """The MP4 and the GIF while they are written."""

    def __init__(self, scratch: Path, clip: AudioClip, plan: FilmPlan) -> None:
        self._scratch = scratch
        self._gif_rate = min(GIF_FRAME_RATE, GIF_FRAMES * plan.frame_rate / plan.frames, plan.frame_rate)
        count = max(1, round(plan.frames / plan.frame_rate * self._gif_rate))
        self._gif_frames = set(np.round(np.arange(count) * plan.frames / count).astype(int).tolist())
        self._thumbnails: list[Image.Image] = []
        self._added = 0
        self.video = Mp4Writer(scratch / "film.mp4", plan.size, plan.frame_rate, clip.player_file, clip.duration)

    def add(self, frame: Image.Image) -> None:
        """Add the next frame to both files."""
        self.video.add(np.asarray(frame))
        if self._added in self._gif_frames:
            thumbnail = frame.copy()
            thumbnail.thumbnail((GIF_SIDE, GIF_SIDE), Image.Resampling.LANCZOS)
            self._thumbnails.append(thumbnail)
        self._added += 1

    def deliver(self, folder: Path) -> tuple[Path, Path]:
        """Write the GIF and move both files to `folder`."""
        (self._scratch / "film.gif").write_bytes(gif_bytes(self._thumbnails, self._gif_rate, GIF_BYTES))
        name = f"film-{secrets.token_hex(8)}"
        video, gif = folder / f"{name}.mp4", folder / f"{name}.gif"
        os.replace(self._scratch / "film.mp4", video)
        os.replace(self._scratch / "film.gif", gif)
        return video, gif
