"""Reads recordings of single chords, joined to phrases in one key: tonic, subdominant, dominant, tonic.

The chord and the key are known by the names of the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import librosa
import numpy as np
from librosa.effects import trim

from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Spans, Track
from models.arrays import FloatArray
from pipelines.music.harmony.notation import SHARPS

SAMPLE_RATE = 22_050
CHORD_SECONDS, FADE_SECONDS = 2.0, 0.05
MAX_SILENCE_DB = 30
"""What is softer than the maximum by more than this is cut from the start of a sample."""
REPEATS = 2
CADENCES = {"major": ((0, "maj"), (9, "min"), (5, "maj"), (7, "maj")), "minor": ((0, "min"), (8, "maj"), (5, "min"), (7, "maj"))}
"""Semitones from the tonic, and kinds of chords."""
PLAIN_CADENCE = ((0, "maj"), (5, "maj"), (7, "maj"), (0, "maj"))
"""For samples of major chords alone."""
PHRASES: dict[str, tuple[tuple[int, str], ...]] = {
    "fazioli-chords": (
        (0, "major"),
        (3, "major"),
        (6, "major"),
        (9, "major"),
        (1, "minor"),
        (4, "minor"),
        (7, "minor"),
        (10, "minor"),
    ),
    "piano-chords": (
        (2, "major"),
        (5, "major"),
        (8, "major"),
        (11, "major"),
        (0, "minor"),
        (3, "minor"),
        (6, "minor"),
        (9, "minor"),
    ),
    "guitar-chords": ((9, "plain"), (4, "plain"), (2, "plain")),
}
"""Tonic and mode of the phrases, by source."""
FILES = {
    "fazioli-chords": {
        "maj": "Grand Piano - Fazioli - major {} middle.wav",
        "min": "Grand Piano - Fazioli - minor chords - {}m higher.wav",
    },
    "piano-chords": {"maj": "{}.m4a", "min": "{}m.m4a"},
    "guitar-chords": {"maj": "ACORDE-{}.mp3"},
}
"""Names of the files, by source and kind of chord."""
BLACK_KEYS = {"C#": ("Cs", "Db"), "D#": ("Ds", "Eb"), "F#": ("Fs", "Gb"), "G#": ("Gs", "Ab"), "A#": ("As", "Bb")}


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield a phrase in each key."""
    for tonic, mode in PHRASES[source.name]:
        cadence = PLAIN_CADENCE if mode == "plain" else CADENCES[mode]
        chords = [((tonic + step) % 12, kind) for step, kind in cadence * REPEATS]
        sound = np.concatenate([_sample(folder, source.name, root, kind) for root, kind in chords])
        spans: Spans = tuple(
            (i * CHORD_SECONDS, (i + 1) * CHORD_SECONDS, f"{SHARPS[root]}:{kind}") for i, (root, kind) in enumerate(chords)
        )
        yield Track(f"{SHARPS[tonic]} {mode}", sound[:, np.newaxis], SAMPLE_RATE, Annotation(chords=spans))


def file_name(source: str, root: int, kind: str) -> str:
    """Return the name of the file of a chord."""
    name = SHARPS[root]
    if source == "piano-chords" and name in BLACK_KEYS:
        suffix = "m" if kind == "min" else ""
        return "-".join(f"{part}{suffix}" for part in BLACK_KEYS[name]) + ".m4a"
    return FILES[source][kind].format(name)


def _sample(folder: Path, source: str, root: int, kind: str) -> FloatArray:
    """Return the first two seconds of a chord, from its onset on."""
    sound, _ = librosa.load(next(folder.rglob(file_name(source, root, kind))), sr=SAMPLE_RATE)
    sound = trim(sound, top_db=MAX_SILENCE_DB)[0]
    length = round(CHORD_SECONDS * SAMPLE_RATE)
    cut = np.pad(sound[:length], (0, max(0, length - len(sound))))
    fade = round(FADE_SECONDS * SAMPLE_RATE)
    cut[-fade:] *= np.linspace(1, 0, fade)
    cut /= max(float(np.abs(cut).max()), 1e-6) * 2
    samples: FloatArray = cut.astype(np.float32)
    return samples
