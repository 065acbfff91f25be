"""Fits the probabilities of kick, snare and hat on bands for tuning, on made patterns, and on pieces in which no drums play.

python -m training.music.fit_drums --music FOLDER
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.notes.pieces import TrueNote, read_pieces, rendered
from models.arrays import FloatArray, IntArray
from pipelines.music.harmony.note_activations import NOTE_HOP_SAMPLES, NOTE_SAMPLE_RATE
from pipelines.notes.detection.drum_hits import LAG_SECONDS, WEIGHTS_FILE, band_levels, hit_candidates, hit_features
from pipelines.notes.notes import Note, NotePart
from pipelines.notes.synthesis import note_sound
from services import build_services
from settings import Settings
from training.music.drum_patterns import DrumPattern, made_patterns
from training.music.small_networks import fitted, write_network

OUTPUT_OF = {35: 0, 36: 0, 38: 1, 40: 1, 42: 2, 44: 2, 46: 2}
"""Output of the network by General MIDI key."""
TOLERANCE = 0.045
"""Seconds from a hit within which a candidate is that hit."""
PATTERNS, VERSIONS, BAND_WEIGHT = 24, 4, 3
"""Made patterns, versions of each (the first alone), and how often the bands are taken."""
DECAY, EPOCHS = 0.1, 40

Examples = tuple[FloatArray, IntArray]
"""Features [candidates, features] and labels [candidates, 3]."""


def main() -> None:
    """Fit and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="as that of `python -m benchmarks.notes`")
    folder: Path = parser.parse_args().music
    rng = np.random.default_rng(0)
    found: list[Examples] = []
    with tempfile.TemporaryDirectory() as data:
        services = build_services(Settings(data_dir=Path(data), clip_dir=Path(data) / "clips"))
        behind: list[FloatArray] = []
        for piece in (piece for piece in read_pieces() if piece.split == "tuning"):
            wav, truth = rendered(piece, folder)
            sound = services.clips.open(wav).waveform(NOTE_SAMPLE_RATE)
            if piece.kind == "band":
                hits = tuple((note.onset, note.pitch) for note in truth if note.is_drum)
                found += [examples(sound, hits)] * BAND_WEIGHT
            else:
                behind.append(sound)
                found += [examples(sound, ()), examples(_synthesised(truth, piece.programs[0]), ())]
    for pattern in made_patterns(PATTERNS, folder):
        found += [examples(_mixed(pattern, behind, rng, version > 0), pattern.hits) for version in range(VERSIONS)]
    features, labels = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    write_network(fitted(features, labels, DECAY, EPOCHS), WEIGHTS_FILE)


def _synthesised(truth: list[TrueNote], program: int) -> FloatArray:
    """Return the notes of a piece as our own synthesiser plays them, whose attacks are harder than those of instruments."""
    part = NotePart("Notes", program)
    notes = [Note(note.onset, note.offset, note.pitch, note.velocity, part.name) for note in truth]
    return note_sound(notes, [part], max(note.offset for note in notes))


def examples(sound: FloatArray, hits: tuple[tuple[float, int], ...]) -> Examples:
    """Return the candidates of a sound [samples] at 22 050 Hz with their labels."""
    levels = band_levels(sound)
    frames = hit_candidates(levels)
    times = frames * (NOTE_HOP_SAMPLES / NOTE_SAMPLE_RATE) - LAG_SECONDS
    labels = np.zeros((len(frames), 3), dtype=np.int64)
    for seconds, pitch in hits:
        nearest = int(np.abs(times - seconds).argmin())
        if pitch in OUTPUT_OF and abs(times[nearest] - seconds) < TOLERANCE:
            labels[nearest, OUTPUT_OF[pitch]] = 1
    return hit_features(sound, levels, frames), labels


def _mixed(pattern: DrumPattern, behind: list[FloatArray], rng: np.random.Generator, is_mixed: bool) -> FloatArray:
    """Return a pattern at an RMS of 0.1, with two pieces behind it that are 12 dB softer to 3 dB louder."""
    sound = pattern.sound / np.sqrt(np.square(pattern.sound).mean())
    for _ in range(2 if is_mixed else 0):
        other = behind[rng.integers(len(behind))]
        start = int(rng.integers(0, len(other) - len(sound)))
        part = other[start : start + len(sound)]
        sound = sound + part / np.sqrt(np.square(part).mean() + 1e-9) * 10 ** (rng.uniform(-12, 3) / 20)
    mixed: FloatArray = (0.1 * sound).astype(np.float32)
    return mixed


if __name__ == "__main__":
    main()
