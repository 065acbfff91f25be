"""What a training costs, measured on its first steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import psutil
import torch

from training.loop.batches import LossAt
from training.loop.training_loop import TrainingLoop

SAMPLE_SECONDS = 0.005
"""Interval at which the memory of the process is read."""


@dataclass(frozen=True)
class StepCosts:
    """Costs of a step, and sizes of the model."""

    seconds: float
    """Time of one step."""
    peak_bytes: int
    """Maximum memory, of the GPU if the model is on one, else of the process."""
    parameters: int
    trained_parameters: int
    steps: int
    """Steps of the whole training."""

    def __str__(self) -> str:
        """Return a line for the terminal."""
        whole = timedelta(seconds=round(self.seconds * self.steps))
        return (
            f"{self.trained_parameters:,} of {self.parameters:,} parameters are trained; {self.seconds:.3g} s per step, "
            f"{whole} for {self.steps} steps; {self.peak_bytes / 1e9:.2f} GB of memory at most"
        )


def dry_run(loop: TrainingLoop, loss_at: LossAt, steps: int = 3) -> StepCosts:
    """Train a few steps after a first one, and return what they cost; nothing is written.

    Args:
        loop: is not to be used afterwards, for its weights have changed.
        loss_at: as for `TrainingLoop.run`.
        steps: number of steps that are measured.
    """
    parameters = list(loop.model.parameters())
    loop.model.train()
    with peak_memory(loop.device) as peak:
        loop.train_step(loss_at)
        began = time.perf_counter()
        for _ in range(steps):
            loop.train_step(loss_at).item()
        seconds = (time.perf_counter() - began) / steps
    return StepCosts(
        seconds,
        peak[0],
        sum(parameter.numel() for parameter in parameters),
        sum(parameter.numel() for parameter in loop.parameters),
        loop.options.steps,
    )


@contextmanager
def peak_memory(device: torch.device) -> Iterator[list[int]]:
    """Yield a list whose only element is, at the end, the maximum memory in bytes that was used meanwhile."""
    peak = [0]
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        yield peak
        peak[0] = torch.cuda.max_memory_allocated(device)
        return
    process, done = psutil.Process(), threading.Event()

    def sample() -> None:
        while not done.wait(SAMPLE_SECONDS):
            peak[0] = max(peak[0], process.memory_info().rss)

    peak[0] = process.memory_info().rss
    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield peak
    finally:
        done.set()
        sampler.join()
