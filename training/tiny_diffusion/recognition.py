"""A small convolutional network that names the concept of a picture: the judge of what the diffusion model draws.

A residual network (He et al. 2016), trained from scratch on `renderings`. Another seed gives another network: one judges, and the
features of the other are the perceptual loss of a training, so that no decoder learns to please its judge.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.loop.batches import Loss, Shard, generator_at, mean_of
from training.loop.options import LoopOptions
from training.loop.training_loop import TrainingLoop
from training.tiny_diffusion.concepts import concepts
from training.tiny_diffusion.pictures import EMOJI_SETS
from training.tiny_diffusion.renderings import OTHER_SETS, Sprites, draw_sprites, join_sprites, render_varied

WIDTHS = (16, 32, 64, 160)
LABEL_SMOOTHING = 0.1
OPTIONS = LoopOptions(
    steps=1200,
    batch_size=48,
    learning_rate=4e-3,
    warmup_steps=50,
    flat_fraction=0.3,
    mixed_precision="bf16",
    ema_decay=0.99,
    checkpoint_steps=100,
)
JUDGE_SEED, GUIDE_SEED = 0, 1
"""The network that judges, and the one that a training may use."""


class Residual(nn.Module):  # type: ignore[misc]
    """Two convolutions beside a shortcut; the first one halves the sides."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)])

    def forward(self, values: Tensor) -> Tensor:
        """Return [n, outputs, h / 2, w / 2]."""
        inner = functional.relu(self.norms[0](self.first(values)))
        shortcut = self.shortcut(functional.avg_pool2d(values, 2))
        joined: Tensor = functional.relu(self.norms[1](self.second(inner)) + shortcut)
        return joined


class Recogniser(nn.Module):  # type: ignore[misc]
    """From pictures to the concepts of the vocabulary."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, WIDTHS[0], 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU()
        )
        self.blocks = nn.ModuleList(Residual(*widths) for widths in pairwise(WIDTHS))
        self.head = nn.Linear(WIDTHS[-1], len(concepts()))

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Return the activations of each level, the finest first, of pictures [n, 3, 96, 96] from −1 to 1."""
        levels = [self.stem(pictures)]
        for block in self.blocks:
            levels.append(block(levels[-1]))
        return levels

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits [n, concepts]."""
        logits: Tensor = self.head(self.features(pictures)[-1].mean((2, 3)))
        return logits


def train_recogniser(sprites: Sprites, options: LoopOptions, folder: Path) -> Recogniser:
    """Train a network from scratch on renderings that are made as they are needed, every concept equally often."""
    torch.manual_seed(options.seed)
    loop = TrainingLoop(Recogniser(), options, folder)
    weights = 1 / sprites.labels.bincount(minlength=len(concepts()))[sprites.labels].float()

    def loss_at(step: int, shard: Shard) -> Loss:
        rng = generator_at(step, options.seed)
        chosen = torch.multinomial(weights, options.batch_size, replacement=True, generator=rng)
        part = shard.take(range(options.batch_size))
        logits = loop.model(render_varied(sprites, chosen, rng)[part].to(loop.device))
        labels = sprites.labels[chosen[part]].to(loop.device)
        return mean_of(functional.cross_entropy(logits.float(), labels, label_smoothing=LABEL_SMOOTHING), len(part))

    loop.run(loss_at)
    averaged: Recogniser = loop.averaged().cpu()
    return averaged


def kept_recogniser(folder: Path, seed: int) -> Recogniser:
    """Return the network of a seed, trained in minutes unless `folder` holds it; it takes no gradients."""
    file = folder / f"recogniser-{seed}.pt"
    if not file.exists():
        sprites = join_sprites(*(draw_sprites(sets, folder / "emoji") for sets in (EMOJI_SETS, OTHER_SETS)))
        model = train_recogniser(sprites, replace(OPTIONS, seed=seed), folder / "loops" / f"recogniser-{seed}")
        torch.save(model.state_dict(), file)
    model = Recogniser()
    model.load_state_dict(torch.load(file, weights_only=True))
    model.eval().requires_grad_(False)
    return model


def perceptual_distance(model: Recogniser, first: Tensor, second: Tensor) -> Tensor:
    """Return the mean squared difference of unit features of pictures [n, 3, 96, 96] (LPIPS; Zhang et al. 2018).

    All channels weigh the same: no human judgements were used.
    """
    levels = zip(model.features(first)[:-1], model.features(second)[:-1], strict=True)
    distances = [
        (functional.normalize(one, dim=1) - functional.normalize(other, dim=1)).square().sum(1).mean() for one, other in levels
    ]
    return torch.stack(distances).mean()


def concept_probs(model: Recogniser, pictures: Tensor, batch: int = 64) -> Tensor:
    """Return the probability of each concept [n, concepts] for pictures [n, 3, 96, 96] from −1 to 1."""
    with torch.inference_mode():
        return torch.cat([model(part).softmax(dim=1) for part in pictures.split(batch)])
