"""One picture from states, by the diffusers pipeline itself: with a scheduler of its own, its steps reported, always finite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
from PIL import Image

from pipelines.pictures.errors import PictureOverflow
from pipelines.pictures.prompt_embeds import PromptStates


@dataclass(frozen=True)
class SamplingOptions:
    """How a picture is drawn from its states; all values are checked before."""

    steps: int
    guidance_scale: float
    width: int
    height: int
    """Pixels."""
    scheduler: str = ""
    """Class name of diffusers; empty for the checkpoint's own."""
    start_picture: Image.Image | None = None
    """RGB, `width` by `height`."""
    start_picture_strength: float = 1.0

    @property
    def steps_to_do(self) -> int:
        """Of a start picture only the last steps are drawn, as `StableDiffusionImg2ImgPipeline` counts them."""
        return int(self.steps * self.start_picture_strength) if self.start_picture else self.steps


def draw(
    pipeline: Any, states: PromptStates, options: SamplingOptions, seed: int, report: Callable[[int, Any], None]
) -> Image.Image:
    """The picture, RGB; the same for the same seed, whatever is drawn before or beside it.

    Args:
        pipeline: a Stable Diffusion, on loan; it stays as it is.
        states: what to draw.
        options: how.
        seed: of the noise, which is drawn on the CPU on every device.
        report: called after each step with its number, from 1, and the latents [1, channels, h, w] of the picture that the model
            expects at the end. It may raise.

    Raises:
        PictureOverflow: numbers came out that are no numbers.
    """
    import torch

    scheduler = new_scheduler(pipeline, options.scheduler)
    expected = _expected_latents(scheduler)

    def end_step(_: Any, step: int, __: Any, ___: Any) -> dict[str, Any]:
        report(step + 1, expected[-1])
        return {}

    with torch.inference_mode():
        run, arguments = _run(pipeline, scheduler, options)
        latents = run(
            prompt_embeds=states.prompt,
            negative_prompt_embeds=states.negative,
            num_inference_steps=options.steps,
            guidance_scale=options.guidance_scale,
            generator=torch.Generator().manual_seed(seed),
            output_type="latent",
            callback_on_step_end=end_step,
            **arguments,
        ).images
        return _decoded(pipeline, latents)


def new_scheduler(pipeline: Any, name: str) -> Any:
    """A scheduler of its own for one run, with the noise schedule of the checkpoint's: they keep state."""
    import diffusers

    kind = getattr(diffusers, name) if name else type(pipeline.scheduler)
    return kind.from_config(pipeline.scheduler.config)


def _run(pipeline: Any, scheduler: Any, options: SamplingOptions) -> tuple[Any, dict[str, Any]]:
    """A pipeline of the same modules, and the arguments that only its kind takes."""
    import diffusers

    parts = {**pipeline.components, "scheduler": scheduler, "requires_safety_checker": False}
    if options.start_picture is None:
        run = diffusers.StableDiffusionPipeline(**parts)
        arguments: dict[str, Any] = {"width": options.width, "height": options.height}
    else:
        run = diffusers.StableDiffusionImg2ImgPipeline(**parts)
        start = _encoded_start(pipeline, options.start_picture)
        arguments = {"image": start, "strength": options.start_picture_strength}
    run.set_progress_bar_config(disable=True)
    return run, arguments


def _encoded_start(pipeline: Any, picture: Image.Image) -> Any:
    """The picture, or its latents where the autoencoder has another precision than the rest: the pipeline would not mind that."""
    vae = pipeline.vae
    if vae.dtype == pipeline.unet.dtype:
        return picture
    pixels = pipeline.image_processor.preprocess(picture).to(device=pipeline.device, dtype=vae.dtype)
    return vae.config.scaling_factor * vae.encode(pixels).latent_dist.mode()


def _expected_latents(scheduler: Any) -> list[Any]:
    """A list whose last item is, after each step of `scheduler`, the model's guess of the finished latents."""
    guesses: list[Any] = []
    step = scheduler.step

    @wraps(step)
    def watched(*args: Any, **options: Any) -> Any:
        outcome = step(*args, **options)
        # Most hand it out beside the next sample; the multistep solvers (DPM++, UniPC) keep it for themselves.
        guesses[:] = [outcome[1] if len(outcome) > 1 else getattr(scheduler, "model_outputs", outcome)[-1]]
        return outcome

    scheduler.step = watched
    return guesses


def _decoded(pipeline: Any, latents: Any) -> Image.Image:
    """Latents [1, channels, h, w] as a picture, in the autoencoder's own precision."""
    import torch

    vae = pipeline.vae
    pixels = vae.decode(latents.to(vae.dtype) / vae.config.scaling_factor, return_dict=False)[0]
    if not torch.isfinite(pixels).all():
        raise PictureOverflow
    image: Image.Image = pipeline.image_processor.postprocess(pixels, output_type="pil")[0]
    return image


Preview = Callable[[Any], Image.Image]
"""From latents [1, channels, h, w] to RGB, 8 h by 8 w pixels."""


def preview_with(decoder: Any, pipeline: Any) -> Preview:
    """Previews by `decoder`: an ONNX session, a tiny autoencoder, or None for the picture model's own, slower decoder."""
    if hasattr(decoder, "get_inputs"):
        return lambda latents: _picture(decoder.run(["pixels"], {"latents": latents.float().cpu().numpy()})[0][0])
    return lambda latents: _picture(_pixels(decoder or pipeline.vae, latents))


def _pixels(autoencoder: Any, latents: Any) -> Any:
    """[3, rows, columns], about −1 to 1."""
    import torch

    with torch.inference_mode():
        scaled = latents.to(autoencoder.dtype) / autoencoder.config.scaling_factor
        return autoencoder.decode(scaled, return_dict=False)[0][0].float().cpu().numpy()


def _picture(pixels: Any) -> Image.Image:
    """RGB of pixels [3, rows, columns] from −1 to 1."""
    levels = np.clip(np.nan_to_num(pixels) * 127.5 + 127.5, 0, 255).astype(np.uint8)
    return Image.fromarray(levels.transpose(1, 2, 0))
