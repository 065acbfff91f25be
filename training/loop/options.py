"""Options of a training, and its learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

MIN_LEARNING_RATE_FRACTION = 0.01
"""Fraction of the maximum learning rate at which a training ends."""

Fraction = Annotated[float, Field(ge=0, le=1)]
MixedPrecision = Literal["no", "bf16", "fp16"]


@dataclass(frozen=True)
class LoopOptions:
    """Duration, learning rate and precision of a training."""

    steps: PositiveInt
    """Updates of the weights."""
    batch_size: PositiveInt
    """Examples of a step, over all processes and accumulation steps."""
    learning_rate: PositiveFloat
    """Maximum."""
    warmup_steps: NonNegativeInt = 100
    """Steps from zero to the maximum learning rate."""
    flat_fraction: Fraction = 0.0
    """Fraction of the steps after which the learning rate falls."""
    weight_decay: NonNegativeFloat = 1e-2
    max_grad_norm: PositiveFloat = 1.0
    accumulation_steps: PositiveInt = 1
    """Forward and backward passes of a step on each process: more need less memory."""
    mixed_precision: MixedPrecision = "no"
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass: slower, with less memory."""
    ema_decay: Fraction | None = None
    """Decay of the exponential moving average of the weights; None: no average."""
    checkpoint_steps: PositiveInt = 500
    report_steps: PositiveInt = 50
    evaluation_steps: PositiveInt = 500
    patience: PositiveInt | None = None
    """Evaluations without improvement after which the training stops; None: it goes on to the last step."""
    seed: NonNegativeInt = 0


def learning_rate(step: int, options: LoopOptions) -> float:
    """Return the learning rate at a step: a linear warm-up, a flat part, then a cosine decay.

    Args:
        step: number of steps taken so far.
        options: of the training.
    """
    if step < options.warmup_steps:
        return options.learning_rate * (step + 1) / options.warmup_steps
    decay_start = max(options.warmup_steps, round(options.flat_fraction * options.steps))
    progress = min(1.0, max(0.0, (step - decay_start) / max(1, options.steps - decay_start)))
    return options.learning_rate * max(MIN_LEARNING_RATE_FRACTION, 0.5 * (1 + math.cos(math.pi * progress)))
