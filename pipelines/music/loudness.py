"""Loudness as broadcasters measure it: ITU-R BS.1770-4 and EBU Tech 3342, on all channels of the original, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.errors import JobStopped
from models.stopping import never_stop
from pipelines.clip.series import moving_mean
from pipelines.isolation.isolation import Isolation, NoIsolation
from pipelines.jobs.result import Result

STEP_SECONDS = 0.1
STEPS_PER_BLOCK = 100
GATING_STEPS = 4
"""0.4 s: a gating block of BS.1770-4, one every 0.1 s."""
SHORT_TERM_STEPS = 30
"""3 s: a short-term block of EBU Tech 3342."""
ABSOLUTE_GATE_LUFS = -70.0
"""Loudness below which a block does not count (BS.1770-4)."""
RELATIVE_GATE_LU = -10.0
"""Loudness relative to the mean of the blocks above the absolute gate, below which a block does not count (BS.1770-4)."""
RANGE_GATE_LU = -20.0
"""The same for the loudness range (Tech 3342)."""
RANGE_PERCENTILES = (10.0, 95.0)
"""Percentiles of the short-term loudness whose difference is the loudness range (Tech 3342)."""
MIN_RANGE_SECONDS = 60.0
"""Duration below which a clip has no loudness range: it would describe single sounds. Chosen."""
OFFSET_LU = -0.691
"""Added to decibels, so that a sine of 997 Hz at 0 dBFS in one channel is -3.01 LUFS (BS.1770-4)."""
MIN_POWER = 1e-12
"""Mean square below which decibels are constant: -120 dB."""
SURROUND_WEIGHTS = {5: (1.0, 1.0, 1.0, 1.41, 1.41), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}
"""Weights by number of channels (BS.1770-4): the rear ones count more, the subwoofer not at all; others count 1."""
OVERSAMPLING = 4
"""Factor at which peaks between the samples are measured (BS.1770-4, annex 2)."""
EDGE_SAMPLES = 16
"""Samples at both ends of a block in which the oversampling filter lacks context."""


@dataclass(frozen=True)
class Loudness(Result):
    """Loudness of the original with all of its channels."""

    integrated_lufs: float | None
    """Over the whole clip, gated (ITU-R BS.1770-4); None for a clip below 0.4 s or below -70 LUFS."""
    range_lu: float | None
    """Loudness range (EBU Tech 3342) in loudness units; None for clips below a minute, where it says little."""
    true_peak_dbfs: float
    """Highest peak between the samples, in dB of full scale, by four times oversampling; above 0 it clips."""


def loudness_block_count(duration: float, sample_rate: int) -> int:
    """Return the number of blocks of 10 s in a clip of `duration` seconds at `sample_rate` Hz."""
    return ceil(round(duration * sample_rate) / (STEPS_PER_BLOCK * _step(sample_rate)))


class LoudnessReader:
    """Measures a file block by block, in order; the blocks before a wanted one are read and dropped."""

    def __init__(self, file: Path, isolation: Isolation = NoIsolation()) -> None:
        self._blocks = isolation.stream(measured_blocks, file)
        self._next = 0

    def block(self, number: int) -> DoubleArray:
        """Return the peak, then the energy of every 0.1 s, [1 + 100] of block `number` of 10 s; fewer at the end of the file."""
        measured: DoubleArray = np.zeros(1)
        while self._next <= number:
            content = next(self._blocks, None)
            measured = measured if content is None else np.frombuffer(content)
            self._next += 1
        return measured


def measured_blocks(file: Path, should_stop: Callable[[], bool] = never_stop) -> Iterator[bytes]:
    """Yield what `LoudnessReader.block` returns of each block, as the bytes of float64 values."""
    meter: _Meter | None = None
    for sample_rate, samples in _decoded(file, should_stop):
        meter = meter or _Meter(sample_rate, len(samples))
        yield meter.measure(samples).tobytes()


def loudness_of(blocks: list[DoubleArray]) -> Loudness:
    """Return the loudness of a clip.

    Args:
        blocks: all blocks of the clip, as `LoudnessReader.block` returns them.
    """
    from librosa import amplitude_to_db

    energies = np.concatenate([block[1:] for block in blocks])
    integrated = integrated_loudness(moving_mean(energies, GATING_STEPS))
    is_long = len(energies) * STEP_SECONDS >= MIN_RANGE_SECONDS
    spread = loudness_range(moving_mean(energies, SHORT_TERM_STEPS)) if is_long else None
    peak = amplitude_to_db(np.max([block[0] for block in blocks]), amin=MIN_POWER**0.5, top_db=None)
    return Loudness(_rounded(integrated), _rounded(spread), round(float(peak), 1))


class _Meter:
    """The filters, with their state from one block to the next."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._sections = k_weighting(sample_rate)
        self._state = np.zeros((len(self._sections), channels, 2))
        self._weights = np.array(SURROUND_WEIGHTS.get(channels, (1.0,) * channels))
        self._step = _step(sample_rate)
        self._edge: FloatArray = np.zeros((channels, EDGE_SAMPLES), dtype=np.float32)

    def measure(self, block: FloatArray) -> DoubleArray:
        """Return the peak and the energies of the next samples [channels, samples]; see `LoudnessReader.block`."""
        from scipy.signal import resample_poly, sosfilt

        weighted, self._state = sosfilt(self._sections, block, axis=1, zi=self._state)
        steps = weighted.shape[1] // self._step
        whole = weighted[:, : steps * self._step].reshape(len(weighted), steps, self._step)
        energies = np.einsum("c,csn,csn->s", self._weights, whole, whole) / self._step
        joined = np.concatenate([self._edge, block], axis=1)
        between = resample_poly(joined, OVERSAMPLING, 1, axis=1)[:, EDGE_SAMPLES * OVERSAMPLING : -EDGE_SAMPLES * OVERSAMPLING]
        self._edge = joined[:, -2 * EDGE_SAMPLES :]
        return np.concatenate([[max(np.abs(block).max(), np.abs(between).max(initial=0))], energies])


