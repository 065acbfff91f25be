"""The loss of the piano network: binary cross-entropies, weighted."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from training.piano.targets import Targets

VELOCITY_FROM = 0.5
"""Height of an onset's triangle from which the velocity counts."""
ONSET_WEIGHT = 4.0
"""A key is near an onset in about one frame of a hundred, and most mistakes are missed onsets."""
PEDAL_WEIGHT = 0.1
"""One value of the pedal stands beside 88 keys, most of which are silent: without a weight it outweighs them all."""
VELOCITY_WEIGHT = 0.5
"""Velocities are measured at onsets alone, and most of their loss is the entropy of the velocities themselves."""


def piano_loss(logits: tuple[Tensor, ...], targets: Targets) -> Tensor:
    """Return the mean over the batch of the sum of the losses of onsets, offsets, frames, velocities and the pedal.

    Args:
        logits: what `PianoNetwork` returns.
        targets: a batch.
    """
    onset, offset, frame, velocity, pedal = (values.float() for values in logits)
    loss = binary_cross_entropy_with_logits(onset, targets.onset) * ONSET_WEIGHT
    loss = loss + binary_cross_entropy_with_logits(offset, targets.offset)
    loss = loss + binary_cross_entropy_with_logits(frame, targets.frame)
    loss = loss + binary_cross_entropy_with_logits(pedal, targets.pedal) * PEDAL_WEIGHT
    counted = (targets.onset > VELOCITY_FROM).float()
    apart = binary_cross_entropy_with_logits(velocity, targets.velocity, weight=counted, reduction="sum")
    return loss + VELOCITY_WEIGHT * apart / counted.sum().clamp(min=1)
