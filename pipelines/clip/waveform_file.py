"""A waveform in memory as a file that a clip store opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.arrays import AnyArray
from models.errors import InvalidOption
from pipelines.clip.errors import EmptyClip

RATES = range(1_000, 768_001)
"""Sample rates in Hz of a waveform."""


def write_waveform(path: Path, y: AnyArray, sr: float) -> None:
    """Write a waveform as WAV of 32-bit floats, which changes no sample.

    Args:
        path: of the new file.
        y: floats [samples] or [channels, samples], full scale is 1.
        sr: sample rate in Hz, a whole number.

    Raises:
        InvalidOption: the shape, the type, a sample or the rate is not as above.
        EmptyClip: there are no samples.
    """
    import soundfile

    if y.ndim not in (1, 2) or not np.issubdtype(y.dtype, np.floating):
        raise InvalidOption("waveform", f"{y.dtype} {list(y.shape)}", "floats [samples] or [channels, samples]")
    if not y.size:
        raise EmptyClip
    if not np.isfinite(y).all():
        raise InvalidOption("waveform", "samples that are not finite", "finite samples")
    if sr not in RATES:
        raise InvalidOption("sample rate", sr, f"a whole number from {RATES.start} to {RATES.stop - 1} Hz")
    soundfile.write(path, np.asarray(y, dtype=np.float32).T, int(sr), "FLOAT", format="WAV")
