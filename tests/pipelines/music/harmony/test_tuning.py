"""The tuning of notes, and what it is for sound without one."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.music.harmony.tuning import tuning_cents

RATE = 22_050


def scale(cents: float) -> FloatArray:
    time = np.arange(RATE) / RATE
    notes = [60, 62, 64, 65, 67, 69, 71, 72]
    hertz = [440 * 2 ** ((note - 69) / 12 + cents / 1200) for note in notes]
    return np.concatenate([sum(np.sin(2 * np.pi * k * f * time) / k**2 for k in (1, 2, 3)) for f in hertz]).astype(np.float32)


@pytest.mark.parametrize("cents", [-50, -41, -32, -17, 0, 12, 23, 46])
def test_any_tuning_is_measured(cents: float) -> None:
    assert tuning_cents(scale(cents), RATE) == pytest.approx(cents, abs=4)


def test_noise_and_silence_have_no_tuning() -> None:
    assert tuning_cents(np.random.default_rng(0).normal(0, 0.1, 5 * RATE).astype(np.float32), RATE) == 0
    assert tuning_cents(np.zeros(RATE, dtype=np.float32), RATE) == 0
