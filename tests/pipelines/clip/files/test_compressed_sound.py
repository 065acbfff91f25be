"""Sound for a page of its own: small, and where it was."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

from pipelines.clip.files.compressed_sound import compressed_bytes, compressed_sound

RATE = 48_000


def test_compressed_sound_keeps_its_time_and_the_size_that_is_said(tmp_path: Path) -> None:
    samples = np.zeros((5 * RATE, 2), dtype=np.float32)
    samples[3 * RATE : 3 * RATE + 4800] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4800) / RATE)[:, None]
    soundfile.write(tmp_path / "beep.wav", samples, RATE)
    compressed = compressed_sound(tmp_path / "beep.wav")
    assert abs(len(compressed) / compressed_bytes(5) - 1) < 0.1
    decoded, rate = soundfile.read(BytesIO(compressed))
    loud = np.flatnonzero(np.abs(decoded[:, 0]) > 0.2)
    assert abs(loud[0] / rate - 3) < 0.06
    assert abs(len(decoded) / rate - 5) < 0.1
