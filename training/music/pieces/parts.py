"""The notes of every part of a section: drums, bass, chords, pad and tune. All times are in beats from the first downbeat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.music.harmony.types import NO_CHORD_NAME
from training.music.pieces import styles
from training.music.pieces.harmony import INTERVALS, SCALES, Harmony, cadence, voicing
from training.music.pieces.piece import BASS, CHORDS, DRUM_CHANNEL, LEAD, PAD, SECOND_CHORDS
from training.music.pieces.plan import PieceTraits, SectionPlan, draw_section

MIDDLE_BASS_PITCH = 38
"""MIDI pitch around which the bass lies."""

BeatSpan = tuple[float, float, str]
"""(start, end, label) of a chord or a section."""


@dataclass(frozen=True)
class ScoreNote:
    """A note in the score."""

    onset: float
    """Beats."""
    length: float
    """Beats."""
    pitch: int
    """MIDI pitch."""
    velocity: int
    """MIDI velocity."""
    channel: int
    """MIDI channel."""


def chord_spans(plan: SectionPlan, start: float, end: float) -> list[BeatSpan]:
    """Return the chords of the section from beat `start` to beat `end`."""
    if not plan.harmonies:
        return [(start, end, NO_CHORD_NAME)]
    return [(beat, min(beat + plan.beats_per_chord, end), harmony.label) for beat, harmony in _harmonies(plan, start, end)]


def section_notes(traits: PieceTraits, plan: SectionPlan, start: float, end: float, is_first: bool) -> list[ScoreNote]:
    """Return all notes of the section from beat `start` to beat `end`."""
    notes: list[ScoreNote] = []
    if plan.has_drums:
        notes += _drum_notes(traits, plan, start, end, has_crash=not is_first and traits.rng.random() < 0.7)
    for beat, harmony in _harmonies(plan, start, end) if plan.harmonies else ():
        stop = min(beat + plan.beats_per_chord, end)
        notes += _chord_notes(traits, plan.chords, harmony, beat, stop, CHORDS)
        if traits.has_second_chords:
            notes += _chord_notes(traits, traits.style.chords[0], harmony, beat, stop, SECOND_CHORDS)
        if plan.has_bass:
            notes += _bass_notes(traits, plan.bass, harmony, beat, stop)
        if plan.has_pad:
            notes += [ScoreNote(beat, stop - beat, pitch, 58, PAD) for pitch in voicing(harmony, traits.chord_pitch + 3)]
    if plan.has_lead and plan.harmonies:
        notes += _lead_notes(traits, plan, start, end)
        if is_first and traits.has_upbeat:
            notes += _upbeat_notes(traits)
    return notes


def ending(traits: PieceTraits, start: float) -> tuple[list[ScoreNote], list[BeatSpan]]:
    """Return (notes, chords) of the last two bars: the dominant, then the tonic, held."""
    style, bar = traits.style, traits.style.beats_per_bar
    dominant, tonic = cadence(traits.tonic, traits.mode, style.harmonies)
    last = start + bar
    notes = _chord_notes(traits, style.chords[0], dominant, start, last, CHORDS)
    notes += _bass_notes(traits, style.bass[0], dominant, start, last)
    notes += [ScoreNote(last, bar, pitch, 88, CHORDS) for pitch in voicing(tonic, traits.chord_pitch)]
    notes.append(ScoreNote(last, bar, MIDDLE_BASS_PITCH + (tonic.root - MIDDLE_BASS_PITCH) % 12, 88, BASS))
    if traits.has_drums:
        notes += _drum_notes(traits, draw_section(traits, 1), start, last, has_crash=False)
        notes.append(ScoreNote(last, 0.5, styles.CRASH, 100, DRUM_CHANNEL))
    return notes, [(start, last, dominant.label), (last, last + bar, tonic.label)]


def _harmonies(plan: SectionPlan, start: float, end: float) -> Iterator[tuple[float, Harmony]]:
    """Yield (beat at which it begins, chord)."""
    for count, beat in enumerate(np.arange(start, end - 1e-6, plan.beats_per_chord)):
        yield float(beat), plan.harmonies[count % len(plan.harmonies)]


def _drum_notes(traits: PieceTraits, plan: SectionPlan, start: float, end: float, has_crash: bool) -> list[ScoreNote]:
    style = traits.style
    notes = []
    for bar in np.arange(start, end - 1e-6, style.beats_per_bar):
        has_fill = bar + style.beats_per_bar >= end - 1e-6 and traits.rng.random() < 0.6
        fill_start = bar + style.beats_per_bar - min(2, style.beats_per_bar - 1) if has_fill else np.inf
        for key, pattern in plan.drums.items():
            for step, sign in enumerate(pattern):
                beat = bar + step / style.steps_per_beat
                if sign != "." and beat < fill_start:
                    notes.append(ScoreNote(float(beat), 0.1, key, 104 if sign == "X" else 74, DRUM_CHANNEL))
        if has_fill:
            notes += _fill_notes(traits, float(fill_start), float(bar + style.beats_per_bar))
    if has_crash:
        notes.append(ScoreNote(start, 0.5, styles.CRASH, 100, DRUM_CHANNEL))
    return notes


def _fill_notes(traits: PieceTraits, start: float, end: float) -> list[ScoreNote]:
    drums = (styles.SNARE, styles.HIGH_TOM, styles.MID_TOM, styles.LOW_TOM)
    steps_per_beat = traits.style.steps_per_beat if traits.bpm < 130 else traits.style.steps_per_beat / 2
    steps = np.arange(start, end - 1e-6, 1 / steps_per_beat)
    return [
        ScoreNote(float(beat), 0.1, drums[min(3, 4 * i // len(steps))], int(traits.rng.integers(70, 110)), DRUM_CHANNEL)
        for i, beat in enumerate(steps)
        if traits.rng.random() < 0.8
    ]


def _pattern_notes(pattern: str, per_beat: int, start: float, end: float) -> Iterator[tuple[float, float, str]]:
    """Yield (onset, length, sign) in beats of what a part plays while one chord lasts; the pattern stays aligned to the bars."""
    for step in range(round(start * per_beat), round(end * per_beat)):
        sign = pattern[step % len(pattern)]
        if sign in ".-":
            continue
        following = 1
        while step + following < round(end * per_beat) and pattern[(step + following) % len(pattern)] == "-":
            following += 1
        yield step / per_beat, following / per_beat, sign


def _chord_notes(traits: PieceTraits, pattern: str, harmony: Harmony, start: float, end: float, channel: int) -> list[ScoreNote]:
    style = traits.style
    pitches = voicing(harmony, traits.chord_pitch + (12 if channel == SECOND_CHORDS else 0))
    notes = []
    for onset, length, sign in _pattern_notes(pattern, style.steps_per_beat, start, end):
        if sign.isdigit():
            ring = max(length, min(2 / style.steps_per_beat * 2, end - onset))
            notes.append(ScoreNote(onset, ring, pitches[int(sign) - 1], 70, channel))
        else:
            held = length if sign == "X" else min(length, 0.4)
            velocity = 82 if onset % style.beats_per_bar == 0 else 70
            notes += [ScoreNote(onset + 0.008 * i, held, pitch, velocity, channel) for i, pitch in enumerate(pitches[:4])]
    return notes


def _bass_notes(traits: PieceTraits, pattern: str, harmony: Harmony, start: float, end: float) -> list[ScoreNote]:
    lowest = min(pitch for pitch in voicing(harmony, MIDDLE_BASS_PITCH) if pitch % 12 == harmony.root)
    third, fifth = INTERVALS[harmony.quality][1:3]
    tones = {"r": 0, "f": fifth, "o": 12, "t": third}
    notes = []
    for count, (onset, length, sign) in enumerate(_pattern_notes(pattern, traits.style.steps_per_beat, start, end)):
        walk = int(traits.rng.choice([third, fifth, 12, 2, fifth + 2, -1 if end - onset <= 1 else 12]))
        interval = 0 if count == 0 else walk if sign == "w" else tones[sign]
        notes.append(ScoreNote(onset, length, lowest + interval, 88, BASS))
    return notes


def _lead_notes(traits: PieceTraits, plan: SectionPlan, start: float, end: float) -> list[ScoreNote]:
    rng, lead_pitch = traits.rng, traits.lead_pitch
    scale = [(traits.tonic + step) % 12 for step in SCALES[traits.mode]]
    ladder = [pitch for pitch in range(lead_pitch - 11, lead_pitch + 12) if pitch % 12 in scale]
    harmonies = list(_harmonies(plan, start, end))
    place, notes = len(ladder) // 2, []
    for motif in np.arange(start, end - 1e-6, 2 * traits.style.beats_per_bar):
        if rng.random() < 0.1:
            continue
        for (onset, length), step in zip(plan.tune, plan.contour, strict=True):
            beat = float(motif + onset)
            if beat >= end:
                break
            harmony = [chord for begin, chord in harmonies if begin <= beat + 1e-6][-1]
            place = int(np.clip(place + step, 0, len(ladder) - 1))
            pitch = ladder[place]
            if (onset % 1 == 0 or length >= 1) and rng.random() < 0.85:
                pitch = _nearest_chord_tone(pitch, harmony)
            notes.append(ScoreNote(beat, length, pitch, 96 if onset % 1 == 0 else 86, LEAD))
    return notes


def _upbeat_notes(traits: PieceTraits) -> list[ScoreNote]:
    """Return a few notes of the scale that lead to the first downbeat."""
    count = int(traits.rng.integers(1, 4))
    step = 1 / traits.style.lead_steps
    fifth = traits.lead_pitch + (traits.tonic + 7 - traits.lead_pitch) % 12 - 12
    pitches = [fifth + (0, 2, 4)[i] * (traits.mode == "major") for i in range(count)]
    return [ScoreNote(-(count - i) * step, step * 0.9, pitch, 86, LEAD) for i, pitch in enumerate(pitches)]


def _nearest_chord_tone(pitch: int, harmony: Harmony) -> int:
    """Return the pitch of the chord that is nearest to `pitch`."""
    near = (other for other in range(pitch - 6, pitch + 7) if other % 12 in harmony.pitch_classes)
    return min(near, key=lambda other: abs(other - pitch))
