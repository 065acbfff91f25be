"""The sound of a clip, at the rate that a network takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.arrays import FloatArray
from pipelines.clip.errors import ClipError
from pipelines.clip.files.decoding import ClipLimits, decode_audio
from pipelines.clip.recording import Recording
from training.data.errors import UnusableClip


def read_waveform(file: Path, sample_rate: int, start: float = 0.0, duration: float | None = None) -> FloatArray:
    """Return the mono mix of a part of a file, float32 [samples] at `sample_rate` Hz.

    Args:
        file: in any format that the app opens.
        sample_rate: Hz.
        start: seconds.
        duration: seconds; None for all that follows. A file that ends earlier gives fewer samples.

    Raises:
        UnusableClip: there is no such file, it is no audio, or it ends before `start`.
    """
    if not file.is_file():
        raise UnusableClip(file, "there is no such file")
    samples, rate = _part(file, start, duration)
    if not len(samples):
        raise UnusableClip(file, f"it ends before {start:g} s")
    resampled: FloatArray = soxr.resample(samples, rate, sample_rate) if rate != sample_rate else samples
    return np.ascontiguousarray(resampled, dtype=np.float32)


def _part(file: Path, start: float, duration: float | None) -> tuple[FloatArray, int]:
    """Return (mono samples of the part, their rate in Hz)."""
    try:
        with soundfile.SoundFile(file) as sound:  # libsndfile seeks; what it cannot open is decoded as the app does
            rate = int(sound.samplerate)
            sound.seek(min(round(start * rate), sound.frames))
            stereo = sound.read(-1 if duration is None else round(duration * rate), dtype="float32", always_2d=True)
            mixed: FloatArray = stereo.mean(axis=1)
            return mixed, rate
    except soundfile.LibsndfileError:
        samples, rate = _decoded(file)
    first = round(start * rate)
    return samples[first : None if duration is None else first + round(duration * rate)], rate


def _decoded(file: Path) -> tuple[FloatArray, int]:
    with tempfile.TemporaryDirectory() as folder:
        mono = Path(folder) / "mono.f32"
        try:
            decoded = decode_audio(Recording(file), mono, ClipLimits())
        except ClipError as error:
            raise UnusableClip(file, str(error).rstrip(".")) from error
        return np.fromfile(mono, dtype=np.float32), decoded.sample_rate
