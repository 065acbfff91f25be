"""What the timeline draws of the sound itself: a pyramid of peaks and tiles of a log-mel spectrogram.

Both are computed once per clip, from the waveform at the clip's own rate, and kept in the clip's directory.
Peaks are made in one pass over the samples. A spectrogram tile looks only at a few windows for each of its
columns, so that a tile costs the same whether it shows a second or twenty minutes, and nothing has to be
computed before it is needed.
"""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray, IntArray
from pipelines.clip.log_mel import MelBank, mel_filters, periodic_hann

PEAK_BLOCKS = (1, 8, 64, 512, 4096, 32768)  # samples that one peak stands for, by level
STORED_BLOCKS = PEAK_BLOCKS[2:]  # finer ones are read off the waveform when asked for
PEAKS_PER_TILE = 2048
SAMPLES_PER_PASS = 1 << 22
PEAK_SCALE = 127  # int8

MEL_COLUMN_SECONDS = (0.0025, 0.01, 0.04, 0.16, 0.64, 2.56)  # by level
MEL_COLUMNS_PER_TILE = 512
MEL_BANDS = 96
MEL_WINDOW_SECONDS = 0.046
MEL_LOWEST_HZ, MEL_HIGHEST_HZ = 40.0, 16_000.0
MEL_RANGE_DB = 80.0
WINDOWS_PER_COLUMN = 4
WINDOW_SPACING_SECONDS = 0.01  # closer windows would give the same

FOLDER = "timeline"

ScalarT = TypeVar("ScalarT", bound=np.generic)


class Clip(Protocol):
    """The part of a clip that tiles are made of."""

    @property
    def sample_rate(self) -> int:
        """Native rate, Hz."""

    @property
    def duration(self) -> float:
        """Seconds."""

    @property
    def directory(self) -> Path:
        """The clip's own folder for derived files, removed together with the clip."""

    def waveform(self, sample_rate: int) -> FloatArray:
        """Return the mono waveform, float32 [samples] at `sample_rate` Hz, a read-only memory map."""


class NoSuchTileError(ValueError):
    """A level or an index that the clip does not have."""


def peaks_tile(clip: Clip, level: int, index: int) -> NDArray[np.int8]:
    """Return the lowest and highest sample of each block of the tile, int8 [blocks <= PEAKS_PER_TILE, 2].

    Samples are scaled so that the loudest of the clip is 127. Block i of tile `index` begins at sample
    `(index * PEAKS_PER_TILE + i) * PEAK_BLOCKS[level]` of the native rate.
    """
    check_tile(level, len(PEAK_BLOCKS), index, peak_tile_count(clip, level))
    first = index * PEAKS_PER_TILE
    block = PEAK_BLOCKS[level]
    if block in STORED_BLOCKS:
        return stored_peaks(clip, block)[first : first + PEAKS_PER_TILE]
    samples = clip.waveform(clip.sample_rate)[first * block : (first + PEAKS_PER_TILE) * block]
    return quantised(block_extremes(samples, block), loudest_sample(clip))


def overview_peaks(clip: Clip) -> tuple[int, NDArray[np.int8]]:
    """Return the finest level that one tile holds whole, or the coarsest, and all of its peaks, int8 [blocks, 2]."""
    fitting = [level for level in range(2, len(PEAK_BLOCKS)) if peak_tile_count(clip, level) == 1]
    level = fitting[0] if fitting else len(PEAK_BLOCKS) - 1
    return level, stored_peaks(clip, PEAK_BLOCKS[level])


