"""YAMNet: scores of 521 AudioSet classes and embeddings of patches of 0.975 s (tensorflow/models, research/audioset/yamnet)."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Literal

import numpy as np

from models.arrays import FloatArray
from pipelines.clip.log_mel import MelBank, MelFrames, mel_spectrogram, patches_of

YAMNET_SAMPLE_RATE = 16_000
WINDOW_SAMPLES = 400
FRAME_HOP_SAMPLES = 160
MEL_FRAMES = MelFrames(
    MelBank(YAMNET_SAMPLE_RATE, n_fft=512, n_mels=64, fmin=125.0, fmax=7500.0, linear_in="mel"),
    win_length=WINDOW_SAMPLES,
    hop_length=FRAME_HOP_SAMPLES,
    power=1,
)
LOG_OFFSET = np.float32(1e-3)
PATCH_FRAMES = 96
PATCH_HOP_FRAMES = 48
PATCH_SAMPLES = (PATCH_FRAMES - 1) * FRAME_HOP_SAMPLES + WINDOW_SAMPLES
PATCH_HOP_SAMPLES = PATCH_HOP_FRAMES * FRAME_HOP_SAMPLES
PATCH_SECONDS = PATCH_SAMPLES / YAMNET_SAMPLE_RATE
PATCH_HOP_SECONDS = PATCH_HOP_SAMPLES / YAMNET_SAMPLE_RATE

YamnetOutput = Literal["scores", "embedding", "middle"]


def run_yamnet(session: Any, sound: FloatArray, outputs: Sequence[YamnetOutput]) -> list[FloatArray]:
    """Run YAMNet over all patches of `sound` in one batch.

    Args:
        session: YAMNet's onnxruntime session.
        sound: float32 [samples], mono at 16 kHz; the last patch is padded with zeros.
        outputs: 'scores' [patches, 521] in 0 to 1, 'embedding' [patches, 1024], 'middle' [patches, 2048] for timbre.

    Returns:
        One array for each of `outputs`.
    """
    missing = PATCH_SAMPLES + (patch_count(len(sound)) - 1) * PATCH_HOP_SAMPLES - len(sound)
    found: list[FloatArray] = session.run(list(outputs), {"patches": log_mel_patches(np.pad(sound, (0, missing)))})
    return found


def patch_count(samples: int) -> int:
    """Return the number of patches that cover `samples` samples, at least one."""
    return 1 + max(0, ceil((samples - PATCH_SAMPLES) / PATCH_HOP_SAMPLES))


def log_mel_patches(waveform: FloatArray) -> FloatArray:
    """Return the network's input [patches, 1, 96, 64] for `waveform` [samples], mono at 16 kHz: a patch every 0.48 s.

    The waveform must hold whole patches: 15_600 samples and any multiple of 7_680 more.
    """
    log_mel = np.log(mel_spectrogram(waveform, MEL_FRAMES) + LOG_OFFSET)
    return patches_of(log_mel, PATCH_FRAMES, PATCH_HOP_FRAMES)[:, np.newaxis]
