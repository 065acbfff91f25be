"""From the score to a performance: lead-in, wandering tempo, swing and loose timing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import DoubleArray, IntArray
from training.music.pieces import styles
from training.music.pieces.parts import BeatSpan, ScoreNote
from training.music.pieces.piece import BASS, CHORDS, DRUM_CHANNEL, LEAD, PAD, SECOND_CHORDS, Piece, PlayedNote, TrueSpan, Truth
from training.music.pieces.plan import PieceTraits

MAX_LOOSENESS_SECONDS = 0.03
MIN_NOTE_SECONDS = 0.06
MAX_VOLUMES = {BASS: 105, CHORDS: 95, LEAD: 100, PAD: 75, SECOND_CHORDS: 70, DRUM_CHANNEL: 105}
"""MIDI volume of each channel; the softest is 0.65 times as much."""


@dataclass(frozen=True)
class Score:
    """A piece in beats."""

    notes: list[ScoreNote]
    chords: list[BeatSpan]
    sections: list[BeatSpan]
    last_downbeat: float
    """Beats."""


@dataclass(frozen=True)
class _Clock:
    """Seconds of every beat."""

    beats: IntArray
    """Whole beats, ascending."""
    times: DoubleArray
    """Seconds of each of `beats`."""
    swing: float | None
    """Beats from a beat to its second eighth; None where beats are not divided by two."""

    def seconds(self, beat: float) -> float:
        """Return the time of a beat or of a fraction of one."""
        whole = np.floor(beat + 1e-6)
        part = max(0.0, beat - whole)
        if self.swing is not None:
            part = part * self.swing / 0.5 if part < 0.5 else self.swing + (part - 0.5) * (1 - self.swing) / 0.5
        return float(np.interp(whole + part, self.beats, self.times))


def perform(traits: PieceTraits, seed: int, score: Score) -> Piece:
    """Return the piece in seconds."""
    style, bar = traits.style, traits.style.beats_per_bar
    first = min(0, int(np.floor(min(note.onset for note in score.notes) + 1e-6)))
    clock = _clock(traits, np.arange(first, int(score.last_downbeat) + bar + 2))
    beats = np.arange(first, int(score.last_downbeat) + 1)
    times = [clock.seconds(float(beat)) for beat in beats]
    played = tuple(sorted((_played(traits, note, clock) for note in score.notes), key=lambda note: note.start))
    chords, sections = (
        tuple(TrueSpan(clock.seconds(start), clock.seconds(end), label) for start, end, label in spans)
        for spans in (score.chords, score.sections)
    )
    truth = Truth(
        bpm=60 / float(np.median(np.diff(times))),
        beats_per_bar=bar,
        beat_unit=style.beat_unit,
        beats=tuple(times),
        positions=tuple(int(beat % bar) + 1 for beat in beats),
        tonic=traits.tonic,
        mode=traits.mode,
        chords=chords,
        sections=sections,
    )
    programs = _programs(traits)
    volumes = {channel: int(traits.rng.uniform(0.65, 1.0) * volume) for channel, volume in MAX_VOLUMES.items()}
    return Piece(style.name, seed, played, programs, volumes, truth, max(note.end for note in played))


def _clock(traits: PieceTraits, beats: IntArray) -> _Clock:
    """Return the time of each of `beats`: after a short silence, at a tempo that wanders."""
    rng, style = traits.rng, traits.style
    walk = np.convolve(np.cumsum(rng.normal(0, 1, len(beats))), np.ones(8) / 8, mode="same")
    drift = style.drift * walk / max(1.0, float(np.abs(walk - walk.mean()).max()))
    times = float(rng.uniform(0.05, 1.5)) + np.concatenate([[0.0], np.cumsum(60 / traits.bpm * (1 + drift))[:-1]])
    return _Clock(beats, times, traits.swing if style.beat_unit == 4 else None)


def _played(traits: PieceTraits, note: ScoreNote, clock: _Clock) -> PlayedNote:
    rng = traits.rng
    deviation = traits.style.looseness_ms / 1000 * (0.5 if note.channel == DRUM_CHANNEL else 1.0)
    shift = float(np.clip(rng.normal(0, deviation), -MAX_LOOSENESS_SECONDS, MAX_LOOSENESS_SECONDS))
    start = max(0.0, clock.seconds(note.onset) + shift)
    end = clock.seconds(note.onset + note.length * (traits.gate if note.channel != PAD else 1.0))
    velocity = int(np.clip(note.velocity + rng.normal(0, 7), 20, 127))
    return PlayedNote(start, max(end, start + MIN_NOTE_SECONDS), int(np.clip(note.pitch, 12, 115)), velocity, note.channel)


def _programs(traits: PieceTraits) -> dict[int, int]:
    style = traits.style
    pools = {
        BASS: style.bass_programs, CHORDS: style.chord_programs, LEAD: style.lead_programs,
        PAD: styles.PADS + styles.STRINGS, SECOND_CHORDS: style.chord_programs,
    }  # fmt: skip
    return {channel: int(traits.rng.choice(pool)) for channel, pool in pools.items()}
