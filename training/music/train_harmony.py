"""Trains the harmony network on the files that `training.music.dataset` wrote.

    python -m training.music.train_harmony --config training/music/configs/harmony.yaml

The ONNX file is written into the repository. Every excerpt is transposed by a random interval, which costs nothing on note
activations.
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

from models.arrays import FloatArray, IntArray
from pipelines.music.harmony.chord_recognition import KINDS, NO_CHORD
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.harmony.notation import MODES, SHARPS
from pipelines.music.harmony.note_activations import PITCHES
from pipelines.music.harmony.types import NO_CHORD_NAME
from training.loop.command_line import read_command
from training.music.excerpt_training import Batch, ExcerptOptions, ExcerptTraining
from training.music.networks import PITCH_CLASSES, HarmonyNetwork

EXCERPT_FRAMES = 256
"""24 s."""
KEY_WEIGHT = 0.3
"""Weight of the loss of the key, relative to that of the chords."""
MAX_SHIFT_SEMITONES = 6
KIND_OF_QUALITY = {"maj": 0, "maj7": 0, "min": 1, "min7": 1, "7": 2}
"""Index in `KINDS`."""
UNKNOWN = -100
"""Target without a loss: of chords outside the vocabulary, and of the key of sounds that have none."""


@dataclass(frozen=True)
class Example:
    """One file of the data set."""

    notes: NDArray[np.uint8]
    """[frames, 2, 88] at eleven a second, 255 for 1."""
    chords: IntArray
    """[frames], index of the chord."""
    key: int
    """Index of the key, or `UNKNOWN`."""


def load_example(path: Path) -> Example:
    """Read a file that `dataset` wrote."""
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
    """Return the index among the network's outputs of a label in Harte's syntax, or `UNKNOWN`."""
    if label == NO_CHORD_NAME:
        return NO_CHORD
    root, kind = label.split(":")
    return SHARPS.index(root) * len(KINDS) + KIND_OF_QUALITY[kind] if kind in KIND_OF_QUALITY else UNKNOWN


def excerpt(example: Example, rng: np.random.Generator) -> tuple[FloatArray, IntArray, int]:
    """Return (notes [256, 2, 88], chords [256], key) of a random part, transposed."""
    first = int(rng.integers(0, max(1, len(example.notes) - EXCERPT_FRAMES + 1)))
    part = example.notes[first : first + EXCERPT_FRAMES].astype(np.float32) / np.float32(255)
    shift = int(rng.integers(-MAX_SHIFT_SEMITONES, MAX_SHIFT_SEMITONES))
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


def excerpts(examples: list[Example], rng: np.random.Generator) -> Batch:
    """Return a batch (notes, chords, keys) of an excerpt of each example."""
    notes, chords, keys = zip(*(excerpt(example, rng) for example in examples), strict=True)
    return torch.tensor(np.stack(notes)), torch.tensor(np.stack(chords)), torch.tensor(keys)


def loss(network: HarmonyNetwork, batch: Batch) -> Tensor:
    """Return the weighted sum of the losses of chords and key."""
    notes, chords, key = batch
    chord_logits, key_logits = (logits.float() for logits in network(notes))
    total = nn.functional.cross_entropy(chord_logits.flatten(0, 1), chords.flatten(), ignore_index=UNKNOWN)
    if (key != UNKNOWN).any():
        total = total + KEY_WEIGHT * nn.functional.cross_entropy(key_logits.mean(1), key, ignore_index=UNKNOWN)
    return total


def main() -> None:
    """Train and export."""
    command = read_command(ExcerptOptions, __doc__)
    torch.manual_seed(command.options.loop.seed)
    training_of(HarmonyNetwork()).train(command)


def training_of(network: HarmonyNetwork) -> ExcerptTraining[HarmonyNetwork, Example]:
    """Return the training of a network."""
    example_input = torch.zeros(1, 100, 2, PITCHES)
    return ExcerptTraining(network, load_example, excerpts, loss, "notes", example_input, ("chords", "keys"))


if __name__ == "__main__":
    main()
