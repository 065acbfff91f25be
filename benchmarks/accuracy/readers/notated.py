"""Renders scores of music21's corpus: with a SoundFont, drums now and then, a room, noise and lossy coding.

The key is that of the score's signature whose tonic is the bass of the last chord; scores where that is neither the major nor the
minor tonic are left out. Chords are those of the notes on each quarter.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.readers.note_chords import Note, note_chords
from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track
from pipelines.music.harmony.notation import MODES, Mode, tonic_name
from training.data.recording_effects import augment
from training.music.pieces.piece import DRUM_CHANNEL, Piece, PlayedNote, Truth
from training.music.pieces.rendering import SOUNDFONTS, Synthesizer, render

SAMPLE_RATE = 22_050
MAX_SECONDS, MIN_SECONDS = 60.0, 15.0
MAX_SCORES = 20
SOUNDFONT = {"tuning": SOUNDFONTS / "FluidR3_GM.sf2", "kept apart": SOUNDFONTS / "TimGM6mb.sf2"}
PROGRAMS = (0, 4, 6, 16, 19, 24, 25, 46, 48, 49, 52, 61, 71, 73, 80, 89)
"""General MIDI: pianos, organs, guitars, harp, strings, voices, brass, winds, synthesizers."""
DRUMS_PROB = 0.3
BASS_DRUM, SNARE, HAT = 36, 38, 42
MIN_BPM, MAX_BPM = 70.0, 140.0
RELATIVE = {"major": 0, "minor": 9}
"""Semitones from the tonic of a signature's major key up to that of each mode."""


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the beginning of each score of the corpus folders that `source.files` names, e.g. 'bach mozart'."""
    from music21 import corpus, exceptions21

    paths = [
        path for name in source.files.split() for path in sorted(corpus.corpora.CoreCorpus().getPaths()) if name in path.parts
    ]
    for path in paths[:: max(1, len(paths) // MAX_SCORES)]:
        if path.suffix == ".rntxt":
            continue
        try:
            score = corpus.parse(str(path))
        except exceptions21.Music21Exception:
            continue
        found = _track(score, f"{path.parent.name}-{path.stem}", source)
        if found is not None:
            yield found


def _track(score: Any, name: str, source: Source) -> Track | None:
    key = _key(score)
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    quarter = 60 / float(rng.uniform(MIN_BPM, MAX_BPM))
    notes = _notes(score, quarter)
    seconds = min(MAX_SECONDS, max((end for _, end, _ in notes), default=0.0))
    if key is None or seconds < MIN_SECONDS:
        return None
    beats = tuple(np.arange(0, seconds, quarter).tolist())
    chords = note_chords(notes, beats)
    programs = {0: int(rng.choice(PROGRAMS)), 1: int(rng.choice(PROGRAMS))}
    middle = float(np.median([pitch for _, _, pitch in notes]))
    played = [
        PlayedNote(start, end, pitch, int(rng.integers(60, 110)), int(pitch < middle))
        for start, end, pitch in notes
        if start < seconds
    ]
    if rng.random() < DRUMS_PROB:
        played += _drums(beats, quarter)
    truth = Truth(60 / quarter, 4, 4, (), (), 0, "major", (), ())
    piece = Piece("score", 0, tuple(played), programs, dict.fromkeys((0, 1, DRUM_CHANNEL), 100), truth, seconds)
    sound = render(piece, Synthesizer(SOUNDFONT[source.split], SAMPLE_RATE, float(rng.uniform(0.1, 0.7))))
    sound = augment(sound[: round(seconds * SAMPLE_RATE)], SAMPLE_RATE, rng)
    return Track(name, sound[:, np.newaxis], SAMPLE_RATE, Annotation(key=key, chords=chords))


def _notes(score: Any, quarter: float) -> list[Note]:
    """Return the notes with their times, each tied one as one."""
    found = []
    for element in score.stripTies().flatten().notes:
        start = float(element.offset) * quarter
        end = start + float(element.quarterLength) * quarter
        if start < MAX_SECONDS and end > start:
            found += [(start, end, int(pitch.midi)) for pitch in element.pitches]
    return sorted(found)


def _key(score: Any) -> str | None:
    """Return tonic and mode of the first signature; None where the last bass note is neither of its tonics."""
    signatures = list(score.recurse().getElementsByClass("KeySignature"))
    elements = [element for element in score.flatten().notes if element.quarterLength > 0]
    if not signatures or not elements:
        return None
    end = max(float(element.offset) for element in elements)
    bass = min(pitch.midi for element in elements if float(element.offset) == end for pitch in element.pitches)
    major = signatures[0].sharps * 7 % 12
    modes: list[Mode] = [mode for mode in MODES if (major + RELATIVE[mode] - bass) % 12 == 0]
    return f"{tonic_name(bass % 12, modes[0])} {modes[0]}" if modes else None


def _drums(beats: tuple[float, ...], quarter: float) -> list[PlayedNote]:
    """Return bass drum and snare in turn, and eighths of the hi-hat."""
    played = [
        PlayedNote(beat, beat + 0.1, SNARE if number % 2 else BASS_DRUM, 100, DRUM_CHANNEL) for number, beat in enumerate(beats)
    ]
    hats = [PlayedNote(beat + half, beat + half + 0.05, HAT, 70, DRUM_CHANNEL) for beat in beats for half in (0.0, quarter / 2)]
    return played + hats
