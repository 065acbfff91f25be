"""The music that the piano network learns from and is judged by, split by piece.

Training and validation draw from Bach's chorales in music21's corpus, from composed pieces, and from studies: scales, broken
chords, repeated notes and chords over all 88 keys; training draws from fast drills of the same figures as well. The test split
has chorales and composed pieces of its own, and piano works by Beethoven and Schumann, of which nothing is learned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.notes.scores import ScoreNote, corpus_notes, table_notes
from models.arrays import DoubleArray
from pipelines.notes.notes import HIGHEST_PITCH, LOWEST_PITCH
from training.data.triples import Split
from training.music.pieces.composition import styled_piece
from training.music.pieces.piece import DRUM_CHANNEL

SOURCE_PROBS: dict[Split, dict[str, float]] = {
    "train": {"chorales": 0.2, "composed": 0.3, "studies": 0.3, "drills": 0.2},
    "validation": {"chorales": 0.34, "composed": 0.33, "studies": 0.33},
    "test": {"chorales": 0.25, "composed": 0.25, "works": 0.5},
}
WORK_PACKAGES = ("DCMLab/beethoven_piano_sonatas", "DCMLab/schumann_kinderszenen")
MAX_TRANSPOSITION = 12
"""Semitones up or down, in training alone."""
PIECES = 1000
"""Seeds of composed pieces that a split draws from."""
CHORALE_PARTS = 4
STUDY_QUARTERS = 64
STUDY_STEPS, DRILL_STEPS = (0.25, 0.25, 0.5, 0.5, 1 / 3, 1.0), (1 / 6, 1 / 6, 0.25, 0.25, 1 / 3)
"""Quarters from note to note."""
STUDY_FIGURE_PROBS, DRILL_FIGURE_PROBS = (0.2, 0.2, 0.15, 0.2, 0.15, 0.1), (0.25, 0.2, 0.35, 0.1, 0.0, 0.1)
"""Probabilities of scales, broken chords, repeated notes, chords, random notes and rests."""
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10), (0, 12), (0, 7), (0, 3), (0, 4))
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11), (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (0, 2, 4, 7, 9))


def split_of(piece: str) -> Split:
    """Return the split of a piece by the digest of its name: eight tenths train, one tenth each validation and test.

    `split_by_source` of `training.data.triples` divides by another digest, which would move 126 of the 413 pieces by Bach to
    another split: 66 that were kept apart would be learned.
    """
    tenth = int(hashlib.sha256(piece.encode()).hexdigest(), 16) % 10
    return "validation" if tenth == 0 else "test" if tenth == 1 else "train"


def draw_score(split: Split, rng: np.random.Generator, packages: Path) -> tuple[str, list[ScoreNote]]:
    """Return (source, notes) of a random piece of the split, transposed at random in training.

    Args:
        split: the split.
        rng: the random generator.
        packages: folder of unpacked packages, for the works of the test split.
    """
    probs = SOURCE_PROBS[split]
    source = str(rng.choice(list(probs), p=list(probs.values())))
    readers: dict[str, Callable[[], list[ScoreNote]]] = {
        "chorales": lambda: corpus_notes(str(rng.choice(chorales(split))), CHORALE_PARTS),
        "composed": lambda: composed(int(rng.integers(PIECES)), split),
        "studies": lambda: study(rng, STUDY_STEPS, STUDY_FIGURE_PROBS),
        "drills": lambda: study(rng, DRILL_STEPS, DRILL_FIGURE_PROBS),
        "works": lambda: table_notes(Path(str(rng.choice(works(packages))))),
    }
    notes = readers[source]()
    steps = int(rng.integers(-MAX_TRANSPOSITION, MAX_TRANSPOSITION + 1)) if split == "train" else 0
    moved = [ScoreNote(n.onset, n.duration, n.pitch + steps, n.part) for n in notes]
    return source, [note for note in moved if LOWEST_PITCH <= note.pitch <= HIGHEST_PITCH]


@cache
def chorales(split: Split) -> list[str]:
    """Return the names of the chorales of a split in music21's corpus."""
    from music21 import corpus

    names = [f"bach/{path.name}" for path in corpus.getComposer("bach") if path.name.startswith("bwv")]
    return sorted(name for name in names if split_of(name) == split)


