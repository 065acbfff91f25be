from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import mido
import numpy as np
import pytest

from pipelines.music.rhythm.types import Beats
from pipelines.notes.midi import midi_file
from pipelines.notes.notes import Note, NotePart, NoteTranscription
from pipelines.notes.tempo_map import tempo_map

PARTS = (NotePart("Piano", 4), NotePart("Drums", 0, True))


def beats_of(times: list[float], first: int, per_bar: int, unit: int = 4) -> Beats:
    positions = tuple((first - 1 + index) % per_bar + 1 for index in range(len(times)))
    return Beats(tuple(times), positions, per_bar, unit, 0.9)


SLOWING = [round(float(time), 3) for time in 0.83 + np.cumsum(np.linspace(0.4, 0.9, 40))]
CASES = {
    "a pickup, and a tempo that slows down": beats_of(SLOWING, 3, 4),
    "a waltz that begins on the downbeat": beats_of([0.3 + 0.41 * beat for beat in range(60)], 1, 3),
    "six eighths": beats_of([0.61 * beat for beat in range(40)], 1, 2, 8),
    "a first beat at once": beats_of([0.01 + 0.5 * beat for beat in range(40)], 4, 4),
    "a pause of whole bars": beats_of([0.2 + 0.5 * beat for beat in (*range(8), *range(48, 60))], 1, 4),
}


def transcription(beats: Beats | None, notes: tuple[Note, ...] = (), duration: float = 28.0) -> NoteTranscription:
    return NoteTranscription(duration, notes, PARTS, beats=beats, key=("Bb", "minor"), state="done")


def read_back(file: mido.MidiFile) -> tuple[list[float], list[tuple[float, int, int]], list[str]]:
    """Seconds of the bar lines, (seconds, pitch, channel) of the notes, and keys, all by what the file alone says."""
    events, now, tick, per_beat = [], 0.0, 0, file.ticks_per_beat
    tempo = 500_000
    for message in mido.merge_tracks(file.tracks):
        now += mido.tick2second(message.time, per_beat, tempo)
        tick += message.time
        tempo = message.tempo if message.type == "set_tempo" else tempo
        events.append((tick, now, message))
    tempi = [(tick, now, message.tempo) for tick, now, message in events if message.type == "set_tempo"]
    signatures = [(tick, m.numerator / m.denominator * 4 * per_beat) for tick, _, m in events if m.type == "time_signature"]
    bars = [at for (first, length), (end, _) in zip(signatures, [*signatures[1:], (events[-1][0] + 1, 0)], strict=True)
            for at in np.arange(first, end, length)]  # fmt: skip
    lines = []
    for at in bars:
        begin, seconds, tempo = [entry for entry in tempi if entry[0] <= at][-1]
        lines.append(seconds + mido.tick2second(at - begin, per_beat, tempo))
    notes = [(now, m.note, m.channel) for _, now, m in events if m.type == "note_on"]
    return lines, notes, [m.key for _, _, m in events if m.type == "key_signature"]


@pytest.mark.parametrize("beats", CASES.values(), ids=CASES.keys())
def test_bar_lines_of_the_file_are_those_of_the_clip(beats: Beats) -> None:
    last = Note(beats.times[-1], beats.times[-1] + 0.2, 60, 80, "Piano")
    lines, _, keys = read_back(midi_file(transcription(beats, (last,))))
    pauses = [(begin, end) for begin, end in pairwise(beats.times) if end - begin > 4]
    downbeats = [time for time in beats.downbeats if time < beats.times[-1]]
    assert max(min(abs(line - time) for line in lines) for time in downbeats) < 0.011
    between = [line for line in lines if downbeats[0] - 0.05 < line < downbeats[-1] + 0.05]
    between = [line for line in between if not any(begin < line < end - 0.05 for begin, end in pauses)]
    assert len(between) == len(downbeats)
    assert keys == ["Bbm"]


