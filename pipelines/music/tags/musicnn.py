"""musicnn (Pons and Serra 2019): scores of 50 music tags, embeddings of patches of 3 s, and the features of their frames."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Literal

import numpy as np

from models.arrays import FloatArray
from pipelines.clip.log_mel import MelBank, MelFrames, mel_spectrogram, patches_of

MUSICNN_SAMPLE_RATE = 16_000
FFT_SIZE = 512
FRAME_HOP_SAMPLES = 256
MEL_FRAMES = MelFrames(
    MelBank(
        MUSICNN_SAMPLE_RATE, n_fft=FFT_SIZE, n_mels=96, fmin=0.0, fmax=MUSICNN_SAMPLE_RATE / 2, scale="slaney", norm="slaney"
    ),
    win_length=FFT_SIZE,
    hop_length=FRAME_HOP_SAMPLES,
    power=2,
)
POWER_GAIN = np.float32(10_000)
PATCH_FRAMES = 187
PATCH_HOP_FRAMES = 94
"""Half a patch: two patches cover every moment."""
PATCH_SAMPLES = (PATCH_FRAMES - 1) * FRAME_HOP_SAMPLES + FFT_SIZE
PATCH_HOP_SAMPLES = PATCH_HOP_FRAMES * FRAME_HOP_SAMPLES
PATCH_SECONDS = PATCH_SAMPLES / MUSICNN_SAMPLE_RATE
PATCH_HOP_SECONDS = PATCH_HOP_SAMPLES / MUSICNN_SAMPLE_RATE

INPUT_RMS = 0.1
"""Level (-20 dB of full scale) of the network's input. On the tuning pieces the area under the ROC curve of MagnaTagATune's
instruments was 0.96 at this level and 0.90 as they were recorded."""
MAX_GAIN = 100.0
LEVEL_CELL_SAMPLES = 1600
LEVEL_BLOCK_CELLS = 600
"""The level is measured in cells of 0.1 s, a minute at a time."""
MIN_CELL_POWER = 1e-4
"""Power relative to the loudest cell's (-40 dB) below which a cell is a pause."""

MusicnnOutput = Literal["scores", "embedding", "frames"]


def run_musicnn(session: Any, sound: FloatArray, outputs: Sequence[MusicnnOutput]) -> list[FloatArray]:
    """Run musicnn over the patches of `sound`, one at a time: as fast as in batches, in 51 MB less for each patch.

    Args:
        session: musicnn's onnxruntime session.
        sound: float32 [samples], mono at 16 kHz, at the level of `input_gain`; the last patch is padded with zeros.
        outputs: 'scores' [patches, 50] in 0 to 1, 'embedding' [patches, 200], 'frames' [patches, 187, 753].

    Returns:
        One array for each of `outputs`.
    """
    missing = PATCH_SAMPLES + (patch_count(len(sound)) - 1) * PATCH_HOP_SAMPLES - len(sound)
    patches = log_mel_patches(np.pad(sound, (0, missing)))
    each = [session.run(list(outputs), {"patches": patches[at : at + 1]}) for at in range(len(patches))]
    return [np.concatenate(parts) for parts in zip(*each, strict=True)]


def patch_count(samples: int) -> int:
    """Return the number of patches that cover `samples` samples, at least one."""
    return 1 + max(0, ceil((samples - PATCH_SAMPLES) / PATCH_HOP_SAMPLES))


def log_mel_patches(waveform: FloatArray) -> FloatArray:
    """Return the network's input [patches, 187, 96] for `waveform` [samples], mono at 16 kHz: a patch every 1.504 s.

    The waveform must hold whole patches: 48_128 samples and any multiple of 24_064 more.
    """
    log_mel = np.log10(POWER_GAIN * mel_spectrogram(waveform, MEL_FRAMES) + 1)
    return patches_of(log_mel, PATCH_FRAMES, PATCH_HOP_FRAMES)


def input_gain(waveform: FloatArray) -> np.float32:
    """Return the factor that brings the RMS of `waveform` [samples at 16 kHz], pauses left out, to `INPUT_RMS`."""
    cells = len(waveform) // LEVEL_CELL_SAMPLES
    if cells == 0:
        power = np.array([np.mean(np.square(waveform, dtype=np.float64))])
    else:
        power = np.concatenate(
            [
                np.square(waveform[first * LEVEL_CELL_SAMPLES : last * LEVEL_CELL_SAMPLES], dtype=np.float64)
                .reshape(-1, LEVEL_CELL_SAMPLES)
                .mean(axis=1)
                for first in range(0, cells, LEVEL_BLOCK_CELLS)
                for last in [min(cells, first + LEVEL_BLOCK_CELLS)]
            ]
        )
    level = float(np.sqrt(power[power >= MIN_CELL_POWER * power.max()].mean()))
    return np.float32(min(MAX_GAIN, INPUT_RMS / max(level, 1e-9)))
