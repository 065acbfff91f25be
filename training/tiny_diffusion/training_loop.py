"""One loop for both models: AdamW, a schedule counted in steps, an average of the weights, checkpoints that resume exactly."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.learning_rate import learning_rate_factor

RACE_LENGTH = 3
"""Steps."""


@dataclass(frozen=True)
class LoopOptions:
    """Duration and learning rate of a training."""

    steps: int
    learning_rate: float
    warm_up: int = 200
    """Steps from zero to the full learning rate."""
    flat: float = 0.35
    """Share of the steps after which the cosine begins."""
    weight_decay: float = 1e-2
    average: float = 0.999
    """Decay of the exponential moving average of the weights."""
    checkpoint_steps: int = 500
    report_steps: int = 100
    most_threads: int = 1
    """Above 1, one thread and this many are raced now and then: on a busy machine one is faster."""
    race_steps: int = 200


def learning_rate(step: int, options: LoopOptions) -> float:
    """Return the learning rate at a step; it ends at one hundredth of its maximum."""
    flat_until = round(options.flat * options.steps)
    return options.learning_rate * learning_rate_factor(
        step, steps=options.steps, warmup_steps=options.warm_up, flat_until=flat_until, minimum=0.01
    )


def generator_at(step: int) -> torch.Generator:
    """Return a random generator that depends on the step alone: a resumed training draws what an unbroken one draws."""
    return torch.Generator().manual_seed(step)


class TrainingLoop:
    """The trainable parameters of `model`, their optimizer and their moving average."""

    def __init__(self, model: nn.Module, options: LoopOptions, checkpoint: Path) -> None:
        self.model = model
        self.options = options
        self.checkpoint = checkpoint
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=options.learning_rate, betas=(0.9, 0.99), weight_decay=options.weight_decay
        )
        self.averages = [parameter.detach().clone() for parameter in self.parameters]
        self.step = 0
        if checkpoint.exists():
            self.load_state(torch.load(checkpoint, weights_only=True))

    def state(self) -> dict[str, Any]:
        """Return the state from which a later process goes on as if this one had not stopped."""
        return {
            "step": self.step,
            "parameters": [parameter.detach() for parameter in self.parameters],
            "averages": self.averages,
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.step = state["step"]
        self.optimizer.load_state_dict(state["optimizer"])
        for mine, saved in ((self.parameters, state["parameters"]), (self.averages, state["averages"])):
            with torch.no_grad():
                torch._foreach_copy_(mine, saved)

    def save(self) -> None:
        """Write a checkpoint; whoever reads finds the old one or the new one, never half of one."""
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(self.state(), partial)
        os.replace(partial, self.checkpoint)

    def averaged(self) -> nn.Module:
        """Return a copy of the model with the averaged weights, ready to be used."""
        model = copy.deepcopy(self.model)
        trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
        with torch.no_grad():
            torch._foreach_copy_(trainable, self.averages)
        return model.eval()

    def race_threads(self, loss_at: Callable[[int], Tensor]) -> None:
        """Train a few steps with one thread and with the most, and stay with the faster."""
        seconds = {}
        for threads in (1, self.options.most_threads):
            torch.set_num_threads(threads)
            started = time.monotonic()
            for _ in range(RACE_LENGTH):
                self.train_step(loss_at)
            seconds[threads] = time.monotonic() - started
        torch.set_num_threads(min(seconds, key=lambda threads: seconds[threads]))

    def train_step(self, loss_at: Callable[[int], Tensor]) -> Tensor:
        """Follow the gradient of the loss once; the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.options)
        loss = loss_at(self.step)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        # Early averages follow faster, so that they forget the random start (the warm-up of TensorFlow's moving average).
        decay = min(self.options.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.averages, self.parameters, 1 - decay)
        return loss.detach()

    def run(self, loss_at: Callable[[int], Tensor], after_checkpoint: Callable[[], None] = lambda: None) -> None:
        """Train until the options' steps are done; `loss_at(step)` gives the loss of a step."""
        self.model.train()
        losses: list[Tensor] = []
        started, saved, raced = time.monotonic(), self.step, -self.options.race_steps
        while self.step < self.options.steps:
            if self.options.most_threads > 1 and self.step >= raced + self.options.race_steps:
                raced = self.step
                self.race_threads(loss_at)
            losses.append(self.train_step(loss_at))
            if len(losses) == self.options.report_steps:
                self.report(losses, time.monotonic() - started)
                losses, started = [], time.monotonic()
            if self.step >= saved + self.options.checkpoint_steps or self.step >= self.options.steps:
                saved = self.step
                self.save()
                after_checkpoint()

    def report(self, losses: list[Tensor], seconds: float) -> None:
        """Return a line for the log."""
        mean, speed = torch.stack(losses).mean().item(), len(losses) / seconds
        threads = torch.get_num_threads()
        print(f"{self.checkpoint.stem}: step {self.step}, loss {mean:.4f}, {speed:.2f} steps/s, threads {threads}", flush=True)
