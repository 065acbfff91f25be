"""Renders loops of four chords as records have them: drums, a bass on the roots, held chords and a melody around the tonic.

Minor loops have the chords of their relative major; what tells the two apart is where the loop begins or rests and what the
melody turns around.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Spans, Track
from pipelines.music.harmony.notation import MODES, SHARPS, Mode, tonic_name
from training.data.recording_effects import augment
from training.music.pieces.piece import DRUM_CHANNEL, Piece, PlayedNote, Truth
from training.music.pieces.rendering import SOUNDFONTS, Synthesizer, render

SOUNDFONT = SOUNDFONTS / "FluidR3_GM.sf2"
SAMPLE_RATE = 22_050
REPEATS, BEATS_PER_CHORD = 4, 4
LOOPS: dict[Mode, tuple[str, ...]] = {
    "minor": ("0m 8 3 10", "0m 10 8 10", "0m 5m 8 10", "0m 3 10 8", "0m 7m 8 10", "8 10 0m 0m", "0m 0m 8 10", "0m 8 5m 10"),
    "major": ("0 7 9m 5", "0 5 7 5", "0 9m 5 7", "0 10 5 0", "0 2m 5 7", "5 7 0 0", "0 4m 5 7", "0 7 5 7"),
}
"""Semitones from the tonic to the root of each chord; 'm' for minor ones."""
MELODY: dict[Mode, tuple[int, ...]] = {"minor": (0, 0, 3, 7, 5, 0, 10), "major": (0, 0, 4, 7, 2, 0, 9)}
"""Steps from the tonic that the melody draws from: the tonic most often."""
CHORD_PROGRAMS, LEAD_PROGRAMS, BASS_PROGRAM = (0, 4, 27, 30, 48, 50, 81, 89), (25, 56, 73, 80, 81, 85), 33
BASS, CHORDS, LEAD = 0, 1, 2


def tracks(_folder: Path, _source: Source) -> Iterator[Track]:
    """Yield each loop once, in a key of its own."""
    for mode in MODES:
        for number, loop in enumerate(LOOPS[mode]):
            yield _track(loop, mode, np.random.default_rng(len(loop) * 100 + 10 * number + len(mode)))


def _track(loop: str, mode: Mode, rng: np.random.Generator) -> Track:
    tonic, beat = int(rng.integers(12)), 60 / float(rng.uniform(80, 140))
    played: list[PlayedNote] = []
    chords: Spans = ()
    for place, chord in enumerate(loop.split() * REPEATS):
        start, end = place * BEATS_PER_CHORD * beat, (place + 1) * BEATS_PER_CHORD * beat  # ends are the next starts to the bit
        root, kind = (tonic + int(chord.rstrip("m"))) % 12, "min" if chord.endswith("m") else "maj"
        chords += ((start, end, f"{SHARPS[root]}:{kind}"),)
        pitches = [60 + (root + step) % 12 for step in (0, 3 if kind == "min" else 4, 7)]
        played += [PlayedNote(start, start + 0.95 * (end - start), pitch, 75, CHORDS) for pitch in pitches]
        for number in range(BEATS_PER_CHORD):
            now = start + number * beat
            played += [PlayedNote(now, now + 0.9 * beat, 36 + root, 95, BASS), *_drums(now, beat, number)]
            if rng.random() < 0.6:
                pitch = 72 + tonic % 12 + int(rng.choice(MELODY[mode]))
                played.append(PlayedNote(now, now + beat * float(rng.choice([0.5, 1.0])), pitch, 90, LEAD))
    duration = chords[-1][1]
    programs = {BASS: BASS_PROGRAM, CHORDS: int(rng.choice(CHORD_PROGRAMS)), LEAD: int(rng.choice(LEAD_PROGRAMS))}
    volumes = dict.fromkeys((BASS, CHORDS, LEAD, DRUM_CHANNEL), 100)
    truth = Truth(60 / beat, 4, 4, (), (), tonic, mode, (), ())
    piece = Piece("loop", 0, tuple(played), programs, volumes, truth, duration)
    sound = render(piece, Synthesizer(SOUNDFONT, SAMPLE_RATE, float(rng.uniform(0.1, 0.6))))
    sound = augment(sound[: round(duration * SAMPLE_RATE)], SAMPLE_RATE, rng)
    annotation = Annotation(key=f"{tonic_name(tonic, mode)} {mode}", chords=chords)
    return Track(f"{mode} {loop}", sound[:, np.newaxis], SAMPLE_RATE, annotation)


def _drums(start: float, beat: float, number: int) -> list[PlayedNote]:
    """Return bass drum or snare and two strokes of the hi-hat."""
    hits = [(start, 38 if number % 2 else 36, 100), (start, 42, 70), (start + beat / 2, 42, 60)]
    return [PlayedNote(time, time + 0.1, key, velocity, DRUM_CHANNEL) for time, key, velocity in hits]
