"""The latest picture is upscaled on the page, with its settings inside the new file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from components.pictures.controls import Drawn
from components.pictures.files import drawn_picture, keep_pictures
from components.pictures.upscale_panel import _UpscaleWork
from pipelines.clip.clip import AudioClip
from pipelines.jobs.stop_flags import StopFlags
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import options_from_png
from tests.components.pictures.test_markup import SETTINGS
from tests.components.pictures.test_markup import clip as clip
from tests.models.tiny_image_models import save_upscaler
from tests.pipelines.language_models.language_bench import Bench


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> _UpscaleWork:
    bench = Bench(save_upscaler(tmp_path_factory.mktemp("models") / "upscaler"))
    services, flags = SimpleNamespace(runtime=bench.runtime), StopFlags()
    job = SimpleNamespace(current=lambda request: flags.current(request.session_hash))
    return _UpscaleWork(services, job)  # type: ignore[arg-type]


def test_the_latest_picture_is_upscaled_and_keeps_its_settings(work: _UpscaleWork, clip: AudioClip) -> None:
    small = keep_pictures(clip, tuple(Picture(Image.new("RGB", (64, 48), colour), 7, SETTINGS) for colour in ("teal", "red")))
    drawn = Drawn(clip.content_hash, pictures=tuple(map(drawn_picture, small)))
    first, *_, last = work.run(clip, drawn, gr.Request(session_hash="one"))
    assert "<progress" in first and "Stable Diffusion x2 latent upscaler" in first
    assert 'width="128" height="96"' in last and "128 × 96 pixels · seed 7" in last
    before = {picture.path for picture in small}
    (large,) = set(clip.directory.rglob("*.png")) - before
    assert options_from_png(large) == SETTINGS.options()


def test_without_a_picture_of_the_clip_there_is_a_sentence(work: _UpscaleWork, clip: AudioClip) -> None:
    request: Any = gr.Request(session_hash="one")
    (said,) = work.run(clip, Drawn(), request)
    assert "press Draw first" in said
