"""How long a file is, without decoding all of it where its header says so."""

from __future__ import annotations

from pathlib import Path

import soundfile

from training.data.waveforms import read_waveform

ANY_RATE = 8000


def file_seconds(file: Path) -> float:
    """Return the duration of a file in seconds.

    Raises:
        UnusableClip: there is no such file, or it is no audio.
    """
    try:
        return float(soundfile.info(file).duration)
    except soundfile.LibsndfileError:
        return len(read_waveform(file, ANY_RATE)) / ANY_RATE
