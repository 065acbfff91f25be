"""Notes as a Standard MIDI File, with the clip's tempo, bars and key: its bar lines are those of the clip."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipelines.music.harmony.notation import Mode
from pipelines.notes.notes import Note, NotePart, NoteTranscription, Pedal, without_overlaps
from pipelines.notes.tempo_map import TempoMap, tempo_map

if TYPE_CHECKING:
    import mido

TICKS_PER_QUARTER = 960
DRUM_CHANNEL = 9
"""Channel of drums in General MIDI, counted from 0."""
SUSTAIN_PEDAL, MAX_CONTROL = 64, 127
"""Controller of the sustain pedal, and its value while it is down."""
BEND_RANGE_SEMITONES = 12
"""Range of the pitch wheel either way."""
BEND_SECONDS = 0.02
"""Time between two messages of the pitch wheel."""
MAX_BEND = 8191
MAX_OVERLAP = 0.03
"""Seconds that two notes may overlap and still follow each other."""
CONTROL_ORDER = ((101, 0), (100, 0), (6, BEND_RANGE_SEMITONES), (38, 0))
"""Controllers and values that set the range of the pitch wheel (registered parameter 0)."""


class _Timed(NamedTuple):
    """A message at an absolute tick. Ends come before beginnings: a note may begin when its predecessor ends."""

    tick: int
    order: int
    message: mido.Message | mido.MetaMessage


def midi_file(transcription: NoteTranscription) -> mido.MidiFile:
    """Return a file of one track of tempo, bars and key and one track for each part; its time 0 is the start of the clip."""
    import mido

    times = tempo_map(transcription.beats, transcription.duration)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER)
    file.tracks.append(_track("Tempo, bars and key", _conductor(times, transcription.key)))
    channels = (channel for channel in range(16) if channel != DRUM_CHANNEL)
    for part in transcription.parts:
        # There are 15 channels beside that of the drums; more parts share the last one.
        channel = DRUM_CHANNEL if part.is_drums else next(channels, 15)
        messages = _part(part, transcription.of_part(part.name), channel, times)
        pedal = [] if part.is_drums else _pedal(transcription.pedals, channel, times)
        file.tracks.append(_track(part.name, messages + pedal))
    return file


def _conductor(times: TempoMap, key: tuple[str, Mode] | None) -> list[_Timed]:
    """Return the tempo of every beat, and every change of the bars' length."""
    import mido

    found = []
    step = times.quarters_per_beat
    tempi = np.round(1e6 * np.diff(times.times) / step).astype(np.int64).tolist()
    for beat, tempo in enumerate(tempi):
        if not beat or tempo != tempi[beat - 1]:
            tick = round(beat * step * TICKS_PER_QUARTER)
            found.append(_Timed(tick, 0, mido.MetaMessage("set_tempo", tempo=tempo)))
    signature = ""
    for bar in times.bars:
        if times.signature(bar) != signature:
            signature = times.signature(bar)
            numerator, denominator = map(int, signature.split("/"))
            message = mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)
            found.append(_Timed(round(bar.start * TICKS_PER_QUARTER), 0, message))
    if key:
        tonic, mode = key
        found.append(_Timed(0, 0, mido.MetaMessage("key_signature", key=tonic + ("m" if mode == "minor" else ""))))
    return found


def _part(part: NotePart, notes: tuple[Note, ...], channel: int, times: TempoMap) -> list[_Timed]:
    """Return the messages of one part."""
    import mido

    found = [] if part.is_drums else [_Timed(0, 0, mido.Message("program_change", program=part.program, channel=channel))]
    # The pitch wheel is that of the whole channel: curves of notes that sound together would bend each other.
    bends = any(note.bend for note in notes) and all(a.offset <= b.onset + MAX_OVERLAP for a, b in pairwise(notes))
    if bends:
        for control, value in CONTROL_ORDER:
            found.append(_Timed(0, 1, mido.Message("control_change", control=control, value=value, channel=channel)))
    notes = without_overlaps(notes)
    ticks = np.round(times.quarters([(note.onset, note.offset) for note in notes]) * TICKS_PER_QUARTER).astype(np.int64)
    for note, (begin, end) in zip(notes, ticks.reshape(-1, 2).tolist(), strict=True):
        on = mido.Message("note_on", note=note.pitch, velocity=note.velocity, channel=channel)
        off = mido.Message("note_off", note=note.pitch, velocity=0, channel=channel)
        found += [_Timed(begin, 4, on), _Timed(max(end, begin + 1), 2, off)]
        found += _bends(note, channel, times) if bends else []
    return found


def _bends(note: Note, channel: int, times: TempoMap) -> list[_Timed]:
    """Return the messages of the pitch wheel for a note's curve; the last one sets it back."""
    import mido

    if not note.bend:
        return []
    count = max(2, round(note.duration / BEND_SECONDS))
    seconds = np.linspace(note.onset, note.offset, count)
    curve = np.interp(seconds, np.linspace(note.onset, note.offset, len(note.bend)), note.bend)
    values = np.clip(np.round(curve / BEND_RANGE_SEMITONES * MAX_BEND), -MAX_BEND, MAX_BEND).astype(np.int64)
    ticks = np.round(times.quarters(seconds) * TICKS_PER_QUARTER).astype(np.int64)
    found = [
        _Timed(tick, 3, mido.Message("pitchwheel", pitch=value, channel=channel))
        for tick, value in zip(ticks.tolist()[:-1], values.tolist()[:-1], strict=True)
    ]
    return [*found, _Timed(int(ticks[-1]), 1, mido.Message("pitchwheel", pitch=0, channel=channel))]


def _pedal(pedals: tuple[Pedal, ...], channel: int, times: TempoMap) -> list[_Timed]:
    """Return the messages of the sustain pedal; it is released before it is pressed again at the same tick."""
    import mido

    ticks = np.round(times.quarters(pedals) * TICKS_PER_QUARTER).astype(np.int64) if pedals else np.empty((0, 2), np.int64)
    return [
        _Timed(tick, order, mido.Message("control_change", control=SUSTAIN_PEDAL, value=value, channel=channel))
        for span in ticks.reshape(-1, 2).tolist()
        for tick, order, value in zip(span, (1, 0), (MAX_CONTROL, 0), strict=True)
    ]


def _track(name: str, messages: list[_Timed]) -> mido.MidiTrack:
    """Return a track of messages at absolute ticks."""
    import mido

    # MIDI texts are Latin-1 in mido, which refuses other letters.
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name.encode("latin-1", "replace").decode("latin-1"))])
    before = 0
    for tick, _, message in sorted(messages, key=lambda timed: timed[:2]):
        track.append(message.copy(time=tick - before))
        before = tick
    return track
