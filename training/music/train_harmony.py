"""Trains the harmony network: `python -m training.music.train_harmony --data … --epochs 20`, with the files that `dataset` made.

The last state is kept beside the data after each epoch; `--export` writes the ONNX file into the repository. Every excerpt is
transposed by a random interval, which costs nothing on note activations.
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

from models.arrays import FloatArray, IntArray
from pipelines.music.chord_recognition import KINDS, NO_CHORD
from pipelines.music.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.notation import MODES, SHARPS
from pipelines.music.note_activations import PITCHES
from training.music.export import export_onnx
from training.music.fitting import Batch, fit
from training.music.library import Library
from training.music.networks import PITCH_CLASSES, HarmonyNetwork

EXCERPT_FRAMES = 256
BATCH = 16
STEPS_PER_EPOCH = 60
LEARNING_RATE = 3e-3
KEY_WEIGHT = 0.3
WIDEST_SHIFT = 6
KIND_OF_QUALITY = {"maj": 0, "maj7": 0, "min": 1, "min7": 1, "7": 2}
"""Place in `KINDS`."""
UNKNOWN = -100
"""Of chords outside the vocabulary, and of the key of what has none: no loss."""
TARGET = Path(__file__).parents[2] / "models" / "weights" / "harmony" / "harmony.onnx"


@dataclass(frozen=True)
class Example:
    """One file of the data set."""

    notes: NDArray[np.uint8]
    """[frames, 2, 88], 255 for 1."""
    chords: IntArray
    """[frames], index of the chord."""
    key: int


def load_example(path: Path) -> Example:
    """What `dataset` wrote."""
    with np.load(path) as arrays:
        notes = arrays["notes"]
        truth: dict[str, Any] | None = json.loads(arrays["truth"].tobytes())
    chords = np.full(len(notes), NO_CHORD)
    if truth is None:
        return Example(notes, chords, UNKNOWN)
    for span in truth["chords"]:
        first, last = (round(span[end] * HARMONY_FRAMES_PER_SECOND) for end in ("start", "end"))
        chords[first:last] = chord_index(span["label"])
    return Example(notes, chords, truth["tonic"] * len(MODES) + MODES.index(truth["mode"]))


def chord_index(label: str) -> int:
    """Place among the network's outputs of a label in Harte's syntax."""
    if label == "N":
        return NO_CHORD
    root, kind = label.split(":")
    return SHARPS.index(root) * len(KINDS) + KIND_OF_QUALITY[kind] if kind in KIND_OF_QUALITY else UNKNOWN


def excerpt(example: Example, rng: np.random.Generator) -> tuple[FloatArray, IntArray, int]:
    """(notes [256, 2, 88], chords [256], key) of a random part, transposed."""
    first = int(rng.integers(0, max(1, len(example.notes) - EXCERPT_FRAMES + 1)))
    part = example.notes[first : first + EXCERPT_FRAMES].astype(np.float32) / np.float32(255)
    shift = int(rng.integers(-WIDEST_SHIFT, WIDEST_SHIFT))
    notes: FloatArray = np.roll(part, shift, axis=2)
    if shift > 0:
        notes[..., :shift] = 0
    elif shift < 0:
        notes[..., PITCHES + shift :] = 0
    if rng.random() < 0.3:
        notes = np.power(notes, np.float32(rng.uniform(0.7, 1.4)))
    chords = example.chords[first : first + EXCERPT_FRAMES].copy()
    is_chord = (chords >= 0) & (chords < NO_CHORD)
    chords[is_chord] = (chords[is_chord] + shift * len(KINDS)) % NO_CHORD
    key = example.key if example.key == UNKNOWN else (example.key + shift * len(MODES)) % (PITCH_CLASSES * len(MODES))
    return notes, chords, key


def loss_of(network: HarmonyNetwork, batch: Batch) -> Tensor:
    """Of chords and key together."""
    notes, chords, key = batch
    chord_logits, key_logits = (logits.float() for logits in network(notes))
    loss = nn.functional.cross_entropy(chord_logits.flatten(0, 1), chords.flatten(), ignore_index=UNKNOWN)
    if (key != UNKNOWN).any():
        loss = loss + KEY_WEIGHT * nn.functional.cross_entropy(key_logits.mean(1), key, ignore_index=UNKNOWN)
    return loss


def batches(library: Library[Example], rng: np.random.Generator) -> Iterator[Batch]:
    """The excerpts of one epoch."""
    for examples in library.draws(rng, STEPS_PER_EPOCH, BATCH):
        notes, chords, keys = zip(*(excerpt(example, rng) for example in examples), strict=True)
        yield torch.tensor(np.stack(notes)), torch.tensor(np.stack(chords)), torch.tensor(keys)


def main() -> None:
    """Train and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True, help="where the state is kept (safetensors)")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE, help="highest; it rises and falls in one cycle")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--export", type=Path, nargs="?", const=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    library, network = Library(arguments.data, load_example), HarmonyNetwork()
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
        print(export_onnx(network, torch.zeros(1, 100, 2, PITCHES), "notes", ("chords", "keys"), arguments.export))


if __name__ == "__main__":
    main()
