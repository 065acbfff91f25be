"""Runs the beat network over a clip, block by block, so that hours need no more memory than a minute and a half."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from models.arrays import AnyArray, FloatArray

METRES: tuple[tuple[int, int], ...] = ((2, 4), (3, 4), (4, 4), (5, 4), (2, 8))
"""(beats per bar, beat unit) that the network tells apart, in the order of its output."""
TEMPO_BINS = 64
RHYTHM_BLOCK_FRAMES = 3000
"""A minute."""
CONTEXT_FRAMES = 1030
"""What the network hears before and after a frame: two convolutions of 3 and nine of 5 with dilations up to 256."""
COLOURS = 20
"""Bands of the coarse spectrum that is kept for the sections."""
PULSE, METRE, TEMPO, COLOUR = (
    slice(0, 2),
    slice(2, 2 + len(METRES)),
    slice(2 + len(METRES), 2 + len(METRES) + TEMPO_BINS),
    slice(2 + len(METRES) + TEMPO_BINS, None),
)
"""Columns of a block."""


@dataclass(frozen=True, eq=False)
class RhythmActivations:
    """What the beat network says of a clip, as logits, and what is measured beside it."""

    pulse: FloatArray
    """[frames, 2] at 50 a second: beat, downbeat."""
    metre: FloatArray
    """[5] for `METRES`, mean over the clip."""
    tempo: FloatArray
    """[64], mean over the clip; 24 bins an octave from 40 beats a minute up."""
    onsets: FloatArray
    """[frames], how much begins in each frame (half-wave rectified spectral flux); no logit, any unit."""


def rhythm_block_count(samples: int) -> int:
    """How many blocks of a minute cover `samples` samples; at least one."""
    return ceil(frame_count(samples) / RHYTHM_BLOCK_FRAMES)


def rhythm_block(beats: Any, waveform: FloatArray, gain: float, block: int) -> FloatArray:
    """[up to 3000 frames, 91] of block `block` of `waveform` [samples], mono at 22 050 Hz; `gain` as `level_gain` has it.

    The columns are logits of beat and downbeat, of 5 metres and of 64 tempi, then 20 bands of the log-mel spectrogram. `beats` is
    an onnxruntime session.
    """
    frames = frame_count(len(waveform))
    start, end = block * RHYTHM_BLOCK_FRAMES, min(frames, (block + 1) * RHYTHM_BLOCK_FRAMES)
    first, last = max(0, start - CONTEXT_FRAMES), min(frames, end + CONTEXT_FRAMES)
    mel = log_mel(waveform, first, last - first, gain)
    outputs = beats.run(["pulse", "metre", "tempo"], {"mel": mel[np.newaxis]})
    colour = mel.reshape(len(mel), COLOURS, MEL_BANDS // COLOURS).mean(axis=2)
    wide = np.concatenate([*(output[0] for output in outputs), colour], axis=1)
    result: FloatArray = wide[start - first : end - first].astype(np.float32)
    return result


def joined(blocks: list[AnyArray]) -> tuple[RhythmActivations, FloatArray]:
    """(activations, coarse spectrum [frames, 20]) of the whole clip."""
    frames = sum(len(block) for block in blocks)
    metre, tempo = (
        sum(block[:, columns].sum(axis=0, dtype=np.float64) for block in blocks) / frames for columns in (METRE, TEMPO)
    )
    pulse, colour = (np.concatenate([block[:, columns].astype(np.float32) for block in blocks]) for columns in (PULSE, COLOUR))
    onsets = np.maximum(0, np.diff(colour, axis=0, prepend=colour[:1])).sum(axis=1)
    return RhythmActivations(pulse, metre, tempo, onsets), colour


RHYTHM_SAMPLE_RATE = 22_050


HOP_SAMPLES = 441


FRAMES_PER_SECOND = RHYTHM_SAMPLE_RATE / HOP_SAMPLES


FFT_SIZE = 1024


MEL_BANDS = 80


MEL_LOWEST_HZ = 30.0


MEL_HIGHEST_HZ = 10_500.0


LOG_GAIN = 1000.0


LEVEL = 0.1
"""RMS (-20 dB of full scale) that every clip is brought to."""


SOFTEST = 1e-5
"""RMS below which a clip is not made any louder."""


RMS_BLOCK_SAMPLES = 2**20


def frame_count(samples: int) -> int:
    """How many frames `samples` samples have: frame i is centred at sample 441 i."""
    return 1 + samples // HOP_SAMPLES


def level_gain(waveform: FloatArray) -> float:
    """Factor that brings `waveform` [samples], of any length, to `LEVEL`."""
    energy = 0.0
    for start in range(0, len(waveform), RMS_BLOCK_SAMPLES):
        energy += float(np.square(waveform[start : start + RMS_BLOCK_SAMPLES], dtype=np.float64).sum())
    return LEVEL / max(SOFTEST, float(np.sqrt(energy / max(1, len(waveform)))))


def log_mel(waveform: FloatArray, first: int, count: int, gain: float = 1.0) -> FloatArray:
    """Frames [count, 80] from frame `first` on of `waveform` [samples], mono at 22 050 Hz; beyond its ends there is silence."""
    begin = first * HOP_SAMPLES - FFT_SIZE // 2
    end = begin + (count - 1) * HOP_SAMPLES + FFT_SIZE
    inside = np.asarray(waveform[max(0, begin) : max(0, end)], dtype=np.float32)
    padded = np.pad(inside, (max(0, -begin), max(0, end - max(0, begin) - len(inside))))
    frames = sliding_window_view(padded, FFT_SIZE)[::HOP_SAMPLES] * _hann()  # [count, 1024]
    magnitude = np.abs(np.fft.rfft(frames)).astype(np.float32)  # [count, 513]
    result: FloatArray = np.log1p(np.float32(LOG_GAIN * gain / FFT_SIZE) * (magnitude @ _mel_filters()))
    return result


@cache
def _hann() -> FloatArray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SIZE) / FFT_SIZE)).astype(np.float32)


@cache
def _mel_filters() -> FloatArray:
    """Triangles [513, 80] between `MEL_LOWEST_HZ` and `MEL_HIGHEST_HZ`, evenly spaced on the HTK mel scale."""
    lowest, highest = (1127 * np.log1p(hertz / 700) for hertz in (MEL_LOWEST_HZ, MEL_HIGHEST_HZ))
    edges = np.linspace(lowest, highest, MEL_BANDS + 2)
    bins = 1127 * np.log1p(np.fft.rfftfreq(FFT_SIZE, 1 / RHYTHM_SAMPLE_RATE) / 700)[:, np.newaxis]  # [513, 1]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters: FloatArray = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters
