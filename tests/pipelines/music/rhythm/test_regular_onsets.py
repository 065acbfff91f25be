"""Taps and metronomes."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND
from pipelines.music.rhythm.regular_onsets import regular_onsets


def onsets_at(times: list[float], seconds: float) -> FloatArray:
    strength = np.zeros(round(seconds * FRAMES_PER_SECOND), dtype=np.float32)
    strength[[round(time * FRAMES_PER_SECOND) for time in times]] = 1
    return strength


@pytest.mark.parametrize("interval", [0.3, 0.62, 1.254])
def test_the_first_and_the_last_tap_count(interval: float) -> None:
    times = [0.1 + interval * i for i in range(8)]
    found = regular_onsets(onsets_at(times, times[-1] + 0.1), 40, 240)
    np.testing.assert_allclose(found / FRAMES_PER_SECOND, times, atol=0.011)


def test_taps_at_unequal_distances_or_outside_the_limits_are_no_beats() -> None:
    assert not len(regular_onsets(onsets_at([0.1, 0.7, 1.1, 2.2, 2.6, 3.9], 5), 40, 240))
    assert not len(regular_onsets(onsets_at([1.7 * i + 0.1 for i in range(6)], 12), 40, 240))
