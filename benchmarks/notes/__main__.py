"""Measure how many notes are right: `python -m benchmarks.notes --music FOLDER`.

An onset is right within 50 ms at the right pitch (mir_eval). `--package` names a folder with the package of Basic Pitch, as `pip
install --no-deps --target FOLDER basic-pitch==0.4.0 pretty_midi resampy importlib_resources` makes it; its own transcription of
the same files is measured then, with its own defaults. `--write` writes the table beside this file.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import soundfile
import soxr
from mir_eval.onset import f_measure  # type: ignore[import-untyped]
from mir_eval.transcription import precision_recall_f1_overlap  # type: ignore[import-untyped]

from benchmarks.notes.activations import stored_frames
from benchmarks.notes.pieces import Piece, TrueNote, read_pieces, rendered
from models.arrays import DoubleArray
from models.specs.music import BASIC_PITCH
from pipelines.music.harmony.note_activations import NOTE_HOP_SAMPLES, NOTE_SAMPLE_RATE
from pipelines.notes.detection.decoding import ONSET_LAG_SECONDS, decode_notes
from pipelines.notes.detection.drum_hits import DRUMS, drum_hits
from pipelines.notes.detection.note_candidates import note_candidates
from pipelines.notes.notes import CLOSED_HAT, KICK, SNARE, NoteOptions
from services import Services, build_services
from settings import Settings

RESULTS = Path(__file__).with_name("results.md")
FRAMES_PER_SECOND = NOTE_SAMPLE_RATE / NOTE_HOP_SAMPLES
ONSET_TOLERANCE = 0.05
"""Seconds."""
SAME_DRUM = {35: KICK, 36: KICK, 38: SNARE, 40: SNARE, 42: CLOSED_HAT, 44: CLOSED_HAT, 46: CLOSED_HAT}
"""The drum that a General MIDI key is judged as; others are not judged, and found hits at them are wrong."""
MIN_HITS = 10
MIN_SECONDS = 0.01
"""Duration that mir_eval needs of each note; offsets are not measured."""

Scores = tuple[float, float, float]
"""F-measure, precision and recall."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="folder that keeps packages, renderings and outputs")
    parser.add_argument("--package", type=Path, help="folder with the package of Basic Pitch")
    parser.add_argument("--write", action="store_true", help="write the table to results.md")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as data:
        services = build_services(Settings(data_dir=Path(data), clip_dir=Path(data) / "clips"))
        peer = package_notes(arguments.package, arguments.music, services) if arguments.package else None
        for split in ("tuning", "kept apart"):
            for kind in ("piano", "ensemble", "band", "repetition", "pedal"):
                pieces = [piece for piece in read_pieces() if (piece.split, piece.kind) == (split, kind)]
                rows.append(_row(f"{kind}, {split}", pieces, arguments.music, services, peer))
    heads = "| pieces | number | F | precision | recall | F of the package |\n|---|---|---|---|---|---|\n"
    table = heads + "\n".join(rows) + "\n\n" + drum_table(arguments.music)
    print(table)
    if arguments.write:
        text = (__doc__ or "").partition("\n\n")[2].partition(" `--package`")[0].strip()
        RESULTS.write_text(f"# Notes\n\n{text} See `pieces.py` for the pieces and their split.\n\n{table}", encoding="utf-8")


def _row(name: str, pieces: list[Piece], folder: Path, services: Services, peer: Callable[[Path], DoubleArray] | None) -> str:
    ours, theirs = [], []
    for piece in pieces:
        wav, truth = rendered(piece, folder)
        ours.append(onset_scores(truth, _notes(wav, folder, services)))
        if peer:
            theirs.append(onset_scores(truth, peer(wav)))
    means = " | ".join(f"{fmean(values):.2f}" for values in zip(*ours, strict=True))
    return f"| {name} | {len(pieces)} | {means} | {f'{fmean(f for f, *_ in theirs):.2f}' if theirs else '-'} |"


