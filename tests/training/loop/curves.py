"""A tiny training.

`python -m tests.training.loop.curves FOLDER` trains it with two processes, which write their losses, and then with one that is
killed: both in one Python, since starting one takes seconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import debug_launcher
from torch import nn

from training.loop.batches import Loss, Shard, batch_indices
from training.loop.options import LoopOptions
from training.loop.training_loop import TrainingLoop

OPTIONS = LoopOptions(
    steps=8,
    batch_size=6,
    learning_rate=0.05,
    warmup_steps=2,
    ema_decay=0.9,
    checkpoint_steps=3,
    report_steps=4,
    evaluation_steps=2,
)
POPULATION = 10
LOSSES = "losses.json"


def build_model(dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Dropout(dropout), nn.Linear(5, 1))


class Curve:
    """The losses of a regression whose examples have unequal weights, as answers have unequal numbers of tokens."""

    def __init__(self, loop: TrainingLoop) -> None:
        self.loop = loop
        rng = torch.Generator().manual_seed(1)
        self.inputs, self.targets = (torch.randn(POPULATION, size, generator=rng) for size in (3, 1))
        self.weights = torch.arange(1.0, POPULATION + 1)

    def loss_at(self, step: int, shard: Shard) -> Loss:
        indices = shard.take(batch_indices(step, POPULATION, self.loop.options.batch_size, seed=0))
        errors = (self.loop.model(self.inputs[indices]) - self.targets[indices]).square().flatten()
        return Loss((self.weights[indices] * errors).sum(), self.weights[indices].sum().item())

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {"loss": (model(self.inputs) - self.targets).square().mean().item()}


def trained(folder: Path, model: nn.Module, **changes: Any) -> TrainingLoop:
    loop = TrainingLoop(model, replace(OPTIONS, **changes), folder)
    curve = Curve(loop)
    loop.run(curve.loss_at, curve.evaluate)
    return loop


def losses_of(folder: Path, **changes: Any) -> list[float]:
    """The loss of every step; the main process of several writes them too."""
    loop = TrainingLoop(build_model(), replace(OPTIONS, **changes), folder)
    curve = Curve(loop)
    losses = [loop.train_step(curve.loss_at).item() for _ in range(OPTIONS.steps)]
    if loop.accelerator.num_processes == 2 and loop.accelerator.is_main_process:
        (folder / LOSSES).write_text(json.dumps(losses))
    return losses


def killed(folder: Path) -> None:
    """Train until the process is killed in the sixth step."""
    loop = TrainingLoop(build_model(dropout=0.5), OPTIONS, folder)
    curve = Curve(loop)

    def loss_at(step: int, shard: Shard) -> Loss:
        if step == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return curve.loss_at(step, shard)

    loop.run(loss_at, curve.evaluate)


def main(folder: Path) -> None:
    debug_launcher(losses_of, (folder,), num_processes=2)
    killed(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
