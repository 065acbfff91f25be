"""Checkpoints of a training: a folder for each, written whole or not at all, of which the latest is kept."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

WEIGHTS, AVERAGE, STATE = "model.safetensors", "average.safetensors", "state.pt"
NAME = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True)
class Checkpoint:
    """All that a later process needs to go on as if the one before had not stopped."""

    step: int
    weights: dict[str, Tensor]
    """What is trained, and the buffers, by name."""
    average: dict[str, Tensor]
    """The moving average of what is trained; empty without one."""
    state: dict[str, Any]
    """Optimizer, gradient scaler, evaluations; readable with `weights_only`."""


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into `folder`, then remove the older ones."""
    name = f"checkpoint-{checkpoint.step:08d}"
    partial = folder / f"{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(checkpoint.weights, partial / WEIGHTS)
    save_file(checkpoint.average, partial / AVERAGE)
    torch.save(checkpoint.state, partial / STATE)
    shutil.rmtree(folder / name, ignore_errors=True)
    os.replace(partial, folder / name)
    for other in folder.glob("checkpoint-*"):
        if other.name != name:
            shutil.rmtree(other)


def latest_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the latest checkpoint in `folder`, on the CPU; None where there is none."""
    steps = {int(match[1]): path for path in folder.glob("checkpoint-*") if (match := NAME.fullmatch(path.name))}
    if not steps:
        return None
    step = max(steps)
    path = steps[step]
    state = torch.load(path / STATE, map_location="cpu", weights_only=True)
    return Checkpoint(step, load_file(path / WEIGHTS), load_file(path / AVERAGE), state)


def save_weights(file: Path, weights: dict[str, Tensor]) -> None:
    """Write weights as safetensors; whoever reads finds the old file or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.partial")
    save_file(weights, partial)
    os.replace(partial, file)
