"""Upscaling of a picture to twice its size by a latent diffusion model, which draws the details that it lacks.

The upscaler works on the latents of Stable Diffusion's autoencoder, and is conditioned on those of the picture (Crowson 2022,
model card of sd-x2-latent-upscaler).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from PIL import Image, ImageOps

from models.arrays import MAX_SEED
from models.errors import InvalidOption
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO
from models.stopping import never_stop
from pipelines.jobs.background import in_background, reported_steps
from pipelines.jobs.model_use import ModelUse, model_fields
from pipelines.jobs.result import LEFT_OUT
from pipelines.pictures.errors import PictureOverflow

FACTOR = 2
SIDE_MULTIPLE = 64
"""Pixels: the UNet halves the latents, eight pixels each, three times."""
MAX_SIDE = 1024
"""Pixels of a side of the picture that is upscaled."""
STEPS = 20
"""Steps of the model card."""
MAX_STEPS = 150
WORKING_BYTES_PER_PIXEL = 4096
"""Memory of the decoder's last layers for each pixel of the large picture, in float32, with room for copies."""


@dataclass(frozen=True)
class UpscaleOptions:
    """How a picture is upscaled."""

    model: str = AUTO
    """'auto' or a key of the catalogue."""
    steps: int = STEPS
    seed: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Upscaling(ModelUse):
    """Snapshot of an upscaling; the last one of a run is the result."""

    step: int = 0
    steps: int = 0
    image: Image.Image | None = field(default=None, metadata=LEFT_OUT)
    """RGB, `FACTOR` times as wide and as high; None until the job is done."""
    state: Literal["loading", "drawing", "done", "stopped"] = "loading"


def upscale_picture(
    image: Image.Image,
    options: UpscaleOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Upscaling]:
    """Upscale `image`, RGB: yield a snapshot for every step; the same for the same seed.

    Raises:
        InvalidOption: before a model is loaded: the image is too large, or steps or seed are out of range.
        ModelError: the model cannot be had; see `ModelCache.lease`.
        PictureOverflow: the picture has NaN or infinite values.
    """
    began = clock()
    _check(image, options)
    working_bytes = WORKING_BYTES_PER_PIXEL * FACTOR**2 * image.width * image.height
    choice = runtime.catalog.choose("upscale_pictures", options.model, working_bytes)
    now = Upscaling(steps=options.steps, **model_fields([choice.spec], runtime.catalog.device, choice.reason))
    yield now

    def work(report: Callable[[Upscaling | None], None], stopped: Callable[[], bool]) -> None:
        with runtime.cache.lease(choice.spec, working_bytes=working_bytes, should_stop=stopped) as (pipeline,):
            large = _upscaled(pipeline, image, options, lambda step: report(replace(now, step=step, state="drawing")))
        report(replace(now, step=options.steps, image=large, state="done"))

    def steps(stopped: Callable[[], bool]) -> Generator[Upscaling, None, None]:
        return reported_steps(partial(work, stopped=stopped), stopped)

    latest = now
    for step in in_background(steps, should_stop):
        latest = replace(step or latest, elapsed=clock() - began)
        yield latest
    if latest.state != "done":
        yield replace(latest, state="stopped", elapsed=clock() - began)


def _check(image: Image.Image, options: UpscaleOptions) -> None:
    if max(image.size) > MAX_SIDE:
        raise InvalidOption("picture", f"{image.width} by {image.height} pixels", f"up to {MAX_SIDE} pixels a side")
    if not 1 <= options.steps <= MAX_STEPS:
        raise InvalidOption("steps", options.steps, f"1 to {MAX_STEPS}")
    if not 0 <= options.seed <= MAX_SEED:
        raise InvalidOption("seed", options.seed, f"0 to {MAX_SEED}")


def _upscaled(pipeline: Any, image: Image.Image, options: UpscaleOptions, end_step: Callable[[int], None]) -> Image.Image:
    """Return the upscaled picture; `end_step` is called with the number of each step, from 1, and may raise.

    The autoencoder may have another number format than the UNet, which the pipeline would not convert to.
    """
    import torch

    vae, padded = pipeline.vae, _padded(image)
    run = type(pipeline)(**{**pipeline.components, "scheduler": type(pipeline.scheduler).from_config(pipeline.scheduler.config)})
    run.set_progress_bar_config(disable=True)
    with torch.inference_mode():
        pixels = pipeline.image_processor.preprocess(padded).to(device=pipeline.device, dtype=vae.dtype)
        latents = vae.config.scaling_factor * vae.encode(pixels).latent_dist.mode()
        large = run(
            prompt="",
            image=latents,
            num_inference_steps=options.steps,
            guidance_scale=0.0,
            generator=torch.Generator().manual_seed(options.seed),
            output_type="latent",
            callback=lambda step, _, __: end_step(step + 1),
        ).images
        decoded = vae.decode(large.to(vae.dtype) / vae.config.scaling_factor, return_dict=False)[0]
        if not torch.isfinite(decoded).all():
            raise PictureOverflow
        drawn: Image.Image = pipeline.image_processor.postprocess(decoded, output_type="pil")[0]
    return drawn.crop((0, 0, FACTOR * image.width, FACTOR * image.height))


def _padded(image: Image.Image) -> Image.Image:
    """Return the image with its mirror image to the right of it and below, so that its sides are multiples of `SIDE_MULTIPLE`."""
    width, height = (-(-side // SIDE_MULTIPLE) * SIDE_MULTIPLE for side in image.size)
    padded = Image.new("RGB", (width, height))
    for column, across in ((0, image), (image.width, ImageOps.mirror(image))):
        for row, part in ((0, across), (image.height, ImageOps.flip(across))):
            padded.paste(part, (column, row))
    return padded
