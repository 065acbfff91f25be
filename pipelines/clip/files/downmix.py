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
MAX_INVERTED_CORRELATION = -0.9
"""Between a side and the negative of the other."""
MAX_SIDE_CORRELATION = 0.7
MIN_SIDE_SPREAD_DB = 5.0
"""Sides are two recordings if they have less in common, and their difference in level has a larger standard deviation.

Two voices, one a side: 28 dB, and 6 dB when each is 10 dB softer on the other's side. Stereo music, and one voice with
reverberation or 1 ms later on one side: below 2 dB; 40 ms later: 4 dB.
"""
SIDE_WINDOW_SECONDS = 0.1
MEASURED_WINDOWS = 16
"""So many are measured at once."""
MIN_ACTIVE_RATIO = 1e-3
"""Energy of a window of both sides relative to the loudest, -30 dB, below which it is a pause."""
WINDOW_SECONDS = 0.4
"""Window of the level, which is that of the loudest one without its clicks."""
CLICK_SECONDS = 0.005
MAX_CLICKS = 2
"""So many of the loudest parts of a window, each of this length, do not count: a knock on the microphone is no level."""
LEVEL_RANGE = (0.02, 0.7)
"""RMS of the loudest window, -34 to -3 dB of full scale, within which samples stay as they are."""
TARGET_LEVEL = 0.1
MAX_RAISED_PEAK = 10.0
"""Limit of samples whose level was raised: what is above, 40 dB over the level, is one of the clicks that did not count."""
MIN_OFFSET_RATIO = 0.5
"""Ratio of the mean to the RMS around it, from which on it is removed. No sound has one: it comes from a faulty converter."""
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
    """Energies of the channels [channels], around their means; 0 for those that the mix leaves out."""
    mix_energy: float
    correlation: float
    """Between the two sides of a stereo recording; 1.0 for any other."""
    side_spread: float
    """Standard deviation of the level of the left side relative to the right, in dB; 0.0 for what is not stereo."""

    @property
    def cancelled_by(self) -> int | None:
        """The loudest channel, if the mix is too soft beside it; None if the mix is good."""
        loudest = int(self.energies.argmax())
        limit = self.energies[loudest] * 10 ** (-MAX_MIX_LOSS_DB / 10)
        return loudest if len(self.energies) > 1 and self.energies[loudest] > 0 and self.mix_energy < limit else None

    @property
    def is_inverted(self) -> bool:
        """Whether one side of two is the other's negative."""
        return self.correlation < MAX_INVERTED_CORRELATION

    @property
    def has_unlike_sides(self) -> bool:
        """Whether a stereo recording is two recordings."""
        if abs(self.correlation) > MAX_SIDE_CORRELATION or self.side_spread < MIN_SIDE_SPREAD_DB:
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

    def __init__(self, weights: FloatArray, sample_rate: int) -> None:
        self._weights = weights
        self._sides = _SideLevels(round(SIDE_WINDOW_SECONDS * sample_rate) or 1)
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
            self._sides.add(block)
        return mono

    def facts(self) -> MixFacts:
        """Return what was measured so far."""
        count = max(1, self._count)
        energies = np.maximum(0.0, self._squares - self._sums**2 / count)
        mix_energy = max(0.0, self._mix_square - self._mix_sum**2 / count)
        correlation = 1.0
        if len(energies) == 2 and energies.min() > 0:
            correlation = (self._cross - self._sums[0] * self._sums[1] / count) / float(np.sqrt(energies.prod()))
        return MixFacts(np.where(self._weights > 0, energies, 0.0), mix_energy, correlation, self._sides.spread())


