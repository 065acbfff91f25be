"""Scores of transcribed piano performances, with mir_eval."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np
import torch
from librosa import midi_to_hz
from mir_eval.transcription import precision_recall_f1_overlap  # type: ignore[import-untyped]

from models.arrays import DoubleArray
from pipelines.notes.piano.decoding import PianoNote, PianoThresholds, decode_pedals, decode_piano
from pipelines.notes.piano.spectrogram import PIANO_SAMPLE_RATE
from training.piano.dataset import Example
from training.piano.network import PianoProbabilities

ONSET_TOLERANCE = 0.05
"""Seconds."""
OFFSET_RATIO = 0.2
"""Tolerance of an offset: of the note's duration, at least the onset's."""
MIN_SECONDS = 0.01
"""Duration that mir_eval needs of each note."""
THRESHOLDS = PianoThresholds()


def evaluate(model: torch.nn.Module, examples: Sequence[Example], hop_length: int) -> dict[str, float]:
    """Return mean figures over examples.

    Args:
        model: a `PianoNetwork` or `KeyNetwork` in evaluation mode.
        examples: performances.
        hop_length: of the network, samples at 16 kHz.
    """
    rows = []
    for example in examples:
        mel = torch.from_numpy(example.mel.astype(np.float32)).unsqueeze(0)
        notes, pedal = (output[0].numpy() for output in PianoProbabilities(model)(mel))
        rate = PIANO_SAMPLE_RATE / hop_length
        found = note_rows(decode_piano(notes, THRESHOLDS), rate)
        pedals = np.asarray(decode_pedals(pedal, THRESHOLDS.pedal)).reshape(-1, 2) / rate
        rows.append(note_scores(example.notes[:, [0, 1, 3]], found) | {"pedal_f": pedal_score(example, pedals, rate)})
    return {name: fmean(row[name] for row in rows) for name in rows[0]}


def note_rows(notes: list[PianoNote], frames_per_second: float) -> DoubleArray:
    """Return [notes, 3]: onset, offset in seconds, pitch."""
    found = [(note.start / frames_per_second, note.end / frames_per_second, note.pitch) for note in notes]
    return np.asarray(found, dtype=np.float64).reshape(-1, 3)


def note_scores(truth: DoubleArray, found: DoubleArray, tolerance: float = ONSET_TOLERANCE) -> dict[str, float]:
    """Return the F-measure of onsets, its precision and recall, and the F-measure of notes whose offset is right as well.

    Args:
        truth: [notes, 3]: onset, offset in seconds, pitch.
        found: likewise.
        tolerance: of an onset, in seconds.
    """
    if not len(truth) or not len(found):
        return dict.fromkeys(("onset_f", "precision", "recall", "offset_f"), 0.0)
    sides = []
    for notes in (truth, found):
        onsets = np.maximum(notes[:, 0], 0)
        sides += [np.stack([onsets, np.maximum(notes[:, 1], onsets + MIN_SECONDS)], axis=1), midi_to_hz(notes[:, 2])]
    precision, recall, f_measure, _ = precision_recall_f1_overlap(*sides, onset_tolerance=tolerance, offset_ratio=None)
    _, _, with_offsets, _ = precision_recall_f1_overlap(*sides, onset_tolerance=tolerance, offset_ratio=OFFSET_RATIO)
    return {"onset_f": f_measure, "precision": precision, "recall": recall, "offset_f": with_offsets}


def pedal_score(example: Example, found: DoubleArray, frames_per_second: float) -> float:
    """Return the F-measure of the frames in which the pedal is down; 1 where it never is and none is found."""
    seconds = np.arange(len(example.mel)) / frames_per_second
    true, ours = (
        np.any([(seconds >= begin) & (seconds < end) for begin, end in pedals], axis=0) if len(pedals) else np.zeros(len(seconds))
        for pedals in (example.pedals, found)
    )
    total = np.sum(true) + np.sum(ours)
    return float(2 * np.sum(np.logical_and(true, ours)) / total) if total else 1.0
