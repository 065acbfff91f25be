"""Lossy coding keeps length and time."""

from __future__ import annotations

import numpy as np
import pytest

from training.data.recording_effects import CODECS, coded


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rate", [16_000, 22_050])
def test_a_coded_sound_is_as_long_and_in_time(codec: str, rate: int) -> None:
    noise = np.convolve(np.random.default_rng(0).normal(0, 0.1, 2 * rate), np.ones(20) / 20, mode="same").astype(np.float32)
    sound = coded(noise, rate, codec, 64)
    assert sound.shape == noise.shape and not np.array_equal(sound, noise)
    match = np.fft.irfft(np.fft.rfft(sound) * np.conj(np.fft.rfft(noise)))
    assert int(match.argmax()) == 0
