"""Notes as a language: onset, pitch, velocity and duration of each note, one token each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import mido

TICKS_PER_SECOND = 100
"""Resolution of onsets and durations."""
PITCHES = VELOCITIES = 128
MIDI_TICKS_PER_BEAT = 480
MIDI_TEMPO_MICROSECONDS = 500_000
NOTE = re.compile(r"<onset (\d+)>\s*<pitch (\d+)>\s*<velocity (\d+)>\s*<duration (\d+)>")


@dataclass(frozen=True, order=True)
class TextNote:
    """A note as the tokens have it."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    pitch: int
    """MIDI."""
    velocity: int
    """MIDI, 1 to 127."""


def note_vocabulary(seconds: int) -> list[str]:
    """Return all tokens for clips of up to `seconds` seconds."""
    counts = {"onset": seconds * TICKS_PER_SECOND + 1, "pitch": PITCHES, "velocity": VELOCITIES}
    counts["duration"] = counts["onset"]
    return [f"<{name} {number}>" for name, count in counts.items() for number in range(count)]


def notes_to_text(notes: Iterable[TextNote]) -> str:
    """Return the tokens of the notes, ordered by onset, then by pitch."""
    return "".join(
        f"<onset {_ticks(note.start)}><pitch {note.pitch}><velocity {note.velocity}>"
        f"<duration {max(1, _ticks(note.end) - _ticks(note.start))}>"
        for note in sorted(notes, key=lambda note: (_ticks(note.start), note.pitch))
    )


def text_to_notes(text: str) -> list[TextNote]:
    """Return the notes of a text; what is no whole note is passed over, and no note has a velocity of 0."""
    return list(_notes(text))


def midi_of_notes(notes: Iterable[TextNote], program: int = 0) -> mido.MidiFile:
    """Return the notes as a MIDI file of one track at 120 beats a minute.

    Args:
        notes: in any order.
        program: General MIDI program, from 0.
    """
    midi = mido.MidiFile(ticks_per_beat=MIDI_TICKS_PER_BEAT)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=MIDI_TEMPO_MICROSECONDS)])
    track.append(mido.Message("program_change", program=program))
    midi.tracks.append(track)
    events = [(note.start, 1, note) for note in notes]
    events += [(note.end, 0, note) for _, _, note in events]
    now = 0
    for seconds, is_start, note in sorted(events):
        tick = round(mido.second2tick(seconds, MIDI_TICKS_PER_BEAT, MIDI_TEMPO_MICROSECONDS))
        kind = "note_on" if is_start else "note_off"
        track.append(mido.Message(kind, note=note.pitch, velocity=is_start * note.velocity, time=tick - now))
        now = tick
    return midi


def _notes(text: str) -> Iterator[TextNote]:
    for match in NOTE.finditer(text):
        onset, pitch, velocity, duration = map(int, match.groups())
        if pitch < PITCHES and 0 < velocity < VELOCITIES and duration > 0:
            yield TextNote(onset / TICKS_PER_SECOND, (onset + duration) / TICKS_PER_SECOND, pitch, velocity)


def _ticks(seconds: float) -> int:
    return round(seconds * TICKS_PER_SECOND)
