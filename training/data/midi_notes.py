"""Notes of MIDI files, in the form of the facts: [onset, offset, pitch, velocity, program], seconds."""

from __future__ import annotations

import io
from typing import Any

import mido

DRUM_CHANNEL = 9
DECIMALS = 4


def midi_notes(content: bytes) -> list[list[Any]]:
    """Return the notes of a MIDI file, by onset: [onset, offset, pitch, velocity, program; -1 for drums].

    A note ends when its key is released, or when it is struck again; the pedal is not applied.

    Raises:
        OSError, ValueError, EOFError: it is no MIDI file.
    """
    notes: list[list[Any]] = []
    sounding: dict[tuple[int, int], list[Any]] = {}
    programs = dict.fromkeys(range(16), 0)
    now = 0.0
    for message in mido.MidiFile(file=io.BytesIO(content)):
        now += message.time
        if message.type == "program_change":
            programs[message.channel] = message.program
        if message.type not in ("note_on", "note_off"):
            continue
        key = (message.channel, message.note)
        if key in sounding:
            sounding.pop(key)[1] = round(now, DECIMALS)
        if message.type == "note_on" and message.velocity:
            program = -1 if message.channel == DRUM_CHANNEL else programs[message.channel]
            sounding[key] = [round(now, DECIMALS), round(now, DECIMALS), message.note, message.velocity, program]
            notes.append(sounding[key])
    for note in sounding.values():
        note[1] = round(now, DECIMALS)
    return sorted(notes)


def part_notes(notes: list[list[Any]], start: float, duration: float) -> list[list[Any]]:
    """Return the notes that begin within `duration` seconds from `start`, cut at its end, in seconds of the part."""
    end = start + duration
    return [
        [round(onset - start, DECIMALS), round(min(offset, end) - start, DECIMALS), *rest]
        for onset, offset, *rest in notes
        if start <= onset < end
    ]