def _notes(wav: Path, folder: Path, services: Services) -> DoubleArray:
    """Return [notes, 3]: onset and offset in seconds, and pitch."""
    frames = stored_frames(wav, folder, services)
    found = decode_notes(frames, note_candidates(frames), NoteOptions(), FRAMES_PER_SECOND)
    rows = [(note.start / FRAMES_PER_SECOND - ONSET_LAG_SECONDS, note.end / FRAMES_PER_SECOND, note.pitch) for note in found]
    return np.asarray(rows, dtype=np.float64).reshape(-1, 3)


def drum_table(folder: Path) -> str:
    """Return the F-measures of kick, snare and hat in the bands, each over the pieces where it is hit ten times or more."""
    rows = []
    for split in ("tuning", "kept apart"):
        scores: dict[int, list[float]] = {drum: [] for drum in DRUMS}
        for piece in read_pieces():
            if (piece.split, piece.kind) == (split, "band"):
                wav, truth = rendered(piece, folder)
                sound, rate = soundfile.read(wav, dtype="float32", always_2d=True)
                found = drum_hits(soxr.resample(sound.mean(axis=1), rate, NOTE_SAMPLE_RATE))
                for drum in DRUMS:
                    hits = np.asarray([n.onset for n in truth if n.is_drum and SAME_DRUM.get(n.pitch) == drum])
                    onsets = np.asarray([hit.onset for hit in found if hit.pitch == drum])
                    if len(hits) >= MIN_HITS:
                        scores[drum].append(float(f_measure(hits, onsets, window=ONSET_TOLERANCE)[0]) if len(onsets) else 0.0)
        cells = [f"{fmean(values):.2f} ({len(values)})" if values else "-" for values in scores.values()]
        rows.append(f"| drums of the bands, {split} | {' | '.join(cells)} |")
    heads = "| F (pieces) | kick | snare | hat |\n|---|---|---|---|\n"
    return heads + "\n".join(rows) + "\n"


def package_notes(package: Path, folder: Path, services: Services) -> Callable[[Path], DoubleArray]:
    """Return a function that transcribes a sound file as the package does; `folder` keeps what it finds."""
    sys.path.append(str(package))
    from basic_pitch.inference import Model, predict  # type: ignore[import-not-found]

    weights = BASIC_PITCH.source.files[0].name  # type: ignore[union-attr]
    model = Model(Path(__file__).parents[2] / "models" / "weights" / "basic_pitch" / weights)

    def notes(wav: Path) -> DoubleArray:
        stored = folder / "package" / f"{wav.stem}.npy"
        if not stored.exists():
            stored.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.redirect_stdout(io.StringIO()):
                events = predict(wav, model)[2]
            np.save(stored, np.asarray([event[:3] for event in events], dtype=np.float64).reshape(-1, 3))
        found: DoubleArray = np.load(stored)
        return found

    return notes


def onset_scores(truth: list[TrueNote], found: DoubleArray) -> Scores:
    """Return F-measure, precision and recall of onsets with their pitches; drums are left out."""
    from librosa import midi_to_hz

    rows = np.asarray([(note.onset, note.offset, note.pitch) for note in truth if not note.is_drum]).reshape(-1, 3)
    if not len(rows) or not len(found):
        return 0.0, 0.0, 0.0
    sides: list[Any] = []
    for notes in (rows, found):
        onsets = np.maximum(notes[:, 0], 0)
        sides += [np.stack([onsets, np.maximum(notes[:, 1], onsets + MIN_SECONDS)], axis=1), midi_to_hz(notes[:, 2])]
    precision, recall, f_measure, _ = precision_recall_f1_overlap(*sides, onset_tolerance=ONSET_TOLERANCE, offset_ratio=None)
    return float(f_measure), float(precision), float(recall)


if __name__ == "__main__":
    main()
