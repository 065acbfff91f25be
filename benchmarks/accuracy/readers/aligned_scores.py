"""Reads recordings of piano pieces whose score is known: chords are those of the notes, at the times of the recording.

The chroma of the score and that of the recording are aligned by dynamic time warping (Müller 2015, "Fundamentals of Music
Processing", chapter 3). The scores are tables of notes of the Digital and Cognitive Musicology Lab.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import librosa
import numpy as np
from librosa import estimate_tuning
from librosa.effects import trim
from librosa.feature import chroma_cqt
from librosa.sequence import dtw
from librosa.util import normalize

from benchmarks.accuracy.packages import package_folder
from benchmarks.accuracy.readers.note_chords import Note, note_chords
from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track
from models.arrays import DoubleArray, FloatArray

SAMPLE_RATE, HOP_SAMPLES = 22_050, 1024
MAX_SECONDS = 180
MAX_SILENCE_DB = 40
"""What is softer than the maximum by more than this is cut from the ends of a recording."""
STEPS = np.array([[1, 1], [1, 2], [2, 1]])
"""Steps of the alignment in the score and in the recording: the tempo is between half and twice its mean."""
MIN_CHROMA = 1e-3
"""Added to every pitch class, so that silence is no direction."""
DECAY = 0.5
"""Factor of a note's level after each quarter note: pianos fade."""
COMPOUND_BEAT = 1.5
"""Quarter notes in a beat where the time signature counts eighths."""
VERSIONS = {
    "DCMLab/beethoven_piano_sonatas": "ea7181bff88abc8713257234f7ec4033178c57a9",
    "DCMLab/grieg_lyric_pieces": "91a304563521f3f273b8c0aadec1ce2ede2d1384",
    "DCMLab/mozart_piano_sonatas": "5337257a5318711e6302cfe85c3f1a6ade3c6271",
    "DCMLab/schumann_kinderszenen": "ee929c1556bc937fe1ea7303cac4476e37caa4d1",
}
"""Commits of the packages of scores."""


@dataclass(frozen=True)
class Score:
    """Where the score of a recording is."""

    package: str
    piece: str
    has_repeats: bool = True
    """Whether the performer repeats what the score says."""


SCORES: dict[str, dict[str, Score]] = {
    "piano-recordings, chords": {
        "grieg-cradle-song.mp3": Score("DCMLab/grieg_lyric_pieces", "op38n01"),
        "grieg-melodie-op38.mp3": Score("DCMLab/grieg_lyric_pieces", "op38n03"),
        "grieg-melodie-op47.mp3": Score("DCMLab/grieg_lyric_pieces", "op47n03"),
        "grieg-notturno.mp3": Score("DCMLab/grieg_lyric_pieces", "op54n04"),
        "schumann-traumerei.mp3": Score("DCMLab/schumann_kinderszenen", "n07"),
    },
    "repertoire-recordings, chords": {
        "Turkish March (Mozart Version).mp3": Score("DCMLab/mozart_piano_sonatas", "K331-3"),
    },
    "orchestral-recordings, chords": {
        "13.ogg": Score("DCMLab/beethoven_piano_sonatas", "14-1"),
    },
}
"""Scores of the recordings, by source and file."""


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the first three minutes of each recording with its chords."""
    for name, score in SCORES[source.name].items():
        scores = package_folder(replace(source, package=score.package, version=VERSIONS[score.package]), folder.parent)
        notes, beats = performed(scores, score)
        sound, _ = librosa.load(next(folder.rglob(name)), sr=SAMPLE_RATE)
        times = aligned(notes, sound)
        chords = note_chords(
            [(*np.interp(note[:2], *times), note[2]) for note in notes], tuple(np.unique(np.interp(beats, *times)))
        )
        kept = tuple((start, min(end, MAX_SECONDS), label) for start, end, label in chords if start < MAX_SECONDS)
        yield Track(Path(name).stem, sound[: MAX_SECONDS * SAMPLE_RATE, np.newaxis], SAMPLE_RATE, Annotation(chords=kept))


def performed(scores: Path, score: Score) -> tuple[list[Note], list[float]]:
    """Return the notes and the beats of a score in the order in which they are played, in quarter notes from the start."""
    measures = {int(row["mc"]): row for row in _rows(scores / "measures" / f"{score.piece}.measures.tsv")}
    rows: dict[int, list[dict[str, str]]] = {number: [] for number in measures}
    for row in _rows(scores / "notes" / f"{score.piece}.notes.tsv"):
        rows[int(row["mc"])].append(row)
    notes: list[Note] = []
    beats: list[float] = []
    start = 0.0
    for number in _order(measures, score.has_repeats):
        measure = measures[number]
        for row in rows[number]:
            onset = start + 4 * float(Fraction(row["mc_onset"]))
            notes.append((onset, onset + float(row["duration_qb"]), int(row["midi"])))
        beat = COMPOUND_BEAT if measure["timesig"].endswith("/8") else 1.0
        length = 4 * float(Fraction(measure["act_dur"]))
        beats += np.arange(start, start + length - 1e-6, beat).tolist()
        start += length
    return sorted(notes), [*beats, start]


def aligned(notes: list[Note], sound: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """Return positions in the score in quarter notes, ascending, and their times in `sound` [samples] in seconds."""
    sounding, (first, _) = trim(sound, top_db=MAX_SILENCE_DB)
    tuning = estimate_tuning(y=sounding, sr=SAMPLE_RATE)
    performance = chroma_cqt(y=sounding, sr=SAMPLE_RATE, hop_length=HOP_SAMPLES, tuning=tuning)
    quarters = max(end for _, end, _ in notes) / performance.shape[1]
    chromas = [normalize(chroma + MIN_CHROMA, norm=2, axis=0) for chroma in (_score_chroma(notes, quarters), performance)]
    _, path = dtw(*chromas, metric="cosine", step_sizes_sigma=STEPS, weights_mul=STEPS.sum(axis=1))
    steps, frames = path[::-1].T
    return steps * quarters, (frames * HOP_SAMPLES + first) / SAMPLE_RATE


def _score_chroma(notes: list[Note], quarters: float) -> DoubleArray:
    """Return the chroma [12, steps] of fading notes at steps of `quarters` quarter notes."""
    chroma = np.zeros((12, round(max(end for _, end, _ in notes) / quarters)))
    for start, end, pitch in notes:
        first, last = round(start / quarters), round(end / quarters)
        chroma[pitch % 12, first:last] += (DECAY ** (np.arange(last - first) * quarters))[: chroma.shape[1] - first]
    return chroma


def _order(measures: dict[int, dict[str, str]], has_repeats: bool) -> Iterator[int]:
    """Yield the numbers of the measures as they are played."""
    visits: Counter[int] = Counter()
    number = min(measures)
    while number in measures:
        yield number
        following = [int(part) for part in measures[number]["next"].split(",")]
        visit = min(visits[number], len(following) - 1) if has_repeats else -1
        visits[number] += 1
        number = following[visit]


def _rows(file: Path) -> list[dict[str, str]]:
    with open(file, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))
