"""The training itself: data, model and loop put together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from training.data.triples import Triple, in_split
from training.loop.batches import Loss, Shard
from training.loop.dry_run import StepCosts, dry_run
from training.loop.training_loop import TrainingLoop
from training.whisper.batches import WindowLosses
from training.whisper.model import Base, make_trainable
from training.whisper.options import WhisperOptions

STATES = "states"
"""Folder of the encoder's states."""
LOSS = "loss"


@dataclass(frozen=True)
class Fitting:
    """A training that is ready to run."""

    loop: TrainingLoop
    losses: WindowLosses
    train: list[Triple]
    validation: list[Triple]

    def loss_at(self, step: int, shard: Shard) -> Loss:
        """Return the loss of a shard of a step's windows."""
        return self.losses.at(self.loop.model, self.train, step, shard)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Return the validation loss."""
        return {LOSS: self.losses.validation(model, self.validation)}

    def run(self) -> nn.Module:
        """Train to the end; return the model of the best evaluation, or the last one where there is nothing to validate with."""
        self.loop.run(self.loss_at, self.evaluate if self.validation else None, f"-{LOSS}")
        return self.loop.best_model()

    def costs(self) -> StepCosts:
        """Return what a step costs."""
        return dry_run(self.loop, self.loss_at)


def prepare(base: Base, triples: list[Triple], options: WhisperOptions, folder: Path) -> Fitting:
    """Make the base trainable, and go on from the checkpoint in `folder` if there is one.

    Raises:
        ValueError: the base does not know the language, or the folder holds another training.
    """
    loop = TrainingLoop(make_trainable(base.model, options), options.loop, folder)
    losses = WindowLosses(base, options, folder / STATES, loop.device)
    parts = (in_split(triples, split, ["speech"]) for split in ("train", "validation"))
    return Fitting(loop, losses, *parts)
