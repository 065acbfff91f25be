"""What plays in a clip: which channel stands out, with which program, and what accompanies it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from training.data.renderer.instruments import DRUMS, MAIN_PROGRAMS, OCTAVES, POLYPHONIC_FAMILIES, Family
from training.music.pieces.piece import BASS, CHORDS, DRUM_CHANNEL, LEAD, PAD, SECOND_CHORDS, Piece, PlayedNote

Kind = Literal["solo", "duo", "band", "full", "drums"]
KIND_PROBS: Mapping[Kind, float] = {"solo": 0.05, "duo": 0.3, "band": 0.4, "full": 0.25}
MAIN_GAINS_DB: Mapping[Kind, tuple[float, float]] = {
    "solo": (0, 0),
    "duo": (4, 9),
    "band": (6, 9),
    "full": (1, 6),
    "drums": (0, 0),
}
"""Least and greatest level of the main instrument above all others, as the ratio of their RMS in dB."""
ACCOMPANIMENT: Mapping[Kind, tuple[int, ...]] = {
    "solo": (), "duo": (BASS, CHORDS), "band": (BASS, CHORDS, DRUM_CHANNEL),
    "full": (BASS, CHORDS, SECOND_CHORDS, PAD, DRUM_CHANNEL), "drums": (),
}  # fmt: skip
CHORDS_MAIN_PROB = 0.3
"""Probability that an instrument of a polyphonic family has the chords, and no tune is played."""
LOWEST_PITCH, HIGHEST_PITCH = 24, 108


@dataclass(frozen=True)
class Arrangement:
    """A piece as it is played in a clip."""

    kind: Kind
    piece: Piece
    """With the channels that play."""
    main: int
    """Channel that stands out."""
    gain_db: float
    """RMS of the main channel above that of all others together."""

    @property
    def main_program(self) -> int | None:
        """General MIDI program of the main instrument; None for drums."""
        return None if self.main == DRUM_CHANNEL else self.piece.programs[self.main]

    def part(self, is_main: bool) -> Piece:
        """Return the piece with the main channel only, or with all others."""
        return replace(self.piece, notes=tuple(note for note in self.piece.notes if (note.channel == self.main) == is_main))


def arrange(piece: Piece, family: Family, rng: np.random.Generator) -> Arrangement:
    """Return the piece with a main instrument of `family`."""
    has_tune = any(note.channel == LEAD for note in piece.notes)
    on_chords = family in POLYPHONIC_FAMILIES and (not has_tune or bool(rng.random() < CHORDS_MAIN_PROB))
    kind: Kind = str(rng.choice(list(KIND_PROBS), p=list(KIND_PROBS.values())))  # type: ignore[assignment]
    main = CHORDS if on_chords or not has_tune else LEAD
    channels = {main, *ACCOMPANIMENT[kind]}
    program = int(rng.choice(MAIN_PROGRAMS[family]))
    octaves = OCTAVES.get(program, 0) if main == LEAD else 0
    notes = tuple(
        _moved(note, 12 * octaves) if note.channel == main else note for note in piece.notes if note.channel in channels
    )
    programs = {channel: program if channel == main else other for channel, other in piece.programs.items()}
    return Arrangement(kind, replace(piece, notes=notes, programs=programs), main, float(rng.uniform(*MAIN_GAINS_DB[kind])))


def drums_alone(piece: Piece) -> Arrangement:
    """Return the drums of the piece."""
    notes = tuple(note for note in piece.notes if note.channel == DRUM_CHANNEL)
    return Arrangement(DRUMS, replace(piece, notes=notes), DRUM_CHANNEL, 0.0)


def _moved(note: PlayedNote, semitones: int) -> PlayedNote:
    return replace(note, pitch=int(np.clip(note.pitch + semitones, LOWEST_PITCH, HIGHEST_PITCH)))
