"""One picture from prompt embeds, with tiny checkpoints of the real classes, saved and loaded from disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from models.loading.loaders import ModelLoaders
from pipelines.pictures.audio_embeds import AudioEmbeds
from pipelines.pictures.errors import PictureOverflow
from pipelines.pictures.options import SCHEDULERS, DiffusionOptions
from pipelines.pictures.prompt_embeds import (
    PromptEmbeds,
    PromptText,
    encode_prompt,
    interpolate_embeds,
)
from pipelines.pictures.sampling import preview_function, sample_picture
from tests.models.tiny_image_models import SIDE, TEXT_WIDTH, save_lcm, save_preview_decoder, save_stable_diffusion_2_1, save_turbo

LOADERS = ModelLoaders(cpu_threads=1)
OPTIONS = DiffusionOptions(steps=4, guidance_scale=5.0, width=SIDE, height=SIDE)
RED = Image.new("RGB", (SIDE, SIDE), "red")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> Any:
    return LOADERS.build(save_stable_diffusion_2_1(folder / "sd"), "cpu").model


@pytest.fixture(scope="module")
def embeds(pipeline: Any) -> PromptEmbeds:
    return encode_prompt(pipeline, PromptText("a dog", "on a hill", "sketch", "blue"))


def drawn(pipeline: Any, embeds: PromptEmbeds, options: DiffusionOptions = OPTIONS, seed: int = 1) -> NDArray[np.uint8]:
    return np.asarray(sample_picture(pipeline, embeds, options, seed, lambda step, latents: None))


def bare(pipeline: Any, seed: int = 1, **arguments: Any) -> NDArray[np.uint8]:
    """What the pipeline itself draws."""
    generator = torch.Generator().manual_seed(seed)
    sizes = {"width": SIDE, "height": SIDE, "num_inference_steps": 4, "guidance_scale": 5.0}
    return np.asarray(pipeline(generator=generator, **(sizes | arguments)).images[0])


def audio_embeds(seed: int = 0, tokens: int = 48) -> AudioEmbeds:
    audio, noise = np.random.default_rng(seed).normal(size=(2, tokens, TEXT_WIDTH)).astype(np.float32)
    return AudioEmbeds(audio, noise, 0.0, 1.0, "Aligner", "MIT", "0" * 32)


def test_text_draws_what_the_bare_pipeline_draws_to_the_bit(pipeline: Any, embeds: PromptEmbeds) -> None:
    expected = bare(pipeline, prompt="a dog, on a hill, sketch", negative_prompt="blue")
    assert np.array_equal(drawn(pipeline, embeds), expected)


def test_audio_alone_draws_what_the_bare_pipeline_makes_of_its_embeds(pipeline: Any) -> None:
    audio = audio_embeds()
    arguments = {"prompt_embeds": audio.prompt_embeds, "negative_prompt_embeds": audio.negative_prompt_embeds}
    expected = bare(pipeline, **{name: torch.from_numpy(value)[None] for name, value in arguments.items()})
    assert np.array_equal(drawn(pipeline, encode_prompt(pipeline, PromptText("dog"), audio, audio_weight=1.0)), expected)


def test_the_same_seed_gives_the_same_picture_and_another_one_another(pipeline: Any, embeds: PromptEmbeds) -> None:
    assert np.array_equal(drawn(pipeline, embeds), drawn(pipeline, embeds))
    assert not np.array_equal(drawn(pipeline, embeds), drawn(pipeline, embeds, seed=2))


def test_with_an_audio_weight_of_0_the_embeds_are_those_of_the_text(pipeline: Any, embeds: PromptEmbeds) -> None:
    words = PromptText("a dog", "on a hill", "sketch", "blue")
    blend = encode_prompt(pipeline, words, audio_embeds(), audio_weight=0.0)
    for one, other in (
        (blend.prompt_embeds, embeds.prompt_embeds),
        (blend.negative_prompt_embeds, embeds.negative_prompt_embeds),
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


def test_a_blend_moves_evenly_from_text_to_audio_which_is_padded_as_text_is(pipeline: Any) -> None:
    words, audio = PromptText("a dog"), audio_embeds()
    blends = [encode_prompt(pipeline, words, audio, weight).prompt_embeds for weight in (0.0, 0.25, 1.0)]
    nothing = encode_prompt(pipeline, PromptText("")).prompt_embeds
    whole = torch.cat([torch.from_numpy(audio.prompt_embeds)[None], nothing[:, 48:]], dim=1)
    torch.testing.assert_close(blends[1], 0.75 * blends[0] + 0.25 * whole, rtol=0, atol=1e-5)
    torch.testing.assert_close(blends[2], torch.from_numpy(audio.prompt_embeds)[None], rtol=0, atol=0)


def test_an_extra_prompt_changes_audio_as_it_changes_text(pipeline: Any) -> None:
    audio = audio_embeds(tokens=77)
    turned = encode_prompt(pipeline, PromptText("dog", "red", "sketch"), audio, audio_weight=1.0).prompt_embeds
    plain, full = (encode_prompt(pipeline, PromptText(text)).prompt_embeds for text in ("dog", "dog, red, sketch"))
    torch.testing.assert_close(turned, torch.from_numpy(audio.prompt_embeds)[None] + full - plain, rtol=0, atol=1e-5)


def test_audio_guidance_scales_the_distance_from_noise(pipeline: Any) -> None:
    audio = audio_embeds()
    at = {
        guidance: encode_prompt(pipeline, PromptText(), audio, audio_weight=1.0, audio_guidance=guidance).prompt_embeds
        for guidance in (0.0, 0.5, 2.0)
    }
    noise = torch.from_numpy(audio.negative_prompt_embeds)[None]
    torch.testing.assert_close(at[0.0], noise)
    torch.testing.assert_close(at[2.0] - noise, 4 * (at[0.5] - noise), rtol=1e-4, atol=1e-5)


def test_between_two_prompts_lies_their_mixture(pipeline: Any, embeds: PromptEmbeds) -> None:
    other = encode_prompt(pipeline, PromptText("cat"))
    assert torch.equal(interpolate_embeds(embeds, other, 0.0).prompt_embeds, embeds.prompt_embeds)
    torch.testing.assert_close(
        interpolate_embeds(embeds, other, 0.5).prompt_embeds, (embeds.prompt_embeds + other.prompt_embeds) / 2
    )


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("start", [None, RED], ids=["noise", "picture"])
def test_every_scheduler_draws_and_the_shared_one_stays_as_it_was(
    pipeline: Any, embeds: PromptEmbeds, name: str, start: Image.Image | None
) -> None:
    options = replace(OPTIONS, steps=5, scheduler=SCHEDULERS[name], init_image=start, strength=0.6)
    shared = pipeline.scheduler
    before = (vars(shared).keys(), shared.num_inference_steps, shared.timesteps.tolist())
    steps: list[int] = []
    image = np.asarray(sample_picture(pipeline, embeds, options, 1, lambda step, latents: steps.append(step)))
    assert steps == list(range(1, options.denoising_steps + 1))
    assert image.std() > 5
    assert pipeline.scheduler is shared
    assert (vars(shared).keys(), shared.num_inference_steps, shared.timesteps.tolist()) == before


def test_an_init_image_is_kept_the_more_the_lower_the_strength(pipeline: Any, embeds: PromptEmbeds) -> None:
    by_itself = drawn(pipeline, embeds, replace(OPTIONS, steps=20, init_image=RED, strength=0.05))
    distances = []
    for strength in (0.25, 1.0):
        image = drawn(pipeline, embeds, replace(OPTIONS, steps=20, init_image=RED, strength=strength))
        distances.append(np.abs(image.astype(float) - by_itself).mean())
    assert distances[0] < distances[1]


def test_the_reported_latents_end_where_the_picture_does(pipeline: Any, embeds: PromptEmbeds) -> None:
    """With every scheduler: the last guess of the finished latents, decoded by the autoencoder itself, is the picture."""
    for name in ("DDIM", "DPM++ 2M", "UniPC", "Euler"):
        reported: dict[int, Any] = {}
        picture = sample_picture(pipeline, embeds, replace(OPTIONS, scheduler=SCHEDULERS[name]), 1, reported.__setitem__)
        preview = preview_function(None, pipeline)(reported[4])
        assert np.abs(np.asarray(preview, dtype=float) - np.asarray(picture)).mean() < 12, name


def test_a_tiny_autoencoder_makes_previews(pipeline: Any, folder: Path) -> None:
    decoder = LOADERS.build(save_preview_decoder(folder / "preview"), "cpu").model
    assert preview_function(decoder, pipeline)(torch.randn(1, 4, 4, 6)).size == (48, 32)


def test_turbo_and_lcm_draw_in_two_steps_without_negative_embeds(folder: Path) -> None:
    for fetched, guidance in ((save_turbo(folder / "turbo"), 0.0), (save_lcm(folder / "lcm"), 8.0)):
        few = LOADERS.build(fetched, "cpu").model
        own = encode_prompt(few, PromptText("a dog"))
        options = replace(OPTIONS, steps=2, guidance_scale=guidance)
        expected = bare(few, prompt="a dog", num_inference_steps=2, guidance_scale=guidance)
        assert np.array_equal(drawn(few, own, options), expected)
        with_negative = encode_prompt(few, PromptText("a dog", negative="blue"))
        assert np.array_equal(drawn(few, with_negative, options), expected)


@pytest.mark.parametrize("start", [None, RED], ids=["noise", "picture"])
def test_in_half_precision_the_autoencoder_works_in_single(folder: Path, start: Image.Image | None) -> None:
    fetched = save_stable_diffusion_2_1(folder / f"half-{start is None}", cpu_dtype="float16")
    half = LOADERS.build(fetched, "cpu").model
    assert (half.unet.dtype, half.text_encoder.dtype, half.vae.dtype) == (torch.float16, torch.float16, torch.float32)
    image = drawn(half, encode_prompt(half, PromptText("a dog")), replace(OPTIONS, init_image=start))
    assert image.std() > 5


@pytest.fixture
def overflowing(pipeline: Any) -> Iterator[Any]:
    """Its last layer gives no numbers."""
    bias = pipeline.vae.decoder.conv_out.bias
    kept = bias.detach().clone()
    bias.data.fill_(float("nan"))
    yield pipeline
    bias.data.copy_(kept)


def test_no_black_picture_is_given_out(overflowing: Any, embeds: PromptEmbeds) -> None:
    with pytest.raises(PictureOverflow, match="is empty"):
        drawn(overflowing, embeds)


def test_what_the_report_raises_ends_the_drawing_at_that_step(pipeline: Any, embeds: PromptEmbeds) -> None:
    class Enough(Exception):
        pass

    steps: list[int] = []

    def report(step: int, latents: Any) -> None:
        steps.append(step)
        if step == 2:
            raise Enough

    with pytest.raises(Enough):
        sample_picture(pipeline, embeds, OPTIONS, 1, report)
    assert steps == [1, 2]
    assert drawn(pipeline, embeds).shape == (SIDE, SIDE, 3)
