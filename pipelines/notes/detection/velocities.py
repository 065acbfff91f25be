"""Velocities of notes, from the level of their first partials just after they begin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.arrays import DoubleArray, FloatArray, IntArray
from pipelines.music.harmony.note_activations import LOWEST_PITCH, NOTE_HOP_SAMPLES, PITCHES
from pipelines.notes.notes import MAX_VELOCITY

WINDOW_SAMPLES = 2048
"""Samples after the onset that are seen: 93 ms at 22 050 Hz."""
PARTIALS = 4
NOTES_PER_RUN = 512
LOUD_PERCENTILE, LOUD_VELOCITY = 90, 80
"""Velocity of a note that is louder than 90 % of the clip's notes: the mean of the tuning pieces for piano."""
VELOCITY_PER_DB = 0.9
"""Fitted on the tuning pieces for piano, whose velocities correlate with the levels by 0.4."""


def note_velocities(waveform: FloatArray, sample_rate: int, onsets: Sequence[float], pitches: Sequence[int]) -> IntArray:
    """Return velocities [notes], 1 to 127, relative to the loud notes of the clip.

    Args:
        waveform: float32 [samples], mono.
        sample_rate: Hz; 22 050, or near it.
        onsets: seconds.
        pitches: MIDI pitches.
    """
    if not len(onsets):
        return np.empty(0, dtype=np.int64)
    levels = note_levels(waveform, sample_rate, onsets, pitches)
    velocities = LOUD_VELOCITY + VELOCITY_PER_DB * (levels - np.percentile(levels, LOUD_PERCENTILE))
    return np.clip(np.round(velocities), 1, MAX_VELOCITY).astype(np.int64)


def note_levels(waveform: FloatArray, sample_rate: int, onsets: Sequence[float], pitches: Sequence[int]) -> DoubleArray:
    """Return the level [notes] in dB of the first partials of each note."""
    from librosa import midi_to_hz

    window = np.hanning(WINDOW_SAMPLES)
    bins = midi_to_hz(np.asarray(pitches))[:, np.newaxis] * np.arange(1, PARTIALS + 1) * WINDOW_SAMPLES / sample_rate
    bins = np.clip(np.round(bins).astype(np.int64), 1, WINDOW_SAMPLES // 2 - 1)
    starts = np.round(np.asarray(onsets) * sample_rate).astype(np.int64)
    padded = np.pad(waveform, (0, WINDOW_SAMPLES))
    found = []
    for first in range(0, len(starts), NOTES_PER_RUN):
        run = slice(first, first + NOTES_PER_RUN)
        samples = padded[np.clip(starts[run], 0, len(waveform))[:, np.newaxis] + np.arange(WINDOW_SAMPLES)]
        power = np.abs(np.fft.rfft(samples * window, axis=1)) ** 2
        near = [np.take_along_axis(power, bins[run] + shift, axis=1) for shift in (-1, 0, 1)]
        found.append(np.sum(near, axis=(0, 2)))
    levels: DoubleArray = 10 * np.log10(np.concatenate(found) + 1e-12)
    return levels


def pitch_levels(waveform: FloatArray, sample_rate: int, frames: int) -> FloatArray:
    """Return the level [frames, 88] in dB of the first partials of each pitch, 0 for the loudest of all.

    Args:
        waveform: float32 [samples], mono.
        sample_rate: Hz.
        frames: number of frames of `NOTE_HOP_SAMPLES`.
    """
    from librosa import midi_to_hz

    size = 2 * WINDOW_SAMPLES
    window = np.hanning(size).astype(np.float32)
    hertz = midi_to_hz(np.arange(LOWEST_PITCH, LOWEST_PITCH + PITCHES))[:, np.newaxis] * np.arange(1, PARTIALS + 1)
    bins = np.clip(np.round(hertz * size / sample_rate).astype(np.int64), 1, size // 2 - 1)
    padded = np.pad(waveform, (size // 2, size // 2 + frames * NOTE_HOP_SAMPLES))
    found = np.empty((frames, PITCHES), dtype=np.float32)
    for first in range(0, frames, NOTES_PER_RUN):
        places = np.arange(first, min(frames, first + NOTES_PER_RUN))
        samples = padded[places[:, np.newaxis] * NOTE_HOP_SAMPLES + np.arange(size)]
        power = np.abs(np.fft.rfft(samples * window, axis=1)) ** 2
        # The first partial counts most, so that an octave below does not equal the note.
        found[places] = 10 * np.log10(power[:, bins] @ (1.0 / np.arange(1, PARTIALS + 1) ** 2) + 1e-12)
    found -= found.max(initial=-1e3)
    return found