def k_weighting(sample_rate: int) -> DoubleArray:
    """Return the second-order sections [2, 6] of BS.1770-4 for any rate (De Man 2014): a high shelf and a high-pass."""
    shelf_gain, shelf_q, shelf_hz = 3.999843853973347, 0.7071752369554196, 1681.974450955533
    pass_q, pass_hz = 0.5003270373238773, 38.13547087602444
    k, gain = np.tan(np.pi * shelf_hz / sample_rate), 10 ** (shelf_gain / 20)
    band = gain**0.4996667741545416
    a0 = 1 + k / shelf_q + k * k
    shelf = [gain + band * k / shelf_q + k * k, 2 * (k * k - gain), gain - band * k / shelf_q + k * k]
    shelf = [b / a0 for b in shelf] + [1.0, 2 * (k * k - 1) / a0, (1 - k / shelf_q + k * k) / a0]
    k = np.tan(np.pi * pass_hz / sample_rate)
    a0 = 1 + k / pass_q + k * k
    return np.array([shelf, [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / pass_q + k * k) / a0]])


def integrated_loudness(energies: DoubleArray) -> float | None:
    """Return LUFS from the energies [blocks] of overlapping blocks of 0.4 s; None if all are below the absolute gate."""
    audible = energies[_lufs(energies) >= ABSOLUTE_GATE_LUFS]
    if not len(audible):
        return None
    loud = audible[_lufs(audible) >= _lufs(audible.mean()) + RELATIVE_GATE_LU]
    return float(_lufs(loud.mean()))


def loudness_range(energies: DoubleArray) -> float | None:
    """Return LU from the energies [blocks] of overlapping blocks of 3 s; None if all are below the absolute gate."""
    audible = energies[_lufs(energies) >= ABSOLUTE_GATE_LUFS]
    if not len(audible):
        return None
    loud = _lufs(audible[_lufs(audible) >= _lufs(audible.mean()) + RANGE_GATE_LU])
    low, high = np.percentile(loud, RANGE_PERCENTILES)
    return float(high - low)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _lufs(energy: Any) -> Any:
    from librosa import power_to_db

    return OFFSET_LU + power_to_db(energy, amin=MIN_POWER, top_db=None)


def _step(sample_rate: int) -> int:
    """Return the samples in 0.1 s."""
    return round(STEP_SECONDS * sample_rate)


def _decoded(file: Path, should_stop: Callable[[], bool]) -> Iterator[tuple[int, FloatArray]]:
    """Yield (sample rate, samples [channels, 10 s]) block by block; the last is shorter."""
    import av

    with av.open(str(file)) as container:
        stream = container.streams.best("audio")
        resampler = av.AudioResampler(format="flt", rate=stream.rate)  # packed: PyAV cannot read 8 planes or more
        wanted = STEPS_PER_BLOCK * _step(stream.rate)
        held: FloatArray | None = None
        for frame in chain(container.decode(stream), [None]):
            if should_stop():
                raise JobStopped
            parts = [part.to_ndarray().reshape(-1, stream.channels).T for part in resampler.resample(frame)]
            held = np.concatenate(([] if held is None else [held]) + parts, axis=1) if parts else held
            while held is not None and held.shape[1] >= wanted:
                yield stream.rate, held[:, :wanted]
                held = held[:, wanted:]
        if held is not None and held.shape[1]:
            yield stream.rate, held
