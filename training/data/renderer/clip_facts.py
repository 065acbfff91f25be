"""The exact truth of a part of a piece."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Literal

import numpy as np

from training.data.renderer.arrangement import Arrangement
from training.data.renderer.instruments import DRUMS, INSTRUMENTS, family_of
from training.music.pieces.piece import DRUM_CHANNEL, PlayedNote, Truth

TempoClass = Literal["slow", "medium", "fast"]
MEDIUM_BPM, FAST_BPM = 84.0, 126.0
"""Lowest tempo of each class, in beats a minute; in 6/8 the beat is the dotted quarter."""
TEMPO_MARGIN = 0.04
"""Relative distance from a limit within which a clip has no class."""
COMPOUND_UNIT = 8
MIN_SPAN_SECONDS = 0.3
"""A chord that sounds for less at the edge of a clip is not named."""
DECIMALS = 4
Facts = Mapping[str, Any]


def tempo_class(bpm: float) -> TempoClass | None:
    """Return the class of a tempo; None within `TEMPO_MARGIN` of a limit, where neither is right."""
    if any(abs(bpm / limit - 1) < TEMPO_MARGIN for limit in (MEDIUM_BPM, FAST_BPM)):
        return None
    return "slow" if bpm < MEDIUM_BPM else "medium" if bpm < FAST_BPM else "fast"


def metre_name(truth: Truth) -> str:
    """Return the time signature, such as '3/4' or '6/8'."""
    if truth.beat_unit == COMPOUND_UNIT:
        return f"{3 * truth.beats_per_bar}/8"
    return f"{truth.beats_per_bar}/4"


def clip_bpm(truth: Truth, start: float, end: float) -> float:
    """Return the beats per minute between two times in seconds, from the median distance of its beats."""
    beats = [beat for beat in truth.beats if start - 1 <= beat <= end + 1]
    return 60 / float(np.median(np.diff(beats))) if len(beats) > 2 else truth.bpm


def clip_facts(arrangement: Arrangement, start: float, duration: float) -> dict[str, Any]:
    """Return what is known of `duration` seconds from `start`: the tempo, metre, key, chords, beats, instruments and notes.

    Keys: 'bpm', 'tempo' (slow, medium or fast; absent near a limit), 'metre', 'family' (of the main instrument, or 'drums'),
    'families' (all pitched ones), 'instrument' (name of the main one), 'drums', 'programs' (by channel), 'beats' (seconds),
    'downbeats', 'notes' ([onset, offset, pitch, velocity, program; -1 for drums]), and of pitched clips 'mode', 'tonic' (0 is C)
    and 'chords' ([start, end, Harte's name]). Times are seconds of the clip.
    """
    piece, truth, end = arrangement.piece, arrangement.piece.truth, start + duration
    bpm = clip_bpm(truth, start, end)
    sounding = [note for note in piece.notes if note.start < end and note.end > start]
    channels = sorted({note.channel for note in sounding} - {DRUM_CHANNEL})
    facts: dict[str, Any] = {"bpm": round(bpm, 2), "metre": metre_name(truth), "style": piece.style}
    if (tempo := tempo_class(bpm)) is not None:
        facts["tempo"] = tempo
    program = arrangement.main_program
    facts["family"] = DRUMS if program is None else family_of(program)
    facts["instrument"] = "drum kit" if program is None else INSTRUMENTS[program]
    facts["families"] = sorted({family_of(piece.programs[channel]) for channel in channels})
    facts["programs"] = {str(channel): piece.programs[channel] for channel in channels}
    facts["drums"] = any(note.channel == DRUM_CHANNEL for note in sounding)
    if program is not None:
        facts |= {"mode": truth.mode, "tonic": truth.tonic, "chords": _chords(truth, start, end)}
    inside = [(beat, position) for beat, position in zip(truth.beats, truth.positions, strict=True) if start <= beat < end]
    facts["beats"] = [round(beat - start, DECIMALS) for beat, _ in inside]
    facts["downbeats"] = [round(beat - start, DECIMALS) for beat, position in inside if position == 1]
    facts["notes"] = [_note(note, piece.programs, start, end) for note in sounding]
    return facts


def _chords(truth: Truth, start: float, end: float) -> list[list[Any]]:
    spans = [(max(0.0, span.start - start), min(end, span.end) - start, span.label) for span in truth.chords]
    spans = [span for span in spans if span[1] - span[0] >= MIN_SPAN_SECONDS]
    joined = [list(group) for _, group in groupby(spans, key=lambda span: span[2])]
    return [[round(group[0][0], DECIMALS), round(group[-1][1], DECIMALS), group[0][2]] for group in joined]


def _note(note: PlayedNote, programs: Mapping[int, int], start: float, end: float) -> list[Any]:
    program = -1 if note.channel == DRUM_CHANNEL else programs[note.channel]
    onset, offset = round(max(0.0, note.start - start), DECIMALS), round(min(note.end, end) - start, DECIMALS)
    return [onset, offset, note.pitch, note.velocity, program]
