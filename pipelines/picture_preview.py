"""What a picture looks like while it is being drawn: its expected latents, decoded by something quicker than the autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

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
