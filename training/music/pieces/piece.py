"""A composed piece of music: its notes, its instruments, and the annotations that hold for it."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.music.harmony.notation import Mode

DRUM_CHANNEL = 9
BASS, CHORDS, LEAD, PAD, SECOND_CHORDS = range(5)
"""MIDI channels."""


@dataclass(frozen=True)
class PlayedNote:
    """A note as the synthesizer plays it."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    pitch: int
    """MIDI pitch; on `DRUM_CHANNEL` the General MIDI percussion key."""
    velocity: int
    """MIDI velocity, 1 to 127."""
    channel: int
    """MIDI channel."""


@dataclass(frozen=True)
class TrueSpan:
    """A chord or a section."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    label: str
    """A chord in Harte's syntax, or the letter of a section."""


@dataclass(frozen=True)
class Truth:
    """Annotations of a piece."""

    bpm: float
    """Beats per minute, from the median distance between beats; in 6/8 the beat is the dotted quarter."""
    beats_per_bar: int
    beat_unit: int
    """4: the beat is a quarter; 8: it is three eighths, as in 6/8."""
    beats: tuple[float, ...]
    """Seconds, until the downbeat of the last bar."""
    positions: tuple[int, ...]
    """Position of each beat in its bar, 1 is the downbeat."""
    tonic: int
    """Pitch class, 0 is C."""
    mode: Mode
    chords: tuple[TrueSpan, ...]
    sections: tuple[TrueSpan, ...]


@dataclass(frozen=True)
class Piece:
    """Notes, the instruments of the channels (General MIDI programs), and the annotations."""

    style: str
    seed: int
    notes: tuple[PlayedNote, ...]
    programs: dict[int, int]
    """General MIDI program of each channel, from 0."""
    volumes: dict[int, int]
    """MIDI volume of each channel, 0 to 127."""
    truth: Truth
    duration: float
    """Seconds, until the last note is released."""