@pytest.mark.parametrize("beats", [*CASES.values(), None], ids=[*CASES.keys(), "no beats"])
def test_notes_of_the_file_are_where_those_of_the_clip_are(beats: Beats | None) -> None:
    onsets = np.round(np.linspace(0, 27, 50), 4).tolist()
    notes = (*(Note(onset, onset + 0.3, 60, 80, "Piano") for onset in onsets), Note(1.0, 1.1, 36, 99, "Drums"))
    _, found, _ = read_back(midi_file(transcription(beats, notes)))
    assert [now for now, pitch, _ in found if pitch == 60] == pytest.approx(onsets, abs=2e-3)
    assert {(pitch, channel) for _, pitch, channel in found} == {(60, 0), (36, 9)}


def test_every_part_has_a_track_with_its_program_and_repeated_notes_stay_apart() -> None:
    notes = (Note(0.0, 0.5, 60, 80, "Piano"), Note(0.5, 1.0, 60, 80, "Piano"))
    file = midi_file(transcription(None, notes))
    assert [track.name for track in file.tracks] == ["Tempo, bars and key", "Piano", "Drums"]
    assert [message.program for message in file.tracks[1] if message.type == "program_change"] == [4]
    kinds = [message.type for message in file.tracks[1] if message.type.startswith("note")]
    assert kinds == ["note_on", "note_off", "note_on", "note_off"]


def test_a_note_that_outlasts_the_next_one_of_its_pitch_ends_where_it_begins() -> None:
    notes = (Note(0.0, 0.51, 60, 80, "Piano"), Note(0.1, 1.0, 64, 80, "Piano"), Note(0.5, 1.0, 60, 80, "Piano"))
    kinds = [m.type for m in midi_file(transcription(None, notes)).tracks[1] if m.type.startswith("note") and m.note == 60]
    assert kinds == ["note_on", "note_off", "note_on", "note_off"]


def test_a_curve_moves_the_pitch_wheel_and_sets_it_back() -> None:
    file = midi_file(transcription(None, (Note(0.0, 1.0, 60, 80, "Piano", (0.0, 1.0, 0.0)),)))
    wheel = [message.pitch for message in file.tracks[1] if message.type == "pitchwheel"]
    assert max(wheel) == pytest.approx(8191 / 12, rel=0.05)
    assert wheel[-1] == 0


def test_seconds_and_quarters_are_inverse() -> None:
    times = tempo_map(CASES["a pickup, and a tempo that slows down"], 28.0)
    assert times.has_pickup
    assert times.seconds(times.quarters([0.0, 3.3, 40.0])) == pytest.approx([0.0, 3.3, 40.0])
    assert [times.signature(bar) for bar in times.bars[:3]] == ["1/4", "4/4", "4/4"]


def test_a_note_ends_before_the_next_one_at_its_pitch_begins() -> None:
    held = tuple(Note(0.5 + 0.2 * number, 0.72 + 0.2 * number, 60, 80, "Piano") for number in range(4))
    other = Note(0.6, 1.2, 64, 80, "Piano")
    track = midi_file(transcription(None, (*held, other))).tracks[1]
    states = [message.type for message in track if message.type.startswith("note_") and message.note == 60]
    assert states == ["note_on", "note_off"] * 4


def test_the_pedal_is_in_the_track_of_the_piano_at_its_seconds() -> None:
    beats = CASES["a pickup, and a tempo that slows down"]
    notes = (Note(1.0, 3.0, 60, 80, "Piano"), Note(2.0, 2.1, 36, 90, "Drums"))
    played = replace(transcription(beats, notes), pedals=((1.1, 3.0), (3.0, 5.5)))
    file = midi_file(played)
    pedals, now = [], 0.0
    for message in file:
        now += message.time
        if message.is_cc(64):
            pedals.append((now, message.value, message.channel))
    assert [value for _, value, _ in pedals] == [127, 0, 127, 0]
    assert [time for time, _, _ in pedals] == pytest.approx([1.1, 3.0, 3.0, 5.5], abs=0.002)
    assert {channel for *_, channel in pedals} == {0}
    assert NoteTranscription.from_dict(played.to_dict()).pedals == played.pedals