def peak_tile_count(clip: Clip, level: int) -> int:
    """Return how many tiles a level has; 0 for a level that does not exist."""
    if not 0 <= level < len(PEAK_BLOCKS):
        return 0
    blocks = -(-len(clip.waveform(clip.sample_rate)) // PEAK_BLOCKS[level])
    return -(-blocks // PEAKS_PER_TILE)


def mel_tile(clip: Clip, level: int, index: int) -> NDArray[np.uint8]:
    """Return the log-mel energy, uint8 [columns <= MEL_COLUMNS_PER_TILE, MEL_BANDS], lowest band first.

    255 is the clip's loudest possible band, 0 is MEL_RANGE_DB below it. Column i of tile `index` covers
    MEL_COLUMN_SECONDS[level] seconds from `(index * MEL_COLUMNS_PER_TILE + i) * MEL_COLUMN_SECONDS[level]`.
    """
    check_tile(level, len(MEL_COLUMN_SECONDS), index, mel_tile_count(clip, level))
    return kept(folder(clip) / f"mel-{level}-{index}.npy", lambda: compute_mel_tile(clip, level, index))


def mel_tile_count(clip: Clip, level: int) -> int:
    """Return how many tiles a level has; 0 for a level that does not exist."""
    if not 0 <= level < len(MEL_COLUMN_SECONDS):
        return 0
    return -(-mel_column_count(clip, level) // MEL_COLUMNS_PER_TILE)


def mel_column_count(clip: Clip, level: int) -> int:
    """Return how many columns the whole clip has at a level."""
    samples = len(clip.waveform(clip.sample_rate))
    return int(np.ceil(samples / (clip.sample_rate * MEL_COLUMN_SECONDS[level])))


def prepare_peaks(clip: Clip) -> None:
    """Make every stored level of the pyramid, unless the clip has it already."""
    if scale_path(clip).exists():
        return
    finest = pooled_extremes(clip.waveform(clip.sample_rate), STORED_BLOCKS[0])
    loudest = float(np.abs(finest).max(initial=0.0))
    level = quantised(finest, loudest)
    for block, next_block in zip(STORED_BLOCKS, (*STORED_BLOCKS[1:], 0), strict=True):
        write_array(peaks_path(clip, block), level)
        level = coarser(level, next_block // block) if next_block else level
    write_atomically(scale_path(clip), json.dumps({"loudest": loudest}).encode())


def stored_peaks(clip: Clip, block: int) -> NDArray[np.int8]:
    """Return one whole stored level, int8 [blocks, 2], memory-mapped."""
    prepare_peaks(clip)
    peaks: NDArray[np.int8] = np.load(peaks_path(clip, block), mmap_mode="r")
    return peaks


def loudest_sample(clip: Clip) -> float:
    """Return the largest absolute sample of the clip; 0 for silence."""
    prepare_peaks(clip)
    return float(json.loads(scale_path(clip).read_text())["loudest"])


def pooled_extremes(samples: FloatArray, block: int) -> FloatArray:
    """Return the `block_extremes` of a long memory map, computed in passes: float32 [blocks, 2]."""
    passes = [
        block_extremes(samples[first : first + SAMPLES_PER_PASS], block) for first in range(0, len(samples), SAMPLES_PER_PASS)
    ]
    return np.concatenate(passes) if passes else np.zeros((0, 2), np.float32)


def block_extremes(samples: FloatArray, block: int) -> FloatArray:
    """Return the lowest and highest sample of each block, float32 [blocks, 2]; the last block may be shorter."""
    whole = len(samples) // block
    blocks = samples[: whole * block].reshape(whole, block)
    extremes = np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1)  # [whole, 2]
    rest = samples[whole * block :]
    if not len(rest):
        return extremes
    return np.concatenate([extremes, np.array([[rest.min(), rest.max()]], np.float32)])


def coarser(peaks: NDArray[np.int8], factor: int) -> NDArray[np.int8]:
    """Return peaks of blocks `factor` times as long, int8 [ceil(blocks / factor), 2]."""
    starts = np.arange(0, len(peaks), factor)
    if not len(starts):
        return peaks
    lowest = np.minimum.reduceat(peaks[:, 0], starts)
    return np.stack([lowest, np.maximum.reduceat(peaks[:, 1], starts)], axis=1)


def quantised(extremes: FloatArray, loudest: float) -> NDArray[np.int8]:
    """Return samples as int8, where `loudest` becomes 127."""
    return np.round(extremes * (PEAK_SCALE / (loudest or 1.0))).astype(np.int8)


def compute_mel_tile(clip: Clip, level: int, index: int) -> NDArray[np.uint8]:
    """Return the tile as `mel_tile` does, without looking on disk."""
    seconds = MEL_COLUMN_SECONDS[level]
    first = index * MEL_COLUMNS_PER_TILE
    columns = np.arange(first, min(first + MEL_COLUMNS_PER_TILE, mel_column_count(clip, level)))
    windows = max(1, min(WINDOWS_PER_COLUMN, int(seconds / WINDOW_SPACING_SECONDS)))
    bank = mel_filters(mel_bank(clip.sample_rate))
    energy = np.zeros((len(columns), MEL_BANDS), np.float32)
    for window in range(windows):
        centres = (columns + (window + 0.5) / windows) * seconds * clip.sample_rate
        energy += power_spectra(clip, centres.astype(np.int64)) @ bank / windows
    return as_decibels(energy, loudest_sample(clip))


def power_spectra(clip: Clip, centres: IntArray) -> FloatArray:
    """Return power spectra, 1 for a full-scale sine, float32 [centres, window_length / 2 + 1]."""
    samples = clip.waveform(clip.sample_rate)
    length = window_length(clip.sample_rate)
    shape = periodic_hann(length)
    positions = centres[:, None] + np.arange(-(length // 2), length - length // 2)  # [centres, length]
    inside = (positions >= 0) & (positions < len(samples))
    frames = np.where(inside, samples[positions.clip(0, len(samples) - 1)], 0.0) * shape
    spectra = np.fft.rfft(frames, axis=1) / (shape.sum() / 2)
    power: FloatArray = np.square(np.abs(spectra)).astype(np.float32)
    return power


def as_decibels(energy: FloatArray, loudest: float) -> NDArray[np.uint8]:
    """Return the energy relative to a sine as loud as the clip's loudest sample, MEL_RANGE_DB mapped to 0..255."""
    import librosa

    reference = max(loudest, 1e-6) ** 2
    decibels = librosa.power_to_db(energy, ref=reference, amin=1e-30, top_db=None)
    levels: NDArray[np.uint8] = np.round((decibels / MEL_RANGE_DB + 1).clip(0, 1) * 255).astype(np.uint8)
    return levels


def mel_bank(sample_rate: int) -> MelBank:
    """Return the bank of a tile: peaks of 1, evenly spaced in HTK mels."""
    fmax = min(MEL_HIGHEST_HZ, sample_rate / 2)
    return MelBank(sample_rate, window_length(sample_rate), MEL_BANDS, MEL_LOWEST_HZ, fmax)


def window_length(sample_rate: int) -> int:
    """Return the power of two nearest to MEL_WINDOW_SECONDS, in samples."""
    return int(2 ** round(np.log2(MEL_WINDOW_SECONDS * sample_rate)))


def check_tile(level: int, levels: int, index: int, tiles: int) -> None:
    """Raise NoSuchTileError for a tile that does not exist."""
    if not (0 <= level < levels and 0 <= index < tiles):
        raise NoSuchTileError(f"there is no tile {index} at level {level}")


def folder(clip: Clip) -> Path:
    """Return the folder of what this module derives, and make it if need be."""
    path = clip.directory / FOLDER
    path.mkdir(parents=True, exist_ok=True)
    return path


def peaks_path(clip: Clip, block: int) -> Path:
    """Return the path of a stored level."""
    return folder(clip) / f"peaks-{block}.npy"


def scale_path(clip: Clip) -> Path:
    """Return the path of the file that is written last: where it exists, the pyramid is complete."""
    return folder(clip) / "peaks.json"


def kept(path: Path, compute: Callable[[], NDArray[ScalarT]]) -> NDArray[ScalarT]:
    """Return the array of that file, memory-mapped; computed and written first if it is not there yet."""
    if not path.exists():
        write_array(path, compute())
    array: NDArray[ScalarT] = np.load(path, mmap_mode="r")
    return array


def write_array(path: Path, array: NDArray[np.generic]) -> None:
    """Write an array so that a reader sees all of it or no file."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        np.save(file, array)
    os.replace(file.name, path)


def write_atomically(path: Path, content: bytes) -> None:
    """Write bytes so that a reader sees all of them or no file."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    os.replace(file.name, path)
