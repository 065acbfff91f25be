"""Fits the probabilities of notes on the rendered pieces for tuning, and prints how right they are on pieces left out.

python -m training.music.fit_notes --music FOLDER
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold

from benchmarks.notes.activations import stored_frames
from benchmarks.notes.pieces import TrueNote, read_pieces, rendered
from models.arrays import FloatArray, IntArray
from pipelines.music.harmony.note_activations import LOWEST_PITCH, NOTE_HOP_SAMPLES, NOTE_SAMPLE_RATE
from pipelines.notes.detection.decoding import ONSET_LAG_SECONDS
from pipelines.notes.detection.note_candidates import WEIGHTS_FILE, candidate_features, candidate_places
from services import build_services
from settings import Settings
from training.music.small_networks import fitted, write_network

DECAY, EPOCHS, FOLDS = 0.03, 40, 7
TOLERANCE = 0.05
"""Seconds from a note within which a candidate is that note."""


@dataclass(frozen=True)
class LabelledCandidates:
    """The candidates of one piece."""

    features: FloatArray
    """[candidates, features]."""
    is_note: IntArray
    """[candidates], 1 for the nearest candidate to each note."""


def main() -> None:
    """Fit, print the share of right decisions on pieces left out, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="as that of `python -m benchmarks.notes`")
    folder: Path = parser.parse_args().music
    with tempfile.TemporaryDirectory() as data:
        services = build_services(Settings(data_dir=Path(data), clip_dir=Path(data) / "clips"))
        pieces = []
        for piece in read_pieces():
            if piece.split == "tuning":
                wav, truth = rendered(piece, folder)
                frames = stored_frames(wav, folder, services)
                places, columns = candidate_places(frames)
                pieces.append(LabelledCandidates(candidate_features(frames, places, columns), labels(places, columns, truth)))
    features, is_note = (np.concatenate(arrays) for arrays in zip(*((p.features, p.is_note) for p in pieces), strict=True))
    groups = np.repeat(np.arange(len(pieces)), [len(piece.is_note) for piece in pieces])
    for train, test in GroupKFold(FOLDS).split(features, is_note, groups):
        model = fitted(features[train], is_note[train], DECAY, EPOCHS)
        print(f"right on pieces left out: {model.score(features[test], is_note[test]):.3f}")
    write_network(fitted(features, is_note, DECAY, EPOCHS), WEIGHTS_FILE)


def labels(places: IntArray, columns: IntArray, truth: list[TrueNote]) -> IntArray:
    """Return 1 for each candidate that is the nearest to a note, else 0."""
    times = places * (NOTE_HOP_SAMPLES / NOTE_SAMPLE_RATE) - ONSET_LAG_SECONDS
    found = np.zeros(len(places), dtype=np.int64)
    for note in truth:
        near = np.flatnonzero((columns == note.pitch - LOWEST_PITCH) & (np.abs(times - note.onset) < TOLERANCE))
        if len(near) and not note.is_drum:
            found[near[np.abs(times[near] - note.onset).argmin()]] = 1
    return found


if __name__ == "__main__":
    main()
