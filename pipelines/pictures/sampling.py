"""Diffusion sampling: one picture from prompt embeds, by the pipeline of diffusers with a scheduler of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from PIL import Image

from pipelines.pictures.errors import PictureOverflow
from pipelines.pictures.options import DiffusionOptions
from pipelines.pictures.prompt_embeds import PromptEmbeds

Preview = Callable[[Any], Image.Image]
"""From latents [1, channels, h, w] to RGB, 8 h by 8 w pixels."""


def sample_picture(
    pipeline: Any, embeds: PromptEmbeds, options: DiffusionOptions, seed: int, report: Callable[[int, Any], None]
) -> Image.Image:
    """Sample one picture, RGB; the same for the same seed, whatever is sampled before or beside it.

    Args:
        pipeline: a leased Stable Diffusion, which is not changed.
        embeds: the prompt embeds.
        options: steps, sizes, scheduler and initial image.
        seed: seed of the noise, which is drawn on the CPU on every device.
        report: called after each step with its number, from 1, and the predicted final latents [1, channels, h, w]. It may raise.

    Raises:
        PictureOverflow: the picture has NaN or infinite values.
    """
    import torch

    scheduler = _new_scheduler(pipeline, options.scheduler)
    predicted = _record_predicted_latents(scheduler)

    def end_step(_: Any, step: int, __: Any, ___: Any) -> dict[str, Any]:
        report(step + 1, predicted[-1])
        return {}

    with torch.inference_mode():
        run, arguments = _new_run(pipeline, scheduler, options)
        latents = run(
            prompt_embeds=embeds.prompt_embeds,
            negative_prompt_embeds=embeds.negative_prompt_embeds,
            num_inference_steps=options.steps,
            guidance_scale=options.guidance_scale,
            generator=torch.Generator().manual_seed(seed),
            output_type="latent",
            callback_on_step_end=end_step,
            **arguments,
        ).images
        return _decode(pipeline, latents)


def preview_function(decoder: Any, pipeline: Any) -> Preview:
    """Return the function that decodes previews.

    Args:
        decoder: an ONNX session, a tiny autoencoder, or None for the picture model's own, slower decoder.
        pipeline: the leased Stable Diffusion.
    """
    if hasattr(decoder, "get_inputs"):
        return lambda latents: _as_image(decoder.run(["pixels"], {"latents": latents.float().cpu().numpy()})[0][0])
    return lambda latents: _as_image(_decode_pixels(decoder or pipeline.vae, latents))


def _new_scheduler(pipeline: Any, name: str) -> Any:
    """Build a scheduler for one run, since schedulers keep state, with the noise schedule of the checkpoint's own."""
    import diffusers

    kind = getattr(diffusers, name) if name else type(pipeline.scheduler)
    return kind.from_config(pipeline.scheduler.config)


def _new_run(pipeline: Any, scheduler: Any, options: DiffusionOptions) -> tuple[Any, dict[str, Any]]:
    """Return a pipeline of the same modules, and the arguments that only its kind takes."""
    import diffusers

    parts = {**pipeline.components, "scheduler": scheduler, "requires_safety_checker": False}
    if options.init_image is None:
        run = diffusers.StableDiffusionPipeline(**parts)
        arguments: dict[str, Any] = {"width": options.width, "height": options.height}
    else:
        run = diffusers.StableDiffusionImg2ImgPipeline(**parts)
        arguments = {"image": _encode_init_image(pipeline, options.init_image), "strength": options.strength}
    run.set_progress_bar_config(disable=True)
    return run, arguments


def _encode_init_image(pipeline: Any, image: Image.Image) -> Any:
    """Return `image`, or its latents where the autoencoder has another number format, which the pipeline would not convert to."""
    vae = pipeline.vae
    if vae.dtype == pipeline.unet.dtype:
        return image
    pixels = pipeline.image_processor.preprocess(image).to(device=pipeline.device, dtype=vae.dtype)
    return vae.config.scaling_factor * vae.encode(pixels).latent_dist.mode()


def _record_predicted_latents(scheduler: Any) -> list[Any]:
    """Return a list whose last item is, after each step of `scheduler`, the prediction of the final latents."""
    predicted: list[Any] = []
    step = scheduler.step

    @wraps(step)
    def recorded(*args: Any, **options: Any) -> Any:
        outcome = step(*args, **options)
        # Most schedulers return it beside the next sample; the multistep solvers (DPM++, UniPC) keep it in `model_outputs`.
        predicted[:] = [outcome[1] if len(outcome) > 1 else getattr(scheduler, "model_outputs", outcome)[-1]]
        return outcome

    scheduler.step = recorded
    return predicted


def _decode(pipeline: Any, latents: Any) -> Image.Image:
    """Decode latents [1, channels, h, w] in the autoencoder's own number format."""
    import torch

    vae = pipeline.vae
    pixels = vae.decode(latents.to(vae.dtype) / vae.config.scaling_factor, return_dict=False)[0]
    if not torch.isfinite(pixels).all():
        raise PictureOverflow
    image: Image.Image = pipeline.image_processor.postprocess(pixels, output_type="pil")[0]
    return image


def _decode_pixels(autoencoder: Any, latents: Any) -> Any:
    """Return pixels [3, rows, columns], about -1 to 1."""
    import torch

    with torch.inference_mode():
        scaled = latents.to(autoencoder.dtype) / autoencoder.config.scaling_factor
        return autoencoder.decode(scaled, return_dict=False)[0][0].float().cpu().numpy()


def _as_image(pixels: Any) -> Image.Image:
    """Convert pixels [3, rows, columns] from -1 to 1 to RGB."""
    levels = np.clip(np.nan_to_num(pixels) * 127.5 + 127.5, 0, 255).astype(np.uint8)
    return Image.fromarray(levels.transpose(1, 2, 0))
