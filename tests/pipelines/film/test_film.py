"""The film of a storyboard, decoded again."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from models.errors import InvalidOption, UnknownModel
from pipelines.clip.clip import AudioClip
from pipelines.film.film import (
    DRAWING_SECONDS,
    FRAME_RATE,
    MAX_FRAMES,
    MAX_INTERPOLATION_STEPS,
    EmptyStoryboard,
    Film,
    FilmOptions,
    interpolation_positions,
    make_film,
    plan_film,
)
from pipelines.film.storyboard_types import Scene, Storyboard, StoryboardEntry
from pipelines.pictures.options import Picture
from services import Services
from tests.pipelines.pictures.picture_examples import DRAWN_FROM_TEXT

GUARD_SECONDS = 60.0
RATE = 22_050
COLOURS = ("crimson", "gold", "navy", "seagreen")
SETTINGS = replace(DRAWN_FROM_TEXT, start=0.0, end=1.0, steps=2, guidance_scale=2.0, width=64, height=64, seed=5)


@pytest.fixture
def clip(services: Services, tmp_path: Path) -> AudioClip:
    """6 s in stereo: a tone, 2 s of near silence, the tone again."""
    times = np.arange(6 * RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 330 * times) + np.random.default_rng(0).normal(0, 0.01, len(times))
    tone[2 * RATE : 4 * RATE] *= 1e-3
    soundfile.write(tmp_path / "clip.wav", np.stack([tone, 0.5 * tone], axis=1), RATE)
    return services.clips.open(tmp_path / "clip.wav")


def board_of(clip: AudioClip, *pictures: Image.Image, seconds: float = 0.1, **changes: Any) -> Storyboard:
    """Equal scenes with these pictures; each was drawn in `seconds`."""
    length = clip.duration / len(pictures)
    settings = replace(SETTINGS, **changes)
    entries = tuple(
        StoryboardEntry(n * length, (n + 1) * length, "", (), "", Picture(picture, 5, settings), seconds)
        for n, picture in enumerate(pictures)
    )
    scenes = tuple(Scene(entry.start, entry.end) for entry in entries)
    return Storyboard(duration=clip.duration, seed=5, scenes=scenes, entries=entries, state="done", position=1.0)


def plain(clip: AudioClip, number: int = 3, seconds: float = 0.1, **changes: Any) -> Storyboard:
    """Pictures of one colour each."""
    return board_of(clip, *(Image.new("RGB", (64, 64), colour) for colour in COLOURS[:number]), seconds=seconds, **changes)


def run(
    services: Services, clip: AudioClip, board: Storyboard, folder: Path, steps: int | None = 0, stop_at: int | None = None
) -> list[Film]:
    """All snapshots; asks to stop once a snapshot has so many frames."""
    snapshots: list[Film] = []

    def should_stop() -> bool:
        return stop_at is not None and bool(snapshots) and snapshots[-1].frames_done >= stop_at

    for now in make_film(clip, board, FilmOptions(steps), folder, services.runtime, should_stop):
        snapshots.append(now)
    return snapshots


def frames_of(film: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(film)) as container:
        return [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]


def difference(frame: NDArray[np.uint8], picture: Image.Image) -> float:
    return float(np.abs(frame.astype(int) - np.asarray(picture)).mean())


def test_a_film_is_as_long_as_the_clip_and_begins_with_the_first_picture(
    services: Services, clip: AudioClip, tmp_path: Path
) -> None:
    board = plain(clip)
    *_, done = run(services, clip, board, tmp_path / "films")
    assert done.state == "done" and done.video is not None and done.gif is not None
    assert sorted((tmp_path / "films").iterdir()) == sorted([done.video, done.gif])
    with av.open(str(done.video)) as container:
        assert container.duration is not None
        assert abs(container.duration / av.time_base - clip.duration) < 1 / FRAME_RATE
    frames = frames_of(done.video)
    assert len(frames) == done.frames == done.frames_done == round(clip.duration * FRAME_RATE)
    assert difference(frames[0], board.entries[0].picture.image) < 3
    assert difference(frames[len(frames) // 2], board.entries[1].picture.image) < 12
    assert difference(frames[-1], board.entries[2].picture.image) < 3


def test_the_sound_is_that_of_the_clip(services: Services, clip: AudioClip, tmp_path: Path) -> None:
    *_, done = run(services, clip, plain(clip), tmp_path)
    assert done.video is not None
    with av.open(str(done.video)) as container:
        resampler = av.AudioResampler("fltp", "mono", RATE)
        parts = [part for one in [*container.decode(audio=0), None] for part in resampler.resample(one)]
    sound = np.concatenate([part.to_ndarray()[0] for part in parts])
    original = clip.waveform()
    shared = min(len(sound), len(original))
    assert shared > 0.99 * len(original)
    assert np.corrcoef(sound[:shared], original[:shared])[0, 1] > 0.98


def test_the_gif_keeps_time_without_sound(services: Services, clip: AudioClip, tmp_path: Path) -> None:
    *_, done = run(services, clip, plain(clip), tmp_path)
    assert done.gif is not None
    with Image.open(done.gif) as gif:
        length = sum(shown.info["duration"] for shown in ImageSequence.Iterator(gif))
    assert length == pytest.approx(1000 * clip.duration, abs=120)


def test_progress_is_reported(services: Services, clip: AudioClip, tmp_path: Path) -> None:
    snapshots = run(services, clip, plain(clip), tmp_path)
    assert [now.frames_done for now in snapshots] == sorted(now.frames_done for now in snapshots)
    assert [now.position for now in snapshots] == sorted(now.position for now in snapshots)
    assert all(now.state == "drawing" and now.video is None for now in snapshots[:-1])
    assert all(now.preview is not None for now in snapshots)
    assert snapshots[-1].position == 1 and snapshots[-1].seconds_left == 0


def test_interpolation_never_goes_back_and_slows_down_in_silence(clip: AudioClip) -> None:
    board = plain(clip)
    positions = interpolation_positions(clip, board.entries, plan_film(board))
    steps = np.diff(positions)
    assert positions[0] == 0 and positions[-1] == 2
    assert (steps >= 0).all()
    loud, silent = steps[FRAME_RATE : 2 * FRAME_RATE], steps[2 * FRAME_RATE : 4 * FRAME_RATE]
    assert loud.mean() > 2 * silent.mean() > 0


def test_a_stopped_film_leaves_nothing(services: Services, clip: AudioClip, tmp_path: Path) -> None:
    snapshots = run(services, clip, plain(clip), tmp_path / "films", stop_at=30)
    assert snapshots[-1].state == "stopped" and snapshots[-1].video is None
    assert snapshots[-1].frames_done < snapshots[-1].frames and snapshots[-1].preview is not None
    assert list((tmp_path / "films").iterdir()) == []


def test_a_closed_generator_leaves_nothing(services: Services, clip: AudioClip, tmp_path: Path) -> None:
    snapshots = make_film(clip, plain(clip), FilmOptions(0), tmp_path / "films", services.runtime)
    for _ in range(3):
        next(snapshots)
    assert list((tmp_path / "films").iterdir()) != []
    snapshots.close()
    assert list((tmp_path / "films").iterdir()) == []


def test_a_film_that_fails_leaves_nothing(services: Services, clip: AudioClip, tmp_path: Path) -> None:
    with pytest.raises(UnknownModel):
        run(services, clip, plain(clip, model="no-such-model"), tmp_path / "films", steps=1)
    assert list((tmp_path / "films").iterdir()) == []


@pytest.mark.parametrize(("number", "between"), [(3, -1), (3, MAX_INTERPOLATION_STEPS + 1)])
def test_options_that_make_no_film_are_refused(clip: AudioClip, number: int, between: int | None) -> None:
    with pytest.raises(InvalidOption):
        plan_film(plain(clip, number), FilmOptions(between))


def test_a_storyboard_without_pictures_makes_no_film(clip: AudioClip) -> None:
    with pytest.raises(EmptyStoryboard):
        plan_film(replace(plain(clip), entries=()))


def test_a_film_of_one_picture_shows_it_as_long_as_the_sound(services: Services, clip: AudioClip, tmp_path: Path) -> None:
    board = plain(clip, 1)
    *_, done = run(services, clip, board, tmp_path, steps=None)
    assert done.video is not None and done.gif is not None and done.pictures == 0
    frames = frames_of(done.video)
    assert len(frames) == round(clip.duration * FRAME_RATE)
    assert max(difference(frame, board.entries[0].picture.image) for frame in (frames[0], frames[-1])) < 3


def test_the_plan_is_what_can_be_afforded(clip: AudioClip) -> None:
    quick, slow, hopeless = (plan_film(plain(clip, seconds=seconds)) for seconds in (0.1, 5.0, 60.0))
    assert [plan.interpolation_steps for plan in (quick, slow, hopeless)] == [MAX_INTERPOLATION_STEPS, 4, 0]
    assert [plan.pictures for plan in (quick, slow, hopeless)] == [2 * MAX_INTERPOLATION_STEPS, 8, 0]
    assert max(plan.seconds for plan in (quick, slow, hopeless)) < DRAWING_SECONDS + 10
    assert plan_film(plain(clip, seconds=5.0), FilmOptions(7)).pictures == 14


def test_hours_have_no_more_frames_than_one_a_second(clip: AudioClip) -> None:
    for duration, rate in ((119.0, 24), (1000.0, 2), (10_800.0, 1)):
        plan = plan_film(replace(plain(clip), duration=duration))
        assert plan.frame_rate == rate
        assert plan.frames == round(duration * rate) <= max(MAX_FRAMES, duration)


@pytest.mark.models
def test_pictures_are_drawn_between(services: Services, clip: AudioClip, tmp_path: Path) -> None:
    ends = [Image.new("RGB", (256, 256), colour) for colour in ("crimson", "navy")]
    snapshots = run(services, clip, board_of(clip, *ends), tmp_path, steps=1)
    done = snapshots[-1]
    assert done.state == "done" and done.video is not None
    assert done.pictures == done.pictures_done == 1
    frames = frames_of(done.video)
    assert difference(frames[0], ends[0]) < 3 and difference(frames[-1], ends[1]) < 3
    middle = frames[len(frames) // 2]
    assert difference(middle, Image.blend(ends[0], ends[1], 0.5)) > 20, "nothing but the cross-fade"


@pytest.mark.models
def test_a_film_stops_while_a_picture_is_drawn(services: Services, clip: AudioClip, tmp_path: Path) -> None:
    board = board_of(clip, *(Image.new("RGB", (256, 256), colour) for colour in COLOURS), steps=100)
    asked = count()
    *_, last = make_film(clip, board, FilmOptions(9), tmp_path / "films", services.runtime, lambda: next(asked) > 40)
    assert last.state == "stopped" and last.pictures_done < last.pictures
    assert list((tmp_path / "films").iterdir()) == []
    for thread in threading.enumerate():
        if thread.name in ("job",):
            thread.join(GUARD_SECONDS)
            assert not thread.is_alive()
