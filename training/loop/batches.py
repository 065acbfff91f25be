"""Batches as a function of the step's number alone, so that a resumed training sees what an unbroken one sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """One process's and accumulation step's part of the batch of a step."""

    index: int
    count: int
    """Parts of the batch."""

    def take(self, items: Sequence[Item]) -> list[Item]:
        """Return this part of the items of the whole batch."""
        return list(items[self.index :: self.count])


@dataclass(frozen=True)
class Loss:
    """The loss of a shard, summed: the mean over the whole batch is then the same however the batch is divided."""

    total: Tensor
    """Sum of the losses, a scalar with a gradient."""
    weight: float
    """Number of terms of the sum, such as examples or answer tokens."""


LossAt = Callable[[int, Shard], Loss]
"""Returns the loss of a step's shard."""


def mean_of(loss: Tensor, examples: int) -> Loss:
    """Return the loss of a shard from its mean over `examples` examples."""
    return Loss(loss * examples, examples)


def seed_of(*numbers: int) -> int:
    """Return a 32-bit seed that depends on all of the numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def generator_at(step: int, seed: int) -> torch.Generator:
    """Return a random generator on the CPU that depends on the step and the seed alone."""
    return torch.Generator().manual_seed(seed_of(seed, step))


def batch_indices(step: int, population: int, batch_size: int, seed: int) -> list[int]:
    """Return the indices of a step's whole batch; none comes again before all of the population have come.

    Args:
        step: number of the step, from 0.
        population: number of examples.
        batch_size: examples of each step.
        seed: of the orders; each epoch has another order.
    """
    first, end = step * batch_size, (step + 1) * batch_size
    orders = {epoch: _order(epoch, population, seed) for epoch in range(first // population, (end - 1) // population + 1)}
    return [orders[place // population][place % population] for place in range(first, end)]


def _order(epoch: int, population: int, seed: int) -> list[int]:
    order: list[int] = torch.randperm(population, generator=torch.Generator().manual_seed(seed_of(seed, epoch, 1))).tolist()
    return order
