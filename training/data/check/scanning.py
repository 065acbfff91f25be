"""What the check must know of every clip: each is decoded once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from models.arrays import FloatArray
from training.data.errors import UnusableClip
from training.data.triples import Triple, clips_of
from training.data.waveforms import read_waveform

SCAN_RATE = 16_000
"""Hz at which clips are compared."""
MIN_BAND_LEVEL = 1e-3
"""Amplitude relative to the loudest frequency (-60 dB) below which a clip has nothing."""
BAND_FFT = 4096


@dataclass(frozen=True)
class ScannedClip:
    """One clip as it was decoded."""

    triple: Triple
    """The first with this clip."""
    problem: str = ""
    """Why it cannot be decoded; '' where it can."""
    rate: int = 0
    """Hz of the file; 0 where only a decoder knows it."""
    seconds: float = 0.0
    """Duration of what there is."""
    peak: float = 0.0
    """Largest absolute sample after the mean was taken away."""
    clipped: float = 0.0
    """Part of the samples at full scale."""
    bandwidth: float = 0.0
    """Hz up to which there is sound."""
    content: str = ""
    """Hash of the samples: equal for lossless copies in any format."""

    @property
    def name(self) -> str:
        """Name of the clip for people."""
        part = f" from {self.triple.start:g} s" if self.triple.start else ""
        return f"{self.triple.clip.name}{part}"


def scan(triples: Iterable[Triple]) -> Iterator[ScannedClip]:
    """Decode every clip of the triples once."""
    for triple in clips_of(triples):
        try:
            waveform = read_waveform(triple.clip, SCAN_RATE, triple.start, triple.duration)
        except UnusableClip as error:
            yield ScannedClip(triple, problem=str(error))
            continue
        if not np.isfinite(waveform).all():
            yield ScannedClip(triple, problem=f"{triple.clip} has samples that are no numbers")
            continue
        yield _scanned(triple, waveform)


def _scanned(triple: Triple, waveform: FloatArray) -> ScannedClip:
    return ScannedClip(
        triple,
        rate=_file_rate(triple.clip),
        seconds=len(waveform) / SCAN_RATE,
        peak=float(np.abs(waveform - waveform.mean()).max()),
        clipped=float(np.mean(np.abs(waveform) > 0.999)),
        bandwidth=_bandwidth(triple),
        content=hashlib.blake2b(waveform.tobytes(), digest_size=16).hexdigest(),
    )


def _file_rate(file: Path) -> int:
    try:
        return int(soundfile.info(file).samplerate)
    except soundfile.LibsndfileError:
        return 0


def _bandwidth(triple: Triple) -> float:
    """Return the frequency in Hz up to which the clip has sound, at the rate of its file; 0 where the rate is not known."""
    rate = _file_rate(triple.clip)
    if not rate:
        return 0.0
    waveform = read_waveform(triple.clip, rate, triple.start, triple.duration)
    padded = np.pad(waveform, (0, -len(waveform) % BAND_FFT)).reshape(-1, BAND_FFT) * np.hanning(BAND_FFT)
    spectrum = np.sqrt(np.mean(np.abs(np.fft.rfft(padded, axis=1)) ** 2, axis=0))
    loud = np.flatnonzero(spectrum >= MIN_BAND_LEVEL * max(float(spectrum.max()), 1e-12))
    return float(loud[-1] * rate / BAND_FFT) if len(loud) and spectrum.max() > 0 else 0.0
