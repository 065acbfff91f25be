"""Pictures in half precision on a real GPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.loading.loaders import ModelLoaders
from models.specs.model_spec import FetchedModel
from pipelines.pictures.options import DiffusionOptions
from pipelines.pictures.prompt_embeds import PromptText, encode_prompt
from pipelines.pictures.sampling import preview_function, sample_picture
from tests.models.tiny_image_models import SIDE, save_lcm, save_preview_decoder, save_stable_diffusion_2_1, save_turbo

OVERFLOWING = 3e4
"""Half precision ends at 65,504: activations of this size overflow when they are squared or added up."""


@pytest.mark.parametrize("save", [save_stable_diffusion_2_1, save_turbo, save_lcm])
@pytest.mark.parametrize("start", [None, Image.new("RGB", (SIDE, SIDE), "red")], ids=["noise", "picture"])
def test_no_picture_is_black(save: Callable[[Path], FetchedModel], start: Image.Image | None, tmp_path: Path) -> None:
    fetched = save(tmp_path / "model")
    pipeline = ModelLoaders().build(fetched, "cuda").model
    decoder = ModelLoaders().build(save_preview_decoder(tmp_path / "preview"), "cuda").model
    assert (pipeline.unet.dtype, pipeline.vae.dtype) == (torch.float16, torch.float32)
    with torch.no_grad():
        pipeline.vae.decoder.conv_in.weight.mul_(OVERFLOWING / pipeline.vae.decoder.conv_in.weight.abs().max())
    options = DiffusionOptions(4, 5.0, SIDE, SIDE, init_image=start)
    preview, previews = preview_function(decoder, pipeline), []
    embeds = encode_prompt(pipeline, PromptText("a dog"))
    image = sample_picture(pipeline, embeds, options, 1, lambda step, latents: previews.append(preview(latents)))
    assert np.asarray(image).std() > 5
    assert len(previews) == 4
    again = sample_picture(pipeline, embeds, options, 1, lambda step, latents: None)
    assert np.array_equal(np.asarray(again), np.asarray(image))
