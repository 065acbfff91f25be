"""Renders pieces and writes the inputs of the networks: `python -m training.music.dataset --help`.

One file a piece: log-mel frames of the clean and of an augmented version, pooled note activations of one of them, and the
annotations. Every 20th file has no pulse and no key: speech, noise, or notes at random times. Files that exist are not made
again, so several processes can share the work.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import soundfile
import soxr
from numpy.typing import NDArray

from models.arrays import FloatArray
from pipelines.music.harmony.harmony_network import pooled_notes
from pipelines.music.harmony.note_activations import NOTE_SAMPLE_RATE, note_block, note_block_count
from pipelines.music.rhythm.beat_network import frame_count, input_gain, log_mel
from training.data.recording_effects import augment, noise
from training.data.triples import Split
from training.music.excerpt_training import PIECES
from training.music.pieces.composition import styled_piece
from training.music.pieces.piece import CHORDS, LEAD, Piece, PlayedNote, Truth
from training.music.pieces.rendering import Synthesizer, render
from training.music.pieces.styles import PADS, PIANOS, STRINGS

BASIC_PITCH = Path(__file__).parents[2] / "models" / "weights" / "basic_pitch" / "nmp.onnx"
SAMPLE_RATE = NOTE_SAMPLE_RATE
PULSELESS_EVERY = 20
PULSELESS_SECONDS = 40.0
TALK_PROB = 0.15
"""Probability that a piece is mixed with speech."""


@dataclass(frozen=True)
class Workshop:
    """Soundfonts, speech and models for rendering."""

    soundfonts: tuple[Path, ...]
    talk: FloatArray
    """Speech [samples], mono at 22 050 Hz."""
    basic_pitch: Any
    split: Split


@dataclass(frozen=True)
class Example:
    """Arrays of one file of the data set."""

    mel: NDArray[np.float16]
    """[2, frames, 80], clean and augmented."""
    notes: NDArray[np.uint8]
    """[frames, 2, 88], 255 for 1."""
    truth: NDArray[np.uint8]
    """`Truth` as JSON; null for sounds without a pulse."""


def main() -> None:
    """Render the pieces from `--first` to `--last`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=PIECES)
    parser.add_argument("--soundfonts", type=Path, nargs="+", required=True)
    parser.add_argument("--speech", type=Path, required=True, help="a folder of recordings of speech, searched for .wav")
    parser.add_argument("--split", choices=("train", "validation"), default="train")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, required=True)
    parser.add_argument("--step", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(BASIC_PITCH, options, providers=["CPUExecutionProvider"])
    workshop = Workshop(tuple(arguments.soundfonts), speech_in(arguments.speech), session, arguments.split)
    for seed in range(arguments.first, arguments.last, arguments.step):
        target = arguments.folder / f"{arguments.split}-{seed:05}.npz"
        if not target.exists():
            arrays = example(seed, workshop)
            with open(target.with_suffix(".incoming"), "wb") as stream:
                np.savez(stream, mel=arrays.mel, notes=arrays.notes, truth=arrays.truth)
            target.with_suffix(".incoming").rename(target)


def speech_in(folder: Path) -> FloatArray:
    """Return all recordings of a folder joined, [samples]."""
    parts = []
    for path in sorted(folder.rglob("*.wav")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        parts.append(soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE))
    joined: FloatArray = np.concatenate(parts).astype(np.float32)
    return joined


def example(seed: int, workshop: Workshop) -> Example:
    """Render piece `seed` and return the inputs of the networks for it."""
    rng = np.random.default_rng(10_000_000 + seed)
    truth: Truth | None = None
    if seed % PULSELESS_EVERY == PULSELESS_EVERY - 1:
        clean = pulseless(workshop, rng)
    else:
        piece = styled_piece(seed, workshop.split)
        truth = piece.truth
        clean = render(piece, _synthesizer(workshop, rng))
    start = int(rng.integers(0, len(workshop.talk)))
    talk = np.roll(workshop.talk, start) if rng.random() < TALK_PROB else None
    augmented = augment(clean, SAMPLE_RATE, rng, talk)
    frames = frame_count(len(clean))
    mels = [log_mel(version, 0, frames, input_gain(version)) for version in (clean, augmented)]
    chosen = augmented if rng.random() < 0.7 else clean
    blocks = [note_block(workshop.basic_pitch, chosen, i) for i in range(note_block_count(len(chosen)))]
    return Example(
        mel=np.stack(mels).astype(np.float16),
        notes=np.round(255 * np.concatenate([pooled_notes(block.notes, block.onsets) for block in blocks])).astype(np.uint8),
        truth=np.frombuffer(json.dumps(asdict(truth) if truth else None).encode(), dtype=np.uint8),
    )


def _synthesizer(workshop: Workshop, rng: np.random.Generator) -> Synthesizer:
    reverb = float(rng.uniform(0.1, 0.7)) if rng.random() < 0.6 else 0.0
    return Synthesizer(workshop.soundfonts[rng.integers(len(workshop.soundfonts))], SAMPLE_RATE, reverb)


def pulseless(workshop: Workshop, rng: np.random.Generator) -> FloatArray:
    """Return 40 s of speech, of noise, or of notes at random times and pitches."""
    samples = round(PULSELESS_SECONDS * SAMPLE_RATE)
    kind = rng.integers(4)
    if kind == 0:
        return np.roll(workshop.talk, int(rng.integers(len(workshop.talk))))[:samples]
    if kind == 1:
        slow = np.interp(np.arange(samples), np.linspace(0, samples, 40), rng.uniform(0.05, 0.5, 40))
        swelling: FloatArray = (noise(samples, rng) * slow * 0.3).astype(np.float32)
        return swelling
    rendered = render(wandering_notes(rng), _synthesizer(workshop, rng))
    return rendered[:samples]


def wandering_notes(rng: np.random.Generator) -> Piece:
    """Return a piece of notes without pulse or key."""
    starts = np.cumsum(rng.exponential(rng.uniform(0.15, 1.5), 300))
    starts = starts[starts < PULSELESS_SECONDS - 3]
    notes = tuple(
        PlayedNote(
            float(start), float(start + rng.uniform(0.1, 4)), int(rng.integers(36, 90)), int(rng.integers(40, 110)), channel
        )
        for start, channel in zip(starts, rng.choice([CHORDS, LEAD], len(starts)).tolist(), strict=True)
    )
    programs = {channel: int(rng.choice(PADS + STRINGS + PIANOS)) for channel in (CHORDS, LEAD)}
    empty = Truth(0.0, 0, 4, (), (), 0, "major", (), ())
    return Piece("wandering", 0, notes, programs, {CHORDS: 100, LEAD: 100}, empty, PULSELESS_SECONDS)


if __name__ == "__main__":
    main()
