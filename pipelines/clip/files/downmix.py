"""The mix of a clip's channels to one: ITU weights, cancelled mixes, two unlike sides, and a level that models expect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import DoubleArray, FloatArray

CENTRE_WEIGHTS = {"FC": 1.0, "FL": 0.7071, "FR": 0.7071, "FLC": 0.7071, "FRC": 0.7071, "LFE": 0.0, "LFE2": 0.0}
SURROUND_WEIGHT = 0.5
"""Weights of ITU-R BS.775-3, table 2, for one channel; the low-frequency channel is left out."""
PLAIN_WEIGHT = 0.5
"""For the channels of stereo, and for channels without a place."""
MAX_MIX_LOSS_DB = 5.98
"""A mix that is softer than its loudest channel by more gives way to that channel. One dead side of two takes 6.02 dB."""
MIN_SIDE_RATIO = 1e-3
"""Energy of the softer of two sides relative to the louder, -30 dB, from which on it counts as a sound of its own."""
MAX_SIDE_CORRELATION = 0.1
"""Sides with less in common are two recordings. Stereo music has a bass or a voice in the middle: 0.3 and more."""
WINDOW_SECONDS = 0.4
"""Of the level, which is that of the loudest window."""
LEVEL_RANGE = (0.02, 0.7)
"""RMS of the loudest window, -34 to -3 dB of full scale, within which samples stay as they are."""
TARGET_LEVEL = 0.1
MIN_OFFSET_RATIO = 0.5
"""Of the mean to the RMS around it, from which on it is removed. No sound has one: it comes from a faulty converter."""
MIN_CENTRE_RATIO = 0.1
"""Energy of the centre channel relative to the mix, -10 dB, from which on speech is read from it alone: films have it there."""
BLOCK_SAMPLES = 2**20


def mono_weights(layout: Any) -> FloatArray:
    """Return the weight of each channel of an FFmpeg layout in the mono mix, float32 [channels]."""
    names = [channel.name for channel in layout.channels]
    if not _is_surround(names):
        return np.full(layout.nb_channels, 1.0 if layout.nb_channels == 1 else PLAIN_WEIGHT, dtype=np.float32)
    return np.array([CENTRE_WEIGHTS.get(name, SURROUND_WEIGHT) for name in names], dtype=np.float32)


def _is_surround(names: list[str]) -> bool:
    return len(names) > 2 and "FL" in names


@dataclass(frozen=True)
class MixFacts:
    """What was measured while the channels were mixed."""

    energies: DoubleArray
    """Of the channels [channels], around their means; 0 for those that the mix leaves out."""
    mix_energy: float
    correlation: float
    """Between the two sides of a stereo recording; 1.0 for any other."""

    @property
    def cancelled_by(self) -> int | None:
        """The loudest channel, if the mix is too soft beside it; None if the mix is good."""
        loudest = int(self.energies.argmax())
        limit = self.energies[loudest] * 10 ** (-MAX_MIX_LOSS_DB / 10)
        return loudest if len(self.energies) > 1 and self.energies[loudest] > 0 and self.mix_energy < limit else None

    @property
    def is_inverted(self) -> bool:
        """Whether one side of two is the other's negative."""
        return self.correlation < -1 + MAX_SIDE_CORRELATION

    @property
    def has_unlike_sides(self) -> bool:
        """Whether a stereo recording is two recordings."""
        if len(self.energies) != 2 or abs(self.correlation) > MAX_SIDE_CORRELATION:
            return False
        return float(self.energies.min()) > MIN_SIDE_RATIO * float(self.energies.max())


def speech_channel(facts: MixFacts, layout: Any) -> int | None:
    """Return the number of the centre channel of surround sound, if it carries a sound; None where the mix is to be read."""
    names = [channel.name for channel in layout.channels]
    if not _is_surround(names) or "FC" not in names or facts.cancelled_by is not None:
        return None
    centre = names.index("FC")
    is_used = facts.energies[centre] >= MIN_CENTRE_RATIO * facts.mix_energy and facts.energies[centre] > 0
    is_alone = facts.energies[centre] >= facts.energies.sum()
    return centre if is_used and not is_alone else None


