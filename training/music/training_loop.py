"""The training that both networks share: data set, optimizer, command line, and the export to ONNX.

The state of the network is written after each epoch (safetensors), and training goes on from it if it exists.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

LEARNING_RATE = 3e-3
"""Maximum of the one-cycle schedule."""
WEIGHT_DECAY = 1e-3
WARM_UP_FRACTION = 0.15
"""Fraction of the steps in which the learning rate rises."""
MAX_GRADIENT_NORM = 1.0

Network = TypeVar("Network", bound=nn.Module)
Example = TypeVar("Example")
Batch = tuple[Tensor, ...]


@dataclass(frozen=True)
class Recipe(Generic[Network, Example]):
    """What is trained, on what, and for how long."""

    network: Network
    load_example: Callable[[Path], Example]
    """Reads one file of the data set."""
    excerpts: Callable[[list[Example], np.random.Generator], Batch]
    """Makes a batch from a random excerpt of each example."""
    loss: Callable[[Network, Batch], Tensor]
    batch_size: int
    steps_per_epoch: int
    epochs: int
    example_input: Tensor
    """[1, frames, ...], with which the network is exported."""
    input_name: str
    output_names: tuple[str, ...]
    """Each is [1, frames, ...]."""
    target: Path
    """The ONNX file."""


class Library(Generic[Example]):
    """All training files of a folder; files that are rendered meanwhile are included."""

    def __init__(self, folder: Path, load_example: Callable[[Path], Example]) -> None:
        self._folder = folder
        self._load_example = load_example
        self._examples: dict[Path, Example] = {}

    def examples(self) -> list[Example]:
        """Return every example that is there now."""
        for path in sorted(self._folder.glob("train-*.npz")):
            if path not in self._examples:
                self._examples[path] = self._load_example(path)
        return list(self._examples.values())

    def batches(self, rng: np.random.Generator, steps: int, batch_size: int) -> Iterator[list[Example]]:
        """Yield `steps` batches; no example is drawn again before all have been."""
        examples = self.examples()
        order = np.concatenate([rng.permutation(len(examples)) for _ in range(1 + steps * batch_size // len(examples))])
        for step in range(steps):
            yield [examples[i] for i in order[step * batch_size : (step + 1) * batch_size]]


def train(recipe: Recipe[Network, Example], description: str | None) -> None:
    """Read the command line, train, and export the network if that is asked for."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the files that training.music.dataset writes")
    parser.add_argument("--state", type=Path, required=True, help="file of the network's state (safetensors)")
    parser.add_argument("--epochs", type=int, default=recipe.epochs)
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE, help="maximum of the one-cycle schedule")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--export", type=Path, nargs="?", const=recipe.target, help="write the ONNX file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    library = Library(arguments.data, recipe.load_example)
    parameters = sum(parameter.numel() for parameter in recipe.network.parameters())
    print(f"{len(library.examples())} pieces, {parameters} parameters", flush=True)
    fit(recipe, library, arguments.epochs, arguments.learning_rate, arguments.state)
    if arguments.export:
        print(export_onnx(recipe, arguments.export))


def fit(recipe: Recipe[Network, Example], library: Library[Example], epochs: int, learning_rate: float, state: Path) -> None:
    """Train for `epochs` epochs, from the file `state` if it exists; it is written after each epoch."""
    network = recipe.network
    if state.exists():
        network.load_state_dict(load_file(state))
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=epochs * recipe.steps_per_epoch + 1, pct_start=WARM_UP_FRACTION
    )
    rng = np.random.default_rng(0)
    for epoch in range(epochs):
        network.train()
        began, losses = time.perf_counter(), []
        for examples in library.batches(rng, recipe.steps_per_epoch, recipe.batch_size):
            batch = recipe.excerpts(examples, rng)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = recipe.loss(network, batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        save_file(network.state_dict(), state)
        print(f"epoch {epoch}: loss {np.mean(losses):.4f}, {time.perf_counter() - began:.0f} s", flush=True)


def export_onnx(recipe: Recipe[Network, Example], target: Path) -> str:
    """Write the network for onnxruntime; return the file's size and digest, which the catalogue states."""
    target.parent.mkdir(parents=True, exist_ok=True)
    recipe.network.eval()
    torch.onnx.export(
        recipe.network, (recipe.example_input,), str(target),
        input_names=[recipe.input_name], output_names=list(recipe.output_names),
        dynamic_axes={axis: {1: "frames"} for axis in (recipe.input_name, *recipe.output_names)},
        dynamo=False, opset_version=17,
    )  # fmt: skip
    return f"{target}: {target.stat().st_size} bytes, SHA-256 {hashlib.sha256(target.read_bytes()).hexdigest()}"
