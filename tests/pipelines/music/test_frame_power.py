"""The power of frames is that of the whole sound at once, whatever its length."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.music.frame_power import BLOCK_SAMPLES, frame_power


@pytest.mark.parametrize("samples", [0, 1, 440, 441, 442, BLOCK_SAMPLES, 2 * BLOCK_SAMPLES + 1000])
def test_blocks_join_without_a_seam(samples: int) -> None:
    waveform = np.random.default_rng(samples).normal(size=samples).astype(np.float32)
    whole = np.pad(waveform.astype(np.float64), (0, -samples % 441)).reshape(-1, 441)
    np.testing.assert_allclose(frame_power(waveform, 441), np.square(whole).sum(axis=1))