class Mixer:
    """Mixes blocks to mono and measures on the way."""

    def __init__(self, weights: FloatArray) -> None:
        self._weights = weights
        channels = len(weights)
        self._count = 0
        self._sums, self._squares = np.zeros(channels), np.zeros(channels)
        self._mix_sum, self._mix_square, self._cross = 0.0, 0.0, 0.0

    def mix(self, block: FloatArray) -> FloatArray:
        """Return the mix [samples] of a block [channels, samples]."""
        mono: FloatArray = block[0] if len(block) == 1 else (self._weights @ block).astype(np.float32)
        self._count += block.shape[1]
        self._sums += block.sum(axis=1, dtype=np.float64)
        self._squares += np.einsum("cn,cn->c", block, block, dtype=np.float64)
        self._mix_sum += float(mono.sum(dtype=np.float64))
        self._mix_square += float(np.dot(mono, mono))
        if len(block) == 2:
            self._cross += float(np.dot(block[0], block[1]))
        return mono

    def facts(self) -> MixFacts:
        """Return what was measured so far."""
        count = max(1, self._count)
        energies = np.maximum(0.0, self._squares - self._sums**2 / count)
        mix_energy = max(0.0, self._mix_square - self._mix_sum**2 / count)
        correlation = 1.0
        if len(energies) == 2 and energies.min() > 0:
            correlation = (self._cross - self._sums[0] * self._sums[1] / count) / float(np.sqrt(energies.prod()))
        return MixFacts(np.where(self._weights > 0, energies, 0.0), mix_energy, correlation)


@dataclass(frozen=True)
class Level:
    """What was done to the samples."""

    peak: float
    """Largest absolute sample without the offset, before any gain."""
    gain: float
    offset: float
    """That was removed."""


def set_level(mono_file: Path, sample_rate: int) -> Level:
    """Remove an offset from raw float32 samples, and bring them to a usual level if theirs is far from it, in place."""
    if not mono_file.stat().st_size:
        return Level(0.0, 1.0, 0.0)
    samples = np.memmap(mono_file, dtype=np.float32, mode="r+")
    mean, around = _mean_and_deviation(samples)
    offset = mean if abs(mean) > MIN_OFFSET_RATIO * around else 0.0
    level, peak = _loudest_window(samples, offset, round(WINDOW_SECONDS * sample_rate))
    gain = 1.0 if LEVEL_RANGE[0] <= level <= LEVEL_RANGE[1] or level == 0 else TARGET_LEVEL / level
    if offset or gain != 1.0:
        for start in range(0, len(samples), BLOCK_SAMPLES):
            samples[start : start + BLOCK_SAMPLES] = (samples[start : start + BLOCK_SAMPLES] - np.float32(offset)) * np.float32(
                gain
            )
        samples.flush()
    return Level(peak, gain, offset)


def _mean_and_deviation(samples: FloatArray) -> tuple[float, float]:
    total, square = 0.0, 0.0
    for start in range(0, len(samples), BLOCK_SAMPLES):
        block = samples[start : start + BLOCK_SAMPLES].astype(np.float64)
        total += float(block.sum())
        square += float(block @ block)
    mean = total / len(samples)
    return mean, float(np.sqrt(max(0.0, square / len(samples) - mean * mean)))


def _loudest_window(samples: FloatArray, offset: float, width: int) -> tuple[float, float]:
    """(RMS of the loudest window, peak)."""
    loudest, peak = 0.0, 0.0
    step = max(1, BLOCK_SAMPLES // width) * width
    for start in range(0, len(samples), step):
        block = samples[start : start + step].astype(np.float64) - offset
        peak = max(peak, float(np.abs(block).max()))
        squares = np.add.reduceat(block * block, np.arange(0, len(block), width)) / min(width, len(samples))
        loudest = max(loudest, float(squares.max()))
    return float(np.sqrt(loudest)), peak
