"""Render the examples of the piano network: `python -m training.piano.dataset --folder FOLDER --split train --last 480`.

An example is 40 s of a piece: log-mel frames, notes and pedals. Its number and split decide all of it, so that several processes
may share the work (`--first`, `--step`); what is there is not rendered again.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import soxr

from models.arrays import AnyArray, DoubleArray, FloatArray
from pipelines.notes.piano.spectrogram import PIANO_SAMPLE_RATE, frame_count, log_mel
from training.data.recording_effects import augment
from training.data.triples import Split
from training.piano.performance import Performance, PlayedNote, perform, sounding
from training.piano.pianos import Piano, pianos
from training.piano.scores import draw_score

EXAMPLE_SECONDS = 40.0
SPLIT_SEEDS: dict[Split, int] = {"train": 0, "validation": 1_000_000, "test": 2_000_000}
AUGMENTED_PROB = 0.6
"""Probability that a training example is played through a room, an equaliser, noise or a codec."""
MAX_CENTS = 12.0
"""Standard deviation of a training piano's tuning."""
PEAK = 0.7


@dataclass(frozen=True, eq=False)
class Example:
    """An example as the network learns it."""

    mel: AnyArray
    """float16 [frames, 229], dB."""
    notes: DoubleArray
    """[notes, 4]: onset, end of the sound and release of the key in seconds, pitch, velocity; see `NOTE_COLUMNS`."""
    pedals: DoubleArray
    """[pedals, 2], seconds."""


NOTE_COLUMNS = ("onset", "sound end", "key release", "pitch", "velocity")


def main() -> None:
    """Render examples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="keeps the examples, and packages in a folder of its own")
    parser.add_argument("--split", choices=get_args(Split), default="train")
    parser.add_argument("--hop-length", type=int, default=320, help="samples at 16 kHz from frame to frame")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, required=True)
    parser.add_argument("--step", type=int, default=1)
    arguments = parser.parse_args()
    packages = arguments.folder / "packages"
    target = arguments.folder / f"hop {arguments.hop_length}"
    target.mkdir(parents=True, exist_ok=True)
    instruments = pianos(arguments.split, packages)
    for number in range(arguments.first, arguments.last, arguments.step):
        path = target / f"{arguments.split}-{number:05}.npz"
        if not path.exists():
            _, sound, performance = recording(number, arguments.split, instruments, packages)
            write_example(path, example_of(sound, performance, arguments.hop_length))


def recording(number: int, split: Split, instruments: list[Piano], packages: Path) -> tuple[str, FloatArray, Performance]:
    """Return (source, float32 [samples] at 16 kHz, performance) of an example."""
    rng = np.random.default_rng(SPLIT_SEEDS[split] + number)
    source, score = draw_score(split, rng, packages)
    performance = perform(score, rng, EXAMPLE_SECONDS)
    piano = instruments[rng.integers(len(instruments))]
    sound = piano.play(performance, float(rng.uniform(0.1, 0.8)) if rng.random() < 0.5 else 0.0)
    if split == "train":
        sound, performance = retuned(sound, performance, 2 ** (rng.normal(0, MAX_CENTS) / 1200))
        if rng.random() < AUGMENTED_PROB:
            sound = augment(sound, PIANO_SAMPLE_RATE, rng)
    return source, sound * np.float32(PEAK / max(1e-6, float(np.abs(sound).max()))), performance


def retuned(sound: FloatArray, performance: Performance, factor: float) -> tuple[FloatArray, Performance]:
    """Return the recording with all frequencies times `factor`, which makes it faster by as much."""
    notes = tuple(PlayedNote(n.onset / factor, n.offset / factor, n.pitch, n.velocity) for n in performance.notes)
    pedals = tuple((start / factor, end / factor) for start, end in performance.pedals)
    resampled = soxr.resample(sound, PIANO_SAMPLE_RATE * factor, PIANO_SAMPLE_RATE)
    return np.asarray(resampled, dtype=np.float32), Performance(notes, pedals, performance.duration / factor)


def example_of(sound: FloatArray, performance: Performance, hop_length: int) -> Example:
    """Return what the network learns from a recording [samples] at 16 kHz."""
    pairs = zip(performance.notes, sounding(performance), strict=True)
    rows = [(key.onset, sound.offset, key.offset, key.pitch, key.velocity) for key, sound in pairs]
    return Example(
        mel=log_mel(sound, hop_length, 0, frame_count(len(sound), hop_length)).astype(np.float16),
        notes=np.asarray(rows, dtype=np.float64).reshape(-1, len(NOTE_COLUMNS)),
        pedals=np.asarray(performance.pedals, dtype=np.float64).reshape(-1, 2),
    )


def write_example(path: Path, example: Example) -> None:
    """Write an example whole or not at all."""
    incoming = path.with_suffix(".incoming")
    with incoming.open("wb") as stream:
        np.savez(stream, mel=example.mel, notes=example.notes, pedals=example.pedals)
    incoming.rename(path)


def read_examples(folder: Path, split: Split, hop_length: int) -> list[Example]:
    """Return all examples of a split that have been rendered."""
    found = []
    for path in sorted((folder / f"hop {hop_length}").glob(f"{split}-*.npz")):
        with np.load(path) as arrays:
            found.append(Example(arrays["mel"], arrays["notes"], arrays["pedals"]))
    return found


if __name__ == "__main__":
    main()
