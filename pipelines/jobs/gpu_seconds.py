"""Estimates of GPU time, from what bounds each kind of work.

They were not measured on ZeroGPU. They only have to be near enough: calls ask for more (`MARGIN` in `models.zero_gpu`), and work
that can be cut goes on in another call.
"""

from __future__ import annotations

from models.specs.model_spec import ModelSpec

TOKEN_SECONDS = 0.02
"""Launching the kernels of some thirty layers from Python, whatever the size of the model."""
READ_BYTES_PER_SECOND = 1e12
"""Weights that a token reads: about half of the memory's speed of half an H200."""
STEP_SECONDS = 0.02
"""As `TOKEN_SECONDS`, for a step of diffusion."""
PIXEL_SECONDS_PER_BYTE = 1.5e-17
"""A step of diffusion for a pixel of the picture, for each byte of the weights: 0.1 s for 7 GB and a megapixel."""
PICTURE_SECONDS_PER_PIXEL = 2e-6
"""Decoding in float32, and the copy to main memory."""


def token_seconds(spec: ModelSpec) -> float:
    """Return the time of one token of a language model, or of one for each window of a batch."""
    return TOKEN_SECONDS + spec.gpu_bytes / READ_BYTES_PER_SECOND


def drawing_seconds(spec: ModelSpec, pixels: int, steps: int) -> float:
    """Return the time of one picture."""
    return steps * (STEP_SECONDS + PIXEL_SECONDS_PER_BYTE * spec.gpu_bytes * pixels) + PICTURE_SECONDS_PER_PIXEL * pixels
