"""Trains the beat network: `python -m training.music.train_beats --data … --epochs 30`, with the files that `dataset` made.

The last state is kept after each epoch; `--export` writes the ONNX file into the repository. The tempo has 24 bins an octave from
40 beats a minute up.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
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
from training.music.export import export_onnx
from training.music.fitting import Batch, fit
from training.music.library import Library
from training.music.networks import BeatNetwork

EXCERPT_FRAMES = 1200
BATCH = 8
STEPS_PER_EPOCH = 80
LEARNING_RATE = 3e-3
NEIGHBOUR_WEIGHT = 0.5
"""Target of the frames beside that of a beat."""
DOWNBEAT_WEIGHT = 1.5
SONG_WEIGHT = 0.1
"""Of the losses for metre and tempo."""
STRETCH = 0.08
TARGET = Path(__file__).parents[2] / "models" / "weights" / "beats" / "beats.onnx"


@dataclass(frozen=True)
class Example:
    """One file of the data set."""

    mel: NDArray[np.float16]
    """[versions, frames, 80]."""
    truth: dict[str, Any] | None


def load_example(path: Path) -> Example:
    """What `dataset` wrote."""
    with np.load(path) as arrays:
        return Example(arrays["mel"], json.loads(arrays["truth"].tobytes()))


def excerpt(example: Example, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, int, float]:
    """(mel [frames, 80], targets [frames, 2], metre or -1, beats a minute or 0) of a random part, stretched a little."""
    stretch = float(np.exp(rng.uniform(-STRETCH, STRETCH))) if rng.random() < 0.6 else 1.0
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
        return _worn(mel, rng), targets, -1, 0.0
    for time_, position in zip(example.truth["beats"], example.truth["positions"], strict=True):
        frame = round((time_ * FRAMES_PER_SECOND - first) * stretch)
        for offset, value in ((-1, NEIGHBOUR_WEIGHT), (1, NEIGHBOUR_WEIGHT), (0, 1.0)):
            if 0 <= frame + offset < EXCERPT_FRAMES:
                targets[frame + offset, : 2 if position == 1 else 1] = value
    metre = METRES.index((example.truth["beats_per_bar"], example.truth["beat_unit"]))
    return _worn(mel, rng), targets, metre, example.truth["bpm"] / stretch


def _worn(mel: FloatArray, rng: np.random.Generator) -> FloatArray:
    """At another level, and sometimes without a few bands."""
    mel = np.log1p(np.expm1(mel) * np.float32(10 ** (rng.uniform(-10, 10) / 20)))
    if rng.random() < 0.3:
        first = int(rng.integers(0, MEL_BANDS))
        mel[:, first : first + int(rng.integers(1, 12))] = 0
    return mel


def tempo_target(bpm: Tensor) -> Tensor:
    """Soft bins [batch, 64]: a bell of about 3 % around each tempo."""
    place = TEMPO_BINS_PER_OCTAVE * torch.log2(bpm.clamp(min=1.0) / MIN_TEMPO_BIN_BPM)
    bell = torch.exp(-0.5 * (torch.arange(TEMPO_BINS) - place[:, None]) ** 2)
    return bell / bell.sum(1, keepdim=True).clamp(min=1e-6)


def loss_of(network: BeatNetwork, batch: Batch) -> Tensor:
    """Of pulse, metre and tempo together."""
    mel, targets, metre, bpm = batch
    pulse, metres, tempi = (logits.float() for logits in network(mel))
    per_frame = nn.functional.binary_cross_entropy_with_logits(pulse, targets, reduction="none")
    loss = per_frame[..., 0].mean() + DOWNBEAT_WEIGHT * per_frame[..., 1].mean()
    known = metre >= 0
    if known.any():
        loss = loss + SONG_WEIGHT * nn.functional.cross_entropy(metres[known].mean(1), metre[known])
        loss = loss + SONG_WEIGHT * nn.functional.cross_entropy(tempi[known].mean(1), tempo_target(bpm[known]))
    return loss


def batches(library: Library[Example], rng: np.random.Generator) -> Iterator[Batch]:
    """The excerpts of one epoch."""
    for examples in library.draws(rng, STEPS_PER_EPOCH, BATCH):
        mel, targets, metre, bpm = zip(*(excerpt(example, rng) for example in examples), strict=True)
        yield torch.tensor(np.stack(mel)), torch.tensor(np.stack(targets)), torch.tensor(metre), torch.tensor(bpm)


def main() -> None:
    """Train and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True, help="where the state is kept (safetensors)")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE, help="highest; it rises and falls in one cycle")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--export", type=Path, nargs="?", const=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    library, network = Library(arguments.data, load_example), BeatNetwork()
    print(f"{len(library.examples())} pieces, {sum(p.numel() for p in network.parameters())} parameters", flush=True)
    fit(
        network,
        lambda rng: batches(library, rng),
        loss_of,
        STEPS_PER_EPOCH,
        arguments.epochs,
        arguments.learning_rate,
        arguments.state,
    )
    if arguments.export:
        frames = torch.zeros(1, 100, MEL_BANDS)
        print(export_onnx(network, frames, "mel", ("pulse", "metre", "tempo"), arguments.export))


if __name__ == "__main__":
    main()
