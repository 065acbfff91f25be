"""The salient window of a clip, with the real YAMNet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import SilentClip
from pipelines.pictures.salient_window import salient_window
from services import Services
from tests.recordings import EXAMPLES

RATE = 16_000

pytestmark = pytest.mark.models


def window(services: Services, clip: AudioClip, duration: float) -> tuple[float, float]:
    return salient_window(clip, duration, services.runtime)


def clip_with(services: Services, folder: Path, bird_at: float, seconds: float, noise: float) -> AudioClip:
    """Faint noise with 4 s of a blackbird in it."""
    bird = np.array(services.clips.open(EXAMPLES / "blackbird.ogg").waveform(RATE)[: 4 * RATE])
    sound = np.random.default_rng(0).normal(0, noise, round(seconds * RATE))
    begin = round(bird_at * RATE)
    sound[begin : begin + len(bird)] += bird
    soundfile.write(folder / "clip.wav", 0.5 * sound, RATE, subtype="FLOAT")
    return services.clips.open(folder / "clip.wav")


@pytest.mark.parametrize("bird_at", [0.0, 11.0, 36.0])
def test_what_can_be_recognised_is_found_wherever_it_is(services: Services, tmp_path: Path, bird_at: float):
    clip = clip_with(services, tmp_path, bird_at, 40.0, 0.003)
    start, end = window(services, clip, 4.0)
    assert end - start == pytest.approx(4.0)
    assert start >= 0 and end <= clip.duration
    assert abs(start - bird_at) < 1.5


def test_a_short_clip_is_its_own_window(services: Services):
    clip = services.clips.open(EXAMPLES / "blackbird.ogg")
    assert window(services, clip, 10.0) == (0.0, clip.duration)


def test_a_later_question_costs_no_model_call(services: Services, tmp_path: Path):
    clip = clip_with(services, tmp_path, 20.0, 33.0, 0.003)
    first = window(services, clip, 4.0)
    services.runtime.cache.clear()
    assert window(services, clip, 4.0) == first
    assert services.runtime.cache.status().residents == ()


def test_silence_around_a_sound_is_never_chosen(services: Services, tmp_path: Path):
    clip = clip_with(services, tmp_path, 26.0, 31.0, 0.0)
    start, _ = window(services, clip, 3.0)
    assert start > 24.0


def test_no_length_is_refused(services: Services):
    with pytest.raises(InvalidOption):
        window(services, services.clips.open(EXAMPLES / "blackbird.ogg"), 0.0)


def test_a_silent_clip_is_refused(services: Services, tmp_path: Path):
    clip = clip_with(services, tmp_path, 0.0, 12.0, 0.0)
    samples = next(clip.directory.glob(f"mono-{RATE}.f32"))
    np.zeros(round(12 * RATE), dtype=np.float32).tofile(samples)
    with pytest.raises(SilentClip):
        window(services, clip, 3.0)
