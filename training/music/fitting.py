"""The training loop that both networks share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

WEIGHT_DECAY = 1e-3
WARM_UP = 0.15
"""Share of the steps in which the learning rate rises."""
GRADIENT_NORM = 1.0

Network = TypeVar("Network", bound=nn.Module)
Batch = tuple[Tensor, ...]


def fit(
    network: Network,
    batches: Callable[[np.random.Generator], Iterable[Batch]],
    loss_of: Callable[[Network, Batch], Tensor],
    steps_per_epoch: int,
    epochs: int,
    learning_rate: float,
    state: Path,
) -> Network:
    """Train from `state` if that file exists, else from scratch; the state is written after each epoch (safetensors)."""
    if state.exists():
        network.load_state_dict(load_file(state))
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=epochs * steps_per_epoch + 1, pct_start=WARM_UP
    )
    rng = np.random.default_rng(0)
    for epoch in range(epochs):
        network.train()
        began, losses = time.perf_counter(), []
        for batch in batches(rng):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = loss_of(network, batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        save_file(network.state_dict(), state)
        print(f"epoch {epoch}: loss {np.mean(losses):.4f}, {time.perf_counter() - began:.0f} s", flush=True)
    return network