class _SideLevels:
    """Energies of the two sides of a stereo recording, window by window."""

    def __init__(self, width: int) -> None:
        """Start without samples; `width` is the number of samples of a window."""
        self._width = width
        self._pending: list[FloatArray] = []
        self._pending_samples = 0
        self._energies: list[DoubleArray] = []

    def add(self, block: FloatArray) -> None:
        """Measure a block [2, samples]; packets are short, so that several are measured together."""
        self._pending.append(block)
        self._pending_samples += block.shape[1]
        if self._pending_samples >= MEASURED_WINDOWS * self._width:
            self._measure()

    def _measure(self) -> None:
        samples = np.concatenate(self._pending, axis=1)
        windows = samples.shape[1] // self._width
        self._pending = [samples[:, windows * self._width :]]
        self._pending_samples = self._pending[0].shape[1]
        whole = samples[:, : windows * self._width].reshape(2, windows, self._width)
        self._energies.append(np.einsum("cwn,cwn->cw", whole, whole, dtype=np.float64))

    def spread(self) -> float:
        """Return the standard deviation of the difference in level over the windows with sound, in dB."""
        if not self._pending:
            return 0.0
        self._measure()
        energies = np.concatenate(self._energies, axis=1)
        both = energies.sum(axis=0)
        is_active = both > MIN_ACTIVE_RATIO * both.max(initial=0.0)
        if not is_active.any():
            return 0.0
        floor = 1e-6 * both.max()
        left, right = 10 * np.log10(energies[:, is_active] + floor)
        return float(np.std(left - right))


@dataclass(frozen=True)
class LevelChange:
    """What was done to the samples."""

    peak: float
    """Largest absolute sample without the offset, before any gain."""
    gain: float
    offset: float
    """Constant offset that was removed."""


def set_level(mono_file: Path, sample_rate: int) -> LevelChange:
    """Remove an offset from raw float32 samples, and bring them to a usual level if theirs is far from it, in place."""
    if not mono_file.stat().st_size:
        return LevelChange(0.0, 1.0, 0.0)
    samples = np.memmap(mono_file, dtype=np.float32, mode="r+")
    mean, around = _mean_and_deviation(samples)
    offset = mean if abs(mean) > MIN_OFFSET_RATIO * around else 0.0
    level, peak = _loudest_window(samples, offset, sample_rate)
    gain = 1.0 if LEVEL_RANGE[0] <= level <= LEVEL_RANGE[1] or level == 0 else TARGET_LEVEL / level
    if offset or gain != 1.0:
        limit = MAX_RAISED_PEAK if gain > 1.0 else np.inf
        for start in range(0, len(samples), BLOCK_SAMPLES):
            block = (samples[start : start + BLOCK_SAMPLES] - np.float32(offset)) * np.float32(gain)
            samples[start : start + BLOCK_SAMPLES] = block.clip(-limit, limit)
        samples.flush()
    return LevelChange(peak, gain, offset)


def _mean_and_deviation(samples: FloatArray) -> tuple[float, float]:
    total, square = 0.0, 0.0
    for start in range(0, len(samples), BLOCK_SAMPLES):
        block = samples[start : start + BLOCK_SAMPLES].astype(np.float64)
        total += float(block.sum())
        square += float(block @ block)
    mean = total / len(samples)
    return mean, float(np.sqrt(max(0.0, square / len(samples) - mean * mean)))


def _loudest_window(samples: FloatArray, offset: float, sample_rate: int) -> tuple[float, float]:
    """Return (RMS of the loudest window without its clicks, peak)."""
    width = max(1, round(CLICK_SECONDS * sample_rate))  # samples
    parts = round(WINDOW_SECONDS / CLICK_SECONDS)
    loudest, peak = 0.0, 0.0
    step = max(1, BLOCK_SAMPLES // (parts * width)) * parts * width
    for start in range(0, len(samples), step):
        block = samples[start : start + step].astype(np.float64) - offset
        peak = max(peak, float(np.abs(block).max()))
        energies = np.add.reduceat(block * block, np.arange(0, len(block), width))
        for first in range(0, len(energies), parts):
            window = energies[first : first + parts]
            clicks = MAX_CLICKS if len(window) == parts else 0
            kept = np.partition(window, len(window) - 1 - clicks)[: len(window) - clicks]
            loudest = max(loudest, float(kept.sum()) / (min(parts * width, len(samples)) - clicks * width))
    return float(np.sqrt(loudest)), peak
