"""Trains the beat network on the files that `training.music.dataset` wrote.

    python -m training.music.train_beats --config training/music/configs/beats.yaml

The ONNX file is written into the repository. The tempo has 24 bins an octave from 40 beats per minute up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.arrays import FloatArray
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND, MEL_BANDS, METRES, TEMPO_BINS
from pipelines.music.rhythm.beat_search import MIN_TEMPO_BIN_BPM, TEMPO_BINS_PER_OCTAVE
from training.loop.command_line import read_command
from training.music.excerpt_training import Batch, ExcerptOptions, ExcerptTraining
from training.music.networks import BeatNetwork

EXCERPT_FRAMES = 1200
"""24 s."""
NEIGHBOUR_WEIGHT = 0.5
"""Target of the frames beside that of a beat."""
DOWNBEAT_WEIGHT = 1.5
"""Weight of the loss of downbeats, relative to that of beats."""
CLIP_WEIGHT = 0.1
"""Weight of the losses of metre and tempo, which hold for the whole excerpt."""
MAX_LOG_STRETCH = 0.08
"""Maximum of the natural logarithm by which an excerpt is stretched."""
NO_METRE = -1


@dataclass(frozen=True)
class Example:
    """One file of the data set."""

    mel: NDArray[np.float16]
    """[versions, frames, 80] at 50 a second."""
    truth: dict[str, Any] | None
    """The fields of `pieces.piece.Truth`; None for a sound without a pulse."""


def load_example(path: Path) -> Example:
    """Read a file that `dataset` wrote."""
    with np.load(path) as arrays:
        return Example(arrays["mel"], json.loads(arrays["truth"].tobytes()))


def excerpt(example: Example, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, int, float]:
    """Draw a random part of an example, stretched a little in time.

    Returns:
        (mel [1200, 80]; targets [1200, 2] of beats and downbeats, 0 to 1; index in `METRES` or `NO_METRE`; beats per minute, 0
        without a pulse).
    """
    stretch = float(np.exp(rng.uniform(-MAX_LOG_STRETCH, MAX_LOG_STRETCH))) if rng.random() < 0.6 else 1.0
    version = example.mel[rng.integers(len(example.mel))]
    wanted = round(EXCERPT_FRAMES / stretch)
    first = int(rng.integers(0, max(1, len(version) - wanted + 1)))
    part = version[first : first + wanted].astype(np.float32)
    places = np.arange(EXCERPT_FRAMES) / stretch
    low = np.minimum(places.astype(int), len(part) - 1)
    high = np.minimum(low + 1, len(part) - 1)
    weight = (places - np.floor(places)).astype(np.float32)[:, np.newaxis]
    mel = part[low] * (1 - weight) + part[high] * weight
    mel[places >= len(part)] = 0
    targets = np.zeros((EXCERPT_FRAMES, 2), dtype=np.float32)
    if example.truth is None:
        return _augmented(mel, rng), targets, NO_METRE, 0.0
    for time_, position in zip(example.truth["beats"], example.truth["positions"], strict=True):
        frame = round((time_ * FRAMES_PER_SECOND - first) * stretch)
        for offset, value in ((-1, NEIGHBOUR_WEIGHT), (1, NEIGHBOUR_WEIGHT), (0, 1.0)):
            if 0 <= frame + offset < EXCERPT_FRAMES:
                targets[frame + offset, : 2 if position == 1 else 1] = value
    metre = METRES.index((example.truth["beats_per_bar"], example.truth["beat_unit"]))
    return _augmented(mel, rng), targets, metre, example.truth["bpm"] / stretch


def _augmented(mel: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return `mel` at another level, and sometimes without a few bands."""
    mel = np.log1p(np.expm1(mel) * np.float32(10 ** (rng.uniform(-10, 10) / 20)))
    if rng.random() < 0.3:
        first = int(rng.integers(0, MEL_BANDS))
        mel[:, first : first + int(rng.integers(1, 12))] = 0
    return mel


def tempo_target(bpm: Tensor) -> Tensor:
    """Return soft targets [batch, 64]: a bell of about 3 % around each tempo."""
    place = TEMPO_BINS_PER_OCTAVE * torch.log2(bpm.clamp(min=1.0) / MIN_TEMPO_BIN_BPM)
    bell = torch.exp(-0.5 * (torch.arange(TEMPO_BINS, device=bpm.device) - place[:, None]) ** 2)
    return bell / bell.sum(1, keepdim=True).clamp(min=1e-6)


def excerpts(examples: list[Example], rng: np.random.Generator) -> Batch:
    """Return a batch (mel, targets, metre, bpm) of an excerpt of each example."""
    mel, targets, metre, bpm = zip(*(excerpt(example, rng) for example in examples), strict=True)
    return torch.tensor(np.stack(mel)), torch.tensor(np.stack(targets)), torch.tensor(metre), torch.tensor(bpm)


def loss(network: BeatNetwork, batch: Batch) -> Tensor:
    """Return the weighted sum of the losses of beats, metre and tempo."""
    mel, targets, metre, bpm = batch
    beats, metres, tempi = (logits.float() for logits in network(mel))
    per_frame = nn.functional.binary_cross_entropy_with_logits(beats, targets, reduction="none")
    total = per_frame[..., 0].mean() + DOWNBEAT_WEIGHT * per_frame[..., 1].mean()
    known = metre != NO_METRE
    if known.any():
        total = total + CLIP_WEIGHT * nn.functional.cross_entropy(metres[known].mean(1), metre[known])
        total = total + CLIP_WEIGHT * nn.functional.cross_entropy(tempi[known].mean(1), tempo_target(bpm[known]))
    return total


def main() -> None:
    """Train and export."""
    command = read_command(ExcerptOptions, __doc__)
    torch.manual_seed(command.options.loop.seed)
    training_of(BeatNetwork()).train(command)


def training_of(network: BeatNetwork) -> ExcerptTraining[BeatNetwork, Example]:
    """Return the training of a network."""
    return ExcerptTraining(
        network, load_example, excerpts, loss, "mel", torch.zeros(1, 100, MEL_BANDS), ("beats", "metre", "tempo")
    )


if __name__ == "__main__":
    main()
