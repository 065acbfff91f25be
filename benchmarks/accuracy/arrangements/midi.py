"""The notes of a MIDI file, bar by bar."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import mido

from benchmarks.accuracy.arrangements.arrangement import Arrangement

DRUM_CHANNEL = 9
DRUMS = "drums"


def midi_arrangement(path: Path) -> Arrangement:
    """Return the programs and their pitch classes; the drum kit is one voice with a note for each drum."""
    file = mido.MidiFile(path, clip=True)
    bars: defaultdict[int, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    programs: dict[int, int] = {}
    times: list[float] = [0.0]
    seconds, tick, tempo, bar_ticks, bar_start = 0.0, 0, 500_000, 4 * file.ticks_per_beat, 0
    for message in mido.merge_tracks(file.tracks):
        rest = message.time
        while tick + rest >= bar_start + bar_ticks:
            passed = bar_start + bar_ticks - tick
            seconds += mido.tick2second(passed, file.ticks_per_beat, tempo)
            rest -= passed
            tick = bar_start = bar_start + bar_ticks
            times.append(seconds)
        seconds += mido.tick2second(rest, file.ticks_per_beat, tempo)
        tick += rest
        if message.type == "set_tempo":
            tempo = message.tempo
        elif message.type == "time_signature" and tick == bar_start:
            bar_ticks = 4 * file.ticks_per_beat * message.numerator // message.denominator
        elif message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "note_on" and message.velocity:
            is_drum = message.channel == DRUM_CHANNEL
            voice = DRUMS if is_drum else f"{message.channel} {programs.get(message.channel, 0)}"
            bars[len(times) - 1][voice].add(message.note if is_drum else message.note % 12)
    frozen = tuple({voice: frozenset(notes) for voice, notes in bars[bar].items()} for bar in range(len(times)))
    return Arrangement((*times, max(seconds, times[-1] + 1e-3)), frozen)
