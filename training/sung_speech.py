"""A stand-in for singing, of which no free recording comes with a package: spoken sentences, drawn out and put to a tune.

The vocal tract of each moment (linear prediction, Makhoul 1975) filters a train of pulses at the pitch of the tune, with the
loudness that the speech has there. It is the voice of the speaker with a robot's larynx: enough to ask whether a voice is noticed
among instruments, not how well those of people are.
"""

from __future__ import annotations

import random

import numpy as np

from models.arrays import DoubleArray, FloatArray

RATE = 16_000
FRAME_SAMPLES = 480
HOP_SAMPLES = 80
STRETCH = 2
"""Each moment of the speech lasts this many times as long: singers hold their vowels."""
TRACT_ORDER = 18
REGULARISATION = 1e-4
BREATH = 0.08
"""Share of noise in the voice."""
VIBRATO_HZ, VIBRATO_DEPTH = 5.5, 0.012
NOTE_SECONDS = (0.4, 0.4, 0.8, 1.2)
PEAK = 0.5
SCALE = (0, 2, 4, 5, 7, 9)


def sing(speech: FloatArray, lowest_pitch: int, seed: int) -> FloatArray:
    """Return `speech` [samples] at 16 kHz as song [2 · samples] around the MIDI pitch `lowest_pitch`."""
    from scipy.linalg import solve_toeplitz
    from scipy.signal import lfilter

    frames = (len(speech) - FRAME_SAMPLES) // HOP_SAMPLES
    song = np.zeros(frames * HOP_SAMPLES * STRETCH + FRAME_SAMPLES, dtype=np.float64)
    source = _larynx(len(song), lowest_pitch, seed)
    window = np.hanning(FRAME_SAMPLES)
    state = np.zeros(TRACT_ORDER)
    for i in range(frames * STRETCH):
        frame = speech[i // STRETCH * HOP_SAMPLES :][:FRAME_SAMPLES] * window
        correlation = np.correlate(frame, frame, "full")[FRAME_SAMPLES - 1 :][: TRACT_ORDER + 1]
        correlation[0] = correlation[0] * (1 + REGULARISATION) + 1e-9
        tract = solve_toeplitz(correlation[:-1], correlation[1:])
        error = max(float(correlation[0] - tract @ correlation[1:]), 0.0)
        place = slice(i * HOP_SAMPLES, (i + 1) * HOP_SAMPLES)
        voiced, state = lfilter([np.sqrt(error / FRAME_SAMPLES)], [1, *-tract], source[place], zi=state)
        song[place] = voiced
    return np.asarray(song / np.abs(song).max() * PEAK, dtype=np.float32)


def _larynx(samples: int, lowest_pitch: int, seed: int) -> DoubleArray:
    """Return pulses at the tune's pitch with a little breath; its power is one."""
    rng = random.Random(seed)
    notes: list[float] = []
    while len(notes) < samples:
        notes += [float(lowest_pitch + rng.choice(SCALE))] * round(rng.choice(NOTE_SECONDS) * RATE)
    time = np.arange(samples) / RATE
    hertz = 440 * 2 ** ((np.array(notes[:samples]) - 69) / 12) * (1 + VIBRATO_DEPTH * np.sin(2 * np.pi * VIBRATO_HZ * time))
    cycles = np.floor(np.cumsum(hertz / RATE))
    pulses = np.diff(cycles, prepend=0.0) * np.sqrt(RATE / hertz)
    noise = np.random.default_rng(seed).normal(size=samples)
    return np.asarray((1 - BREATH) * pulses + BREATH * noise)
