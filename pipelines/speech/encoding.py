"""Whisper's encoder over windows of packed speech."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from models.arrays import FloatArray
from pipelines.speech.voice_activity import MIN_PEAK, SAMPLE_RATE
from pipelines.speech.windows import SpeechWindow

WINDOW_SECONDS = 30
"""Length of the inputs that Whisper was trained on."""
FRAMES_PER_SECOND = 100
"""Frame rate of the log-mel spectrogram."""
WINDOW_FRAMES = WINDOW_SECONDS * FRAMES_PER_SECOND
SILENCE_SECONDS = 4.0
"""Silence after the audio of a window. Whisper was trained with silence up to 30 s, but this much is enough for it to stop."""

MIN_PEAK_LEVEL = 0.1
"""-20 dBFS. The log-mel spectrogram has a floor at an absolute level, so that softer windows are scaled to this peak."""


def encode_windows(whisper: Any, windows: Sequence[SpeechWindow], waveform: FloatArray) -> Any:
    """Encode windows together; the longest one sets the number of frames.

    Args:
        whisper: a `faster_whisper.WhisperModel`.
        windows: one batch.
        waveform: float32 [samples] at 16 kHz.

    Returns:
        `ctranslate2.StorageView` [windows, frames of 20 ms, width].
    """
    seconds = max(window.duration for window in windows) + SILENCE_SECONDS
    return _encode(whisper, windows, waveform, min(WINDOW_FRAMES, 2 * ceil(seconds * FRAMES_PER_SECOND / 2)))


def encode_padded_window(whisper: Any, window: SpeechWindow, waveform: FloatArray) -> Any:
    """Encode one window, padded to 30 s as in Whisper's training, which is best for language detection."""
    return _encode(whisper, [window], waveform, WINDOW_FRAMES)


def _encode(whisper: Any, windows: Sequence[SpeechWindow], waveform: FloatArray, frames: int) -> Any:
    cuts = [_audible(window.audio(waveform)) for window in windows]
    samples = frames * SAMPLE_RATE // FRAMES_PER_SECOND
    features = [whisper.feature_extractor(cut, padding=max(0, samples - len(cut)))[:, :frames] for cut in cuts]
    return whisper.encode(np.stack(features))


def _audible(samples: FloatArray) -> FloatArray:
    """Return samples without offset, with a peak of at least `MIN_PEAK_LEVEL`; silence stays silence."""
    centred = samples - samples.mean(dtype=np.float64)
    peak = float(np.abs(centred).max())
    gain = MIN_PEAK_LEVEL / peak if MIN_PEAK <= peak < MIN_PEAK_LEVEL else 1.0
    return np.asarray(centred * gain, dtype=np.float32)
