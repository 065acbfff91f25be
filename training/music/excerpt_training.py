"""What the trainings of the beat and the harmony network share: they learn from random excerpts of the files of `dataset`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from torch import Tensor, nn

from training.data.triples import Split
from training.loop.batches import Loss, LossAt, Shard, batch_indices, mean_of
from training.loop.command_line import TRAININGS, Command
from training.loop.config import ConfigPath
from training.loop.dry_run import dry_run
from training.loop.onnx_export import export_onnx
from training.loop.options import LoopOptions
from training.loop.training_loop import TrainingLoop

PIECES = TRAININGS / "music" / "pieces"
"""Default folder of the data set."""
FRAMES_AXIS = 1

Network = TypeVar("Network", bound=nn.Module)
Example = TypeVar("Example")
Batch = tuple[Tensor, ...]


@dataclass(frozen=True)
class ExcerptOptions:
    """Options of a training on excerpts."""

    loop: LoopOptions
    target: ConfigPath
    """The ONNX file that is written at the end."""
    data: ConfigPath = PIECES
    """Folder of the files that `training.music.dataset` wrote."""


@dataclass(frozen=True)
class ExcerptTraining(Generic[Network, Example]):
    """A network, and how it learns."""

    network: Network
    load_example: Callable[[Path], Example]
    """Reads one file of the data set."""
    excerpts: Callable[[list[Example], np.random.Generator], Batch]
    """Makes a batch from a random excerpt of each example."""
    loss: Callable[[Network, Batch], Tensor]
    """Mean loss of a batch."""
    input_name: str
    example_input: Tensor
    """[1, frames, ...], with which the network is exported."""
    output_names: tuple[str, ...]
    """Each is [1, frames, ...]."""

    def examples(self, folder: Path, split: Split) -> list[Example]:
        """Return the examples of a split.

        Raises:
            FileNotFoundError: `folder` has no training file.
        """
        files = sorted(folder.glob(f"{split}-*.npz"))
        if split == "train" and not files:
            raise FileNotFoundError(f"{folder} has no files of `python -m training.music.dataset`")
        return [self.load_example(file) for file in files]

    def loss_at(self, loop: TrainingLoop, examples: list[Example]) -> LossAt:
        """Return the loss of each step; a divided batch draws other excerpts than a whole one."""
        options = loop.options

        def loss_at(step: int, shard: Shard) -> Loss:
            indices = shard.take(batch_indices(step, len(examples), options.batch_size, options.seed))
            rng = np.random.default_rng([options.seed, step, shard.index])
            batch = tuple(part.to(loop.device) for part in self.excerpts([examples[i] for i in indices], rng))
            return mean_of(self.loss(loop.model, batch), len(indices))

        return loss_at

    def validation_loss(self, network: Network, examples: list[Example]) -> dict[str, float]:
        """Return the loss on one excerpt of each example, the same ones each time."""
        batch = self.excerpts(examples, np.random.default_rng(0))
        device = next(network.parameters()).device
        return {"loss": self.loss(network, tuple(part.to(device) for part in batch)).item()}

    def train(self, command: Command[ExcerptOptions]) -> None:
        """Train, and export the network with the least validation loss, or the last one without validation files."""
        options = command.options
        loop = TrainingLoop(self.network, options.loop, command.folder)
        loss_at = self.loss_at(loop, self.examples(options.data, "train"))
        if command.is_dry_run:
            print(dry_run(loop, loss_at))
            return
        kept_apart = self.examples(options.data, "validation")
        loop.run(loss_at, (lambda network: self.validation_loss(network, kept_apart)) if kept_apart else None)
        if loop.accelerator.is_main_process:
            print(self.export(loop.best_model().cpu(), options.target))

    def export(self, network: nn.Module, target: Path) -> str:
        """Write a network as ONNX; return its size and digest."""
        return export_onnx(network, {self.input_name: self.example_input}, self.output_names, {FRAMES_AXIS: "frames"}, target)
