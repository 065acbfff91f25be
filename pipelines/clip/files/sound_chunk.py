"""Short sound files of a program that dictates, read whole in a worker."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.arrays import FloatArray
from models.errors import InvalidOption
from pipelines.clip.errors import NotAudio
from pipelines.isolation.errors import WorkerFailed
from pipelines.isolation.isolation import Isolation

RATE = struct.Struct("<I")
"""Sample rate in Hz, before the samples, which have the same size each."""


def read_chunk(path: Path, rates: range, max_seconds: float, isolation: Isolation) -> tuple[FloatArray, int]:
    """Return the samples [samples] of a sound file, mono, within full scale, and their rate in Hz.

    Raises:
        NotAudio: it holds no sound.
        InvalidOption: it is longer than `max_seconds`, or its rate is not in `rates`.
        WorkerFailed: reading it ended the worker.
    """
    content = isolation.run(encoded_chunk, path, rates, max_seconds)
    if len(content) < RATE.size or len(content) % RATE.size:
        raise WorkerFailed  # a file took the worker over
    samples, (rate,) = np.frombuffer(content, np.float32, offset=RATE.size), RATE.unpack_from(content)
    if rate not in rates or len(samples) > max_seconds * rate:
        raise WorkerFailed
    return np.clip(np.nan_to_num(samples), -1.0, 1.0), rate


def encoded_chunk(path: Path, rates: range, max_seconds: float, should_stop: Callable[[], bool]) -> bytes:
    """Return the rate and the samples of a sound file, in the worker; raises as `read_chunk`."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as sound:
            rate, seconds = sound.samplerate, sound.frames / sound.samplerate
            if rate not in rates or seconds > max_seconds:
                limits = f"up to {max_seconds} s at {rates.start} to {rates.stop - 1} Hz"
                raise InvalidOption("chunk of sound", f"{seconds:.1f} s at {rate} Hz", limits)
            samples: FloatArray = sound.read(dtype="float32", always_2d=True).mean(axis=1)
            return RATE.pack(rate) + samples.tobytes()
    except soundfile.LibsndfileError as error:
        raise NotAudio from error
