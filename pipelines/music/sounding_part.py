"""The part of a clip between the silence at its start and at its end, and facts of that part on the clip's time axis."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.arrays import FloatArray
from pipelines.music.frame_power import frame_power
from pipelines.music.harmony.types import NO_CHORD_NAME, Chord, KeySpan
from pipelines.music.rhythm.types import Beats
from pipelines.music.sections.types import Section

FRAME_SECONDS = 0.02
"""Unit of the start and the end of the part: one frame of the beat network."""
LEAD_SECONDS = 0.1
"""Silence that is kept before the part, so that a sound at its start has an onset."""
MIN_POWER_RATIO = 1e-6
"""Power of a frame relative to the maximum (-60 dB), up to which it is silent."""


@dataclass(frozen=True)
class SoundingPart:
    """The part from `start` to `end`; without it, silence would change the level, the metre and the key of the whole clip."""

    start: float
    """Seconds, a multiple of `FRAME_SECONDS`."""
    end: float
    """Seconds."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start

    @property
    def name(self) -> str:
        """What tells this part from other parts of the clip, e.g. in the feature store."""
        return f"{self.start:.2f} to {self.end:.2f} s"

    def cut(self, waveform: FloatArray, sample_rate: int) -> FloatArray:
        """Return the samples of the part."""
        return waveform[round(self.start * sample_rate) : round(self.end * sample_rate)]

    def beats(self, beats: Beats) -> Beats:
        """Return the beats on the clip's time axis."""
        return replace(beats, times=tuple(round(time + self.start, 3) for time in beats.times))

    def chords(self, chords: tuple[Chord, ...], clip_seconds: float) -> tuple[Chord, ...]:
        """Return the chords on the clip's time axis; there is none in the silence before and after."""
        moved = [
            replace(chord, start=round(chord.start + self.start, 3), end=round(chord.end + self.start, 3)) for chord in chords
        ]
        if moved and moved[0].start > 0:
            moved[:1] = _with_silence(moved[0], 0.0, moved[0].start)
        if moved and moved[-1].end < clip_seconds:
            moved[-1:] = _with_silence(moved[-1], moved[-1].end, round(clip_seconds, 3))
        return tuple(moved)

    def key_spans(self, spans: tuple[KeySpan, ...], clip_seconds: float) -> tuple[KeySpan, ...]:
        """Return the keys on the clip's time axis; the first and the last one include the silence."""
        moved = [replace(span, start=round(span.start + self.start, 3), end=round(span.end + self.start, 3)) for span in spans]
        if moved:
            moved[0] = replace(moved[0], start=0.0)
            moved[-1] = replace(moved[-1], end=round(clip_seconds, 3))
        return tuple(moved)

    def sections(self, sections: tuple[Section, ...], clip_seconds: float) -> tuple[Section, ...]:
        """Return the sections on the clip's time axis; the first and the last one include the silence."""
        moved = [replace(part, start=round(part.start + self.start, 3), end=round(part.end + self.start, 3)) for part in sections]
        if moved:
            moved[0] = replace(moved[0], start=0.0)
            moved[-1] = replace(moved[-1], end=round(clip_seconds, 3))
        return tuple(moved)


def _with_silence(chord: Chord, start: float, end: float) -> list[Chord]:
    """Return the chord and the silence from `start` to `end` beside it, as one where it is no chord either."""
    if chord.name == NO_CHORD_NAME:
        return [replace(chord, start=min(start, chord.start), end=max(end, chord.end))]
    silence = Chord(start, end, NO_CHORD_NAME, 1.0)
    return [silence, chord] if start < chord.start else [chord, silence]


def sounding_part(waveform: FloatArray, sample_rate: int) -> SoundingPart:
    """Return the part of `waveform` [samples] without the silence at its start and end; all of a silent one."""
    frame = round(FRAME_SECONDS * sample_rate)
    power = frame_power(waveform, frame)
    sounding = np.flatnonzero(power > MIN_POWER_RATIO * power.max(initial=0.0))
    if not len(sounding):
        return SoundingPart(0.0, len(waveform) / sample_rate)
    end = min(len(waveform), (int(sounding[-1]) + 1) * frame)
    start = max(0, int(sounding[0]) - round(LEAD_SECONDS / FRAME_SECONDS)) * frame
    return SoundingPart(start / sample_rate, end / sample_rate)
