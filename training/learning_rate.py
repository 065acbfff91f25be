"""The learning rate schedule of the trainings."""

from __future__ import annotations

import math


def learning_rate_factor(step: int, *, steps: int, warmup_steps: int, flat_until: int = 0, minimum: float = 0.0) -> float:
    """Return the factor on the learning rate at a step: a linear warm-up, an optional flat part, then a cosine decay.

    Args:
        step: number of steps taken so far.
        steps: number of steps of the whole training.
        warmup_steps: number of steps until the factor is 1.
        flat_until: step at which the decay begins; the end of the warm-up, if that is later.
        minimum: factor below which the decay does not fall.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    decay_start = max(warmup_steps, flat_until)
    progress = min(1.0, max(0.0, (step - decay_start) / max(1, steps - decay_start)))
    return max(minimum, 0.5 * (1 + math.cos(math.pi * progress)))
