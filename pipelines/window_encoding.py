"""Windows of speech through Whisper's encoder, with no more silence after them than they need."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from pipelines.speech.vad_windows import SAMPLE_RATE, SpeechWindow, Waveform

WINDOW_SECONDS = 30
FRAMES_PER_SECOND = 100
WINDOW_FRAMES = WINDOW_SECONDS * FRAMES_PER_SECOND
SILENCE_SECONDS = 4.0
"""After the sound of a window. Whisper was trained with silence up to 30 s, but needs no more of it to end as it should."""


def encode_windows(whisper: Any, windows: Sequence[SpeechWindow], waveform: Waveform) -> Any:
    """Encoder states [windows, frames of 20 ms, width] as a `ctranslate2.StorageView`; the longest window sets the frames."""
    seconds = max(window.seconds for window in windows) + SILENCE_SECONDS
    return _encode(whisper, windows, waveform, min(WINDOW_FRAMES, 2 * ceil(seconds * FRAMES_PER_SECOND / 2)))


def encode_whole_window(whisper: Any, window: SpeechWindow, waveform: Waveform) -> Any:
    """As `encode_windows`, filled up to 30 s: languages are told apart best in what Whisper was trained on."""
    return _encode(whisper, [window], waveform, WINDOW_FRAMES)


def _encode(whisper: Any, windows: Sequence[SpeechWindow], waveform: Waveform, frames: int) -> Any:
    sounds = [window.sound(waveform) for window in windows]
    samples = frames * SAMPLE_RATE // FRAMES_PER_SECOND
    features = [whisper.feature_extractor(sound, padding=max(0, samples - len(sound)))[:, :frames] for sound in sounds]
    return whisper.encode(np.stack(features))
