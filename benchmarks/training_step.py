"""A step of the training loop against the bare forward pass, backward pass and step of the optimizer."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.report import Figure, alternating_medians, at_most
from training.loop.batches import Loss, Shard
from training.loop.options import LoopOptions
from training.loop.training_loop import BETAS, TrainingLoop
from training.music.networks import BeatNetwork

ROUNDS = 60
BOUND = 1.1
EXAMPLES, FRAMES, BANDS = 2, 400, 80
OPTIONS = LoopOptions(steps=1000, batch_size=EXAMPLES, learning_rate=1e-4, ema_decay=0.999)


def figures() -> list[Figure]:
    """Return the ratio of the medians of both steps, taken in turn."""
    torch.manual_seed(0)
    batch = torch.rand(EXAMPLES, FRAMES, BANDS)

    def loss_of(network: BeatNetwork) -> Tensor:
        beats, metre, tempo = network(batch)
        return beats.square().mean() + metre.square().mean() + tempo.square().mean()

    bare = BeatNetwork().train()
    optimizer = torch.optim.AdamW(bare.parameters(), lr=OPTIONS.learning_rate, betas=BETAS)

    def bare_step() -> None:
        loss_of(bare).backward()
        optimizer.step()
        optimizer.zero_grad()

    with tempfile.TemporaryDirectory() as folder:
        loop = TrainingLoop(BeatNetwork().train(), OPTIONS, Path(folder))

        def loss_at(step: int, shard: Shard) -> Loss:
            return Loss(loss_of(loop.model) * EXAMPLES, EXAMPLES)

        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # on a busy machine several threads wait for one another, longer than a step takes
        for _ in range(3):  # the first steps allocate
            bare_step()
            loop.train_step(loss_at)
        ours, theirs = alternating_medians([lambda: loop.train_step(loss_at), bare_step], ROUNDS)
        torch.set_num_threads(threads)
    claim = (
        f"a training step with gradient clipping and an average of the weights ({1000 * ours:.0f} ms), "
        f"against bare forward, backward and optimizer step ({1000 * theirs:.0f} ms)"
    )
    return [at_most(claim, ours / theirs, BOUND, "x")]
