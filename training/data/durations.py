"""Duration and rate of a file, without decoding all of it where its header says so."""

from __future__ import annotations

from pathlib import Path

import soundfile

from training.data.waveforms import read_waveform

ANY_RATE = 8000
DECODED_RATE = 44_100
"""Hz of copies of compressed files."""


def file_seconds(file: Path) -> float:
    """Return the duration of a file in seconds.

    Raises:
        UnusableClip: there is no such file, or it is no audio.
    """
    try:
        return float(soundfile.info(file).duration)
    except soundfile.LibsndfileError:
        return len(read_waveform(file, ANY_RATE)) / ANY_RATE


def file_rate(file: Path) -> int:
    """Return the rate of a file in Hz; of what libsndfile cannot open the rate at which it is read.

    Raises:
        OSError: there is no such file.
    """
    try:
        return int(soundfile.info(file).samplerate)
    except soundfile.LibsndfileError:
        return DECODED_RATE