@cache
def works(packages: Path) -> list[str]:
    """Return the tables of the notes of the piano works."""
    folders = [packages / package.replace("/", "+") / "notes" for package in WORK_PACKAGES]
    return sorted(str(path) for folder in folders for path in folder.glob("*.notes.tsv"))


def composed(seed: int, split: Split) -> list[ScoreNote]:
    """Return a composed piece for piano: all of its parts but the drums; a quarter is half a second."""
    notes = [note for note in styled_piece(seed, split).notes if note.channel != DRUM_CHANNEL]
    return [ScoreNote(2 * note.start, 2 * (note.end - note.start), note.pitch, note.channel) for note in notes]


def study(rng: np.random.Generator, steps: Sequence[float], figure_probs: Sequence[float]) -> list[ScoreNote]:
    """Return a study: two hands, each with a new figure every few quarters, over all keys.

    Args:
        rng: the random generator.
        steps: quarters from note to note, of which a figure has one.
        figure_probs: of the figures, see `STUDY_FIGURE_PROBS`.
    """
    return [note for hand in range(2) for note in _hand(hand, rng, steps, figure_probs)]


def _hand(hand: int, rng: np.random.Generator, steps: Sequence[float], figure_probs: Sequence[float]) -> list[ScoreNote]:
    figures = (_scale, _broken_chord, _repeated, _chords, _random_notes, _rest)
    notes: list[ScoreNote] = []
    now = 0.0
    while now < STUDY_QUARTERS:
        length = float(rng.choice([2, 4, 4, 8]))
        lowest, highest = ((LOWEST_PITCH, 66), (54, HIGHEST_PITCH))[hand]
        middle = int(rng.integers(lowest, highest + 1))
        figure = figures[rng.choice(len(figures), p=figure_probs)]
        step = float(rng.choice(steps))
        for onset, pitch in figure(np.arange(0, length - 1e-6, step, dtype=np.float64), middle, rng):
            gate = step * rng.choice([0.5, 1.0, 1.0, 2.0])
            notes.append(ScoreNote(now + onset, float(gate), int(pitch), hand))
        now += length
    return notes


Figure = list[tuple[float, int]]
"""Quarters from the figure's start, and pitches."""


def _scale(onsets: DoubleArray, middle: int, rng: np.random.Generator) -> Figure:
    scale, direction = SCALES[rng.integers(len(SCALES))], int(rng.choice([-1, 1]))
    degrees = [direction * i for i in range(len(onsets))]
    return [(float(o), middle + 12 * (d // len(scale)) + scale[d % len(scale)]) for o, d in zip(onsets, degrees, strict=True)]


def _broken_chord(onsets: DoubleArray, middle: int, rng: np.random.Generator) -> Figure:
    chord = CHORDS[rng.integers(len(CHORDS))]
    order = rng.permutation(2 * len(chord))
    return [
        (float(o), middle + chord[k % len(chord)] + 12 * int(k // len(chord)))
        for o, k in zip(onsets, np.resize(order, len(onsets)), strict=True)
    ]


def _repeated(onsets: DoubleArray, middle: int, rng: np.random.Generator) -> Figure:
    chord = CHORDS[rng.integers(len(CHORDS))][: int(rng.integers(1, 4))]
    return [(float(onset), middle + step) for onset in onsets for step in chord]


def _chords(onsets: DoubleArray, middle: int, rng: np.random.Generator) -> Figure:
    found: Figure = []
    for onset in onsets[::2]:
        root, chord = middle + int(rng.integers(-7, 8)), CHORDS[rng.integers(len(CHORDS))]
        found += [(float(onset), root + step - 12 * int(rng.random() < 0.3)) for step in chord]
    return found


def _random_notes(onsets: DoubleArray, middle: int, rng: np.random.Generator) -> Figure:
    return [(float(onset), middle + int(rng.integers(-12, 13))) for onset in onsets]


def _rest(onsets: DoubleArray, middle: int, rng: np.random.Generator) -> Figure:
    return []
