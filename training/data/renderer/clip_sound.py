"""The sound of a part of an arranged piece, with the main instrument as loud as it is meant to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.arrays import FloatArray
from training.data.renderer.arrangement import Arrangement
from training.music.pieces.piece import Piece
from training.music.pieces.rendering import Synthesizer, render

LEAD_IN_SECONDS = 2.0
"""What is rendered before a clip, so that it does not begin in silence."""
PEAK = 0.7
MIN_RMS = 1e-4
"""Least RMS of a part that is mixed; at a peak of 0.7 a part below it does not play in the clip."""


def clip_sound(
    arrangement: Arrangement, of_main: Synthesizer, of_others: Synthesizer, start: float, duration: float
) -> FloatArray | None:
    """Render `duration` seconds from `start`: float32 [samples], mono, with a peak of -3 dB; None if the main part is silent."""
    main = _part_sound(arrangement.part(is_main=True), of_main, start, duration)
    if _rms(main) < MIN_RMS:
        return None
    rest = _part_sound(arrangement.part(is_main=False), of_others, start, duration)
    mixed = main
    if _rms(rest) >= MIN_RMS:
        mixed = main + rest * (_rms(main) / _rms(rest) * 10 ** (-arrangement.gain_db / 20))
    scaled: FloatArray = (PEAK / max(float(np.abs(mixed).max()), 1e-6) * mixed).astype(np.float32)
    return scaled


def _part_sound(part: Piece, synthesizer: Synthesizer, start: float, duration: float) -> FloatArray:
    rate = synthesizer.sample_rate
    first = max(0.0, start - LEAD_IN_SECONDS)
    notes = tuple(
        replace(note, start=max(0.0, note.start - first), end=note.end - first)
        for note in part.notes
        if note.start < start + duration and note.end > first
    )
    samples = round(duration * rate)
    if not notes:
        return np.zeros(samples, np.float32)
    sound = render(replace(part, notes=notes), synthesizer)[round((start - first) * rate) :][:samples]
    return np.pad(sound, (0, samples - len(sound)))


def _rms(waveform: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
