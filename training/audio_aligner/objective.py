"""The loss of an aligner, and its metrics: the embeds of sounds against those of their captions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.15
"""Temperature of the contrastive loss, as in audio2img."""


@dataclass(frozen=True)
class Objective:
    """The loss."""

    temperature: float = TEMPERATURE
    distance: float = 0.0
    """Weight of the mean squared distance: embeds that are only nearest, but far away, draw a faint picture."""


def flattened(embeds: Tensor) -> Tensor:
    """Return the directions [n, tokens × width] of whole sequences [n, tokens, width]."""
    return functional.normalize(embeds.flatten(1), dim=-1)


def contrastive_loss(sounds: Tensor, texts: Tensor, kinds: Tensor, temperature: float) -> Tensor:
    """Return the sequence-level contrastive loss in both directions (InfoNCE; van den Oord et al. 2018, as CLIP has it).

    Args:
        sounds: embeds [n, tokens, width].
        texts: likewise, of the captions of the sounds in the same order.
        kinds: int [n]; pairs of the same kind are no rivals.
        temperature: divides the cosines.
    """
    with torch.autocast(sounds.device.type, enabled=False):  # cosines of half precision are too coarse
        cosines = flattened(sounds.float()) @ flattened(texts.float()).T / temperature
    itself = torch.eye(len(kinds), dtype=torch.bool, device=kinds.device)
    rivals = cosines.masked_fill((kinds[:, None] == kinds) & ~itself, -torch.inf)
    targets = torch.arange(len(kinds), device=kinds.device)
    return (functional.cross_entropy(rivals, targets) + functional.cross_entropy(rivals.T, targets)) / 2


def alignment_loss(sounds: Tensor, texts: Tensor, kinds: Tensor, objective: Objective) -> Tensor:
    """Return the contrastive loss and the share of the distance."""
    loss = contrastive_loss(sounds, texts, kinds, objective.temperature)
    return loss + objective.distance * functional.mse_loss(sounds.float(), texts.float()) if objective.distance else loss


def metrics(sounds: Tensor, texts: Tensor) -> dict[str, float]:
    """Return the mean cosine, Euclidean distance and squared error of embeds [n, tokens, width], as audio2img prints them."""
    return {
        "cosine": functional.cosine_similarity(sounds.flatten(1), texts.flatten(1)).mean().item(),
        "euclidean": (sounds - texts).flatten(1).norm(dim=1).mean().item(),
        "mse": functional.mse_loss(sounds, texts).item(),
    }
