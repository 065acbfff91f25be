"""Finds the weights of `pipelines.music.rhythm.tempo_levels`: `python -m training.music.train_tempo_levels FOLDER`.

FOLDER has one file for each piece of the tuning sources whose octave is known: `write_piece` makes them. Each pair of a right and
a wrong level of a piece is an example of a logistic regression without intercept, on features scaled by their deviations. It
prints how often the level is right in pieces of a source that was left out, and how confident that is, then writes the weights.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.accuracy.scores import is_tempo
from models.arrays import DoubleArray
from pipelines.music.rhythm.tempo_levels import FEATURES, WEIGHTS_FILE, TempoLevel

INVERSE_REGULARISATION = 0.3
"""The best of 0.01, 0.03, 0.1, 0.3 and 1 on the sources that are left out."""
DIGITS = 4


@dataclass(frozen=True, eq=False)
class LevelExample:
    """Levels of one piece."""

    source: str
    features: DoubleArray
    """[levels, 6]."""
    right: int
    """Number of the right level."""


def write_piece(target: Path, source: str, bpm: float, levels: tuple[TempoLevel, ...]) -> None:
    """Write the features of the levels of a piece with the true tempo `bpm`; nothing where none of them is right."""
    right = [is_tempo(bpm, level.bpm) for level in levels]
    if any(right):
        np.savez(target, source=source, features=[level.features for level in levels], right=right.index(True))


def read_piece(file: Path) -> LevelExample:
    """Return what `write_piece` has written."""
    arrays = np.load(file)
    return LevelExample(str(arrays["source"]), arrays["features"], int(arrays["right"]))


def fitted(pieces: list[LevelExample]) -> DoubleArray:
    """Return the weight of each feature."""
    scale = np.concatenate([piece.features for piece in pieces]).std(axis=0) + 1e-9
    wins = [
        (piece.features[piece.right] - other) / scale
        for piece in pieces
        for i, other in enumerate(piece.features)
        if i != piece.right
    ]
    differences = np.concatenate([wins, np.negative(wins)])
    labels = np.repeat([1, 0], len(wins))
    model = LogisticRegression(C=INVERSE_REGULARISATION, fit_intercept=False, max_iter=1000).fit(differences, labels)
    weights: DoubleArray = model.coef_[0] / scale
    return weights


def left_out(pieces: list[LevelExample]) -> tuple[float, float]:
    """Return (fraction of pieces with the right level, mean confidence), each source with the weights of the others."""
    hits, confidences = [], []
    for source in {piece.source for piece in pieces}:
        weights = fitted([piece for piece in pieces if piece.source != source])
        for piece in pieces:
            if piece.source == source:
                scores = piece.features @ weights
                hits.append(scores.argmax() == piece.right)
                confidences.append(float(np.exp(scores.max() - np.logaddexp.reduce(scores))))
    return float(np.mean(hits)), float(np.mean(confidences))


def main() -> None:
    """Print the accuracy on sources that were left out, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    pieces = [read_piece(file) for file in sorted(parser.parse_args().folder.glob("*.npz"))]
    accuracy, confidence = left_out(pieces)
    print(f"{len(pieces)} pieces; on sources left out {accuracy:.3f} right, mean confidence {confidence:.3f}")
    weights = dict(zip(FEATURES, fitted(pieces).round(DIGITS).tolist(), strict=True))
    WEIGHTS_FILE.write_text(json.dumps(weights, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
