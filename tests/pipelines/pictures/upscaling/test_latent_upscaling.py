"""A picture gets twice its size by a tiny latent upscaler of the real classes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from models.errors import InvalidOption, NoModelFits
from models.runtime import ModelRuntime
from pipelines.pictures.upscaling.latent_upscaling import UpscaleOptions, _padded, upscale_picture
from tests.models.tiny_image_models import save_turbo, save_upscaler
from tests.pipelines.language_models.language_bench import Bench

OPTIONS = UpscaleOptions(steps=3)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(save_upscaler(tmp_path_factory.mktemp("models") / "upscaler"))
    yield bench
    bench.cache.clear()


def picture(width: int = 72, height: int = 40) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8))


def test_each_side_is_twice_as_long_whatever_it_was(bench: Bench) -> None:
    first, *steps, last = upscale_picture(picture(), OPTIONS, bench.runtime)
    assert (first.state, first.model, first.steps) == ("loading", "Stable Diffusion x2 latent upscaler", 3)
    assert {now.step for now in steps if now.state == "drawing"} >= {1, 2, 3}
    assert last.state == "done" and last.image is not None
    assert last.image.size == (144, 80)
    assert bench.is_free()


def test_a_seed_repeats_its_picture_and_the_picture_matters(bench: Bench) -> None:
    def drawn(image: Image.Image, seed: int = 0) -> bytes:
        *_, last = upscale_picture(image, UpscaleOptions(steps=2, seed=seed), bench.runtime)
        assert last.image is not None
        return last.image.tobytes()

    one = drawn(picture(64, 64))
    assert drawn(picture(64, 64)) == one
    assert drawn(picture(64, 64), seed=1) != one
    assert drawn(Image.new("RGB", (64, 64), "white")) != one


def test_a_stop_leaves_the_model_free(bench: Bench) -> None:
    stop = threading.Event()
    for now in upscale_picture(picture(), UpscaleOptions(steps=100), bench.runtime, stop.is_set):
        if now.step:
            stop.set()
    assert now.state == "stopped" and now.image is None
    with bench.cache.lease(bench.spec, timeout_seconds=30.0):
        pass


def test_a_picture_is_padded_with_its_mirror_image() -> None:
    image = picture(40, 64)
    padded = np.asarray(_padded(image))
    assert padded.shape == (64, 64, 3)
    assert (padded[:, :40] == np.asarray(image)).all()
    assert (padded[:, 40] == padded[:, 39]).all()


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (Image.new("RGB", (1025, 8)), OPTIONS),
        (picture(), UpscaleOptions(steps=0)),
        (picture(), UpscaleOptions(seed=-1)),
    ],
)
def test_what_cannot_be_upscaled_is_refused_before_the_model_is_loaded(
    bench: Bench, image: Image.Image, options: UpscaleOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.cache, "lease", pytest.fail)
    with pytest.raises(InvalidOption):
        next(upscale_picture(image, options, bench.runtime))


def test_without_an_upscaler_there_is_a_sentence(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    runtime: ModelRuntime = Bench(save_turbo(tmp_path_factory.mktemp("models") / "turbo")).runtime
    with pytest.raises(NoModelFits):
        next(upscale_picture(picture(), OPTIONS, runtime))
