"""Runs the beat network over a clip, block by block, so that hours need no more memory than a minute and a half."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from models.arrays import AnyArray, FloatArray
from pipelines.clip.log_mel import MelBank, MelFrames, mel_spectrogram

METRES: tuple[tuple[int, int], ...] = ((2, 4), (3, 4), (4, 4), (5, 4), (2, 8))
"""(beats per bar, beat unit) of the classes of metre, in the order of the network's output."""
TEMPO_BINS = 64
BEAT_BLOCK_FRAMES = 3000
"""One minute."""
CONTEXT_FRAMES = 1030
"""Receptive field before and after a frame: two convolutions of 3 and nine of 5 with dilations up to 256."""
LOW_BANDS, MIDDLE_BANDS = slice(0, 3), slice(6, 14)
"""Coarse bands of the bass drum, below 0.4 kHz, and of the snare, 1 to 4.4 kHz."""
COARSE_BANDS = 20
"""Mel bands that are kept for the sections, each the mean of four."""
BEAT_LOGITS, METRE_LOGITS, TEMPO_LOGITS, MEL_COLUMNS = (
    slice(0, 2),
    slice(2, 2 + len(METRES)),
    slice(2 + len(METRES), 2 + len(METRES) + TEMPO_BINS),
    slice(2 + len(METRES) + TEMPO_BINS, None),
)
"""Columns of a block."""

BEAT_SAMPLE_RATE = 22_050
HOP_SAMPLES = 441
FRAMES_PER_SECOND = BEAT_SAMPLE_RATE / HOP_SAMPLES
FFT_SIZE = 1024
MEL_BANDS = 80
MEL_FRAMES = MelFrames(
    MelBank(BEAT_SAMPLE_RATE, FFT_SIZE, MEL_BANDS, fmin=30.0, fmax=10_500.0, linear_in="mel"),
    win_length=FFT_SIZE,
    hop_length=HOP_SAMPLES,
    power=1,
)
LOG_GAIN = 1000.0
INPUT_RMS = 0.1
"""Level (-20 dB of full scale) of the network's input."""
MIN_RMS = 1e-5
"""Level below which the gain no longer grows."""
RMS_BLOCK_SAMPLES = 2**20


@dataclass(frozen=True, eq=False)
class BeatActivations:
    """Outputs of the beat network for a clip, as logits, and the onset strength."""

    beats: FloatArray
    """[frames, 2] at 50 a second: beat, downbeat."""
    metre: FloatArray
    """[5] for `METRES`, mean over the clip."""
    tempo: FloatArray
    """[64], mean over the clip; 24 bins an octave from 40 beats a minute up."""
    onsets: FloatArray
    """[frames], onset strength: half-wave rectified spectral flux, in any unit."""
    drums: FloatArray
    """[frames, 2], mean onset strength of `LOW_BANDS` and `MIDDLE_BANDS`, in nats per frame."""


def beat_block_count(samples: int) -> int:
    """Return the number of blocks of a minute that cover `samples` samples, at least one."""
    return ceil(frame_count(samples) / BEAT_BLOCK_FRAMES)


def beat_block(session: Any, waveform: FloatArray, gain: float, block: int) -> FloatArray:
    """Run the network over one block.

    Args:
        session: the beat network's onnxruntime session.
        waveform: float32 [samples], mono at 22 050 Hz.
        gain: of the whole clip, see `input_gain`.
        block: number of the block.

    Returns:
        [up to 3000 frames, 91]: logits of beat and downbeat, of 5 metres and of 64 tempi, then 20 log-mel bands.
    """
    frames = frame_count(len(waveform))
    start, end = block * BEAT_BLOCK_FRAMES, min(frames, (block + 1) * BEAT_BLOCK_FRAMES)
    first, last = max(0, start - CONTEXT_FRAMES), min(frames, end + CONTEXT_FRAMES)
    mel = log_mel(waveform, first, last - first, gain)
    outputs = session.run(["beats", "metre", "tempo"], {"mel": mel[np.newaxis]})
    bands = mel.reshape(len(mel), COARSE_BANDS, MEL_BANDS // COARSE_BANDS).mean(axis=2)
    wide = np.concatenate([*(output[0] for output in outputs), bands], axis=1)
    result: FloatArray = wide[start - first : end - first].astype(np.float32)
    return result


def joined_blocks(blocks: list[AnyArray]) -> tuple[BeatActivations, FloatArray]:
    """Return (activations, log-mel bands [frames, 20]) of the whole clip."""
    frames = sum(len(block) for block in blocks)
    metre, tempo = (
        sum(block[:, columns].sum(axis=0, dtype=np.float64) for block in blocks) / frames
        for columns in (METRE_LOGITS, TEMPO_LOGITS)
    )
    beats, bands = (
        np.concatenate([block[:, columns].astype(np.float32) for block in blocks]) for columns in (BEAT_LOGITS, MEL_COLUMNS)
    )
    flux = np.maximum(0, np.diff(bands, axis=0, prepend=bands[:1]))
    drums = np.stack([flux[:, columns].mean(axis=1) for columns in (LOW_BANDS, MIDDLE_BANDS)], axis=1)
    return BeatActivations(beats, metre, tempo, flux.sum(axis=1), drums), bands


def frame_count(samples: int) -> int:
    """Return the number of frames of `samples` samples; frame i is centred on sample 441 i."""
    return 1 + samples // HOP_SAMPLES


def input_gain(waveform: FloatArray) -> float:
    """Return the factor that brings `waveform` [samples], of any length, to `INPUT_RMS`."""
    energy = 0.0
    for start in range(0, len(waveform), RMS_BLOCK_SAMPLES):
        energy += float(np.square(waveform[start : start + RMS_BLOCK_SAMPLES], dtype=np.float64).sum())
    return INPUT_RMS / max(MIN_RMS, float(np.sqrt(energy / max(1, len(waveform)))))


def log_mel(waveform: FloatArray, first: int, count: int, gain: float = 1.0) -> FloatArray:
    """Return the frames [count, 80] from frame `first` on of `waveform` [samples], mono at 22 050 Hz, padded with zeros."""
    begin = first * HOP_SAMPLES - FFT_SIZE // 2
    end = begin + (count - 1) * HOP_SAMPLES + FFT_SIZE
    inside = np.asarray(waveform[max(0, begin) : max(0, end)], dtype=np.float32)
    padded = np.pad(inside, (max(0, -begin), max(0, end - max(0, begin) - len(inside))))
    result: FloatArray = np.log1p(np.float32(LOG_GAIN * gain / FFT_SIZE) * mel_spectrogram(padded, MEL_FRAMES))
    return result
