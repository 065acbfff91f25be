"""Storyboards of real sounds, drawn by the tiny model."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.film.storyboard import is_same_picture, storyboard
from pipelines.film.storyboard_types import Storyboard
from pipelines.pictures.audio_to_image import audio_to_image
from pipelines.pictures.errors import TooShortForStoryboard
from pipelines.pictures.options import ConceptWeight, Drawing, PictureOptions
from pipelines.pictures.png_metadata import options_from_png, png_bytes
from pipelines.pictures.salient_window import salient_window
from services import Services

STAMPS = Path("/usr/share/tuxpaint/stamps/animals")
RATE = 16_000
FROM_TEXT = PictureOptions(audio_weight=0.0, steps=3, seed=11, width=64, height=64)


def run(services: Services, clip: AudioClip, options: PictureOptions, stop_after: int | None = None) -> list[Storyboard]:
    """All snapshots; asks to stop once so many pictures are ready."""
    snapshots: list[Storyboard] = []

    def should_stop() -> bool:
        return stop_after is not None and bool(snapshots) and len(snapshots[-1].entries) >= stop_after

    for now in storyboard(clip, options, services.runtime, should_stop):
        snapshots.append(now)
    return snapshots


@pytest.fixture
def farm(services: Services, tmp_path: Path) -> AudioClip:
    """A rooster for 4.5 s, then a frog for as long."""
    voices = []
    for file in ("birds/rooster.ogg", "amphibians/frog.ogg"):
        sound, rate = soundfile.read(STAMPS / file)
        sound = soxr.resample(sound.reshape(len(sound), -1).mean(axis=1), rate, RATE)
        voices.append(np.resize(sound / np.abs(sound).max() / 2, round(4.5 * RATE)))
    soundfile.write(tmp_path / "farm.wav", np.concatenate(voices), RATE)
    return services.clips.open(tmp_path / "farm.wav")


@pytest.mark.models
def test_every_scene_gets_its_picture(services: Services, farm: AudioClip) -> None:
    snapshots = run(services, farm, FROM_TEXT)
    done = snapshots[-1]
    assert done.state == "done" and done.seed == 11
    assert [entry.prompt for entry in done.entries] == ["rooster crowing", "frog croaking"]
    assert [(entry.start, entry.end) for entry in done.entries] == [(scene.start, scene.end) for scene in done.scenes]
    assert done.entries[0].end == pytest.approx(4.5, abs=0.6)
    assert all(entry.picture.seed == 11 and entry.seconds > 0 for entry in done.entries)
    assert done.entries[0].picture.image.tobytes() != done.entries[1].picture.image.tobytes()
    assert [now.position for now in snapshots] == sorted(now.position for now in snapshots)
    assert [len(now.entries) for now in snapshots] == sorted(len(now.entries) for now in snapshots)
    assert any(len(now.entries) == 1 and now.state == "drawing" for now in snapshots), "pictures come one by one"


@pytest.mark.models
def test_a_picture_of_the_board_can_be_drawn_alone_from_its_file(services: Services, farm: AudioClip) -> None:
    entry = run(services, farm, FROM_TEXT)[-1].entries[1]
    options = options_from_png(png_bytes(entry.picture))
    *_, alone = audio_to_image(farm, options, services.runtime)
    (picture,) = alone.pictures
    assert picture.image.tobytes() == entry.picture.image.tobytes()
    assert replace(picture.settings, prompt=None) == replace(entry.picture.settings, prompt=None)
    assert BytesIO(png_bytes(picture)).read() == png_bytes(entry.picture)


@pytest.mark.models
def test_a_stopped_storyboard_keeps_what_it_has(services: Services, farm: AudioClip) -> None:
    last = run(services, farm, FROM_TEXT, stop_after=1)[-1]
    assert last.state == "stopped" and len(last.entries) == 1 and len(last.scenes) == 2


@pytest.mark.models
def test_a_random_seed_is_shared_and_reported(services: Services, farm: AudioClip) -> None:
    done = run(services, farm, replace(FROM_TEXT, seed=None, prompt="dog barking", steps=1))[-1]
    assert {entry.picture.settings.seed for entry in done.entries} == {done.seed}


@pytest.mark.models
def test_neighbours_that_would_be_the_same_picture_are_one_scene(services: Services, farm: AudioClip) -> None:
    snapshots = run(services, farm, replace(FROM_TEXT, prompt="dog barking"))
    done = snapshots[-1]
    assert [(entry.start, entry.end) for entry in done.entries] == [(0.0, farm.duration)]
    assert len(done.scenes) == 1 and done.joined == 1 and done.state == "done" and done.position == 1
    assert [now.position for now in snapshots] == sorted(now.position for now in snapshots)


def test_scenes_with_nearly_the_same_concepts_get_the_same_picture() -> None:
    def drawing(**weights: float) -> Drawing:
        concepts = tuple(ConceptWeight(name, "music", weight) for name, weight in weights.items())
        return Drawing(steps=3, concepts=concepts)

    assert is_same_picture(drawing(flute=0.9), drawing(flute=0.8, saxophone=0.2))
    assert not is_same_picture(drawing(flute=0.6), drawing(flute=0.4, saxophone=0.5))
    assert not is_same_picture(drawing(), drawing(flute=0.4))
    assert not is_same_picture(replace(drawing(), prompt="a dog"), drawing())


@pytest.mark.models
def test_audio_alone_draws_every_scene(services: Services, farm: AudioClip) -> None:
    done = run(services, farm, replace(FROM_TEXT, audio_weight=1.0))[-1]
    assert done.state == "done"
    assert [entry.concepts[0] for entry in done.entries] == ["rooster", "frog"]
    for entry in done.entries:
        assert entry.start <= entry.picture.settings.start < entry.picture.settings.end <= entry.end


def test_bad_options_are_refused_before_a_model_is_loaded(services: Services, farm: AudioClip, tmp_path: Path) -> None:
    loads = services.runtime.cache.status().loads
    with pytest.raises(InvalidOption):
        run(services, farm, replace(FROM_TEXT, steps=0))
    soundfile.write(tmp_path / "short.wav", np.random.default_rng(1).normal(0, 0.1, 2 * RATE), RATE)
    with pytest.raises(TooShortForStoryboard):
        run(services, services.clips.open(tmp_path / "short.wav"), FROM_TEXT)
    assert services.runtime.cache.status().loads == loads


@pytest.mark.models
def test_the_salient_window_of_a_long_scene_is_drawn(services: Services, tmp_path: Path) -> None:
    rooster, rate = soundfile.read(STAMPS / "birds/rooster.ogg")
    rooster = soxr.resample(rooster.reshape(len(rooster), -1).mean(axis=1), rate, RATE)
    sound = np.random.default_rng(0).normal(0, 1e-3, 40 * RATE)
    sound[30 * RATE : 30 * RATE + len(rooster)] += rooster
    soundfile.write(tmp_path / "yard.wav", sound, RATE)
    clip = services.clips.open(tmp_path / "yard.wav")
    for within in ((0.0, 40.0), (20.0, 40.0), (21.3, 38.0)):
        start, end = salient_window(clip, 5.0, services.runtime, within=within)
        assert end - start == pytest.approx(5.0) and within[0] <= start and end <= within[1]
        assert start < 30.5 and end > 30.5
    start, end = salient_window(clip, 5.0, services.runtime, within=(0.0, 20.0))
    assert start >= 0 and end <= 20
    assert salient_window(clip, 5.0, services.runtime, within=(28.0, 31.0)) == (28.0, 31.0)
