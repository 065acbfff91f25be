"""Loudness against the standards' own test signals and an independent implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyloudnorm  # type: ignore[import-untyped]
import pytest
import soundfile
from numpy.typing import NDArray

from pipelines.music.loudness import (
    Loudness,
    LoudnessReader,
    loudness_block_count,
    loudness_of,
)

RATE = 48_000


def measured(folder: Path, samples: NDArray[np.floating], rate: int = RATE) -> Loudness:
    """The loudness of a file with `samples` [samples, channels]."""
    soundfile.write(folder / "sound.wav", samples, rate, subtype="FLOAT")
    reader = LoudnessReader(folder / "sound.wav")
    return loudness_of([reader.block(i) for i in range(loudness_block_count(len(samples) / rate, rate))])


def sine(seconds: float, decibels: float, hertz: float = 1000.0, rate: int = RATE) -> NDArray[np.floating]:
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def test_signals_of_ebu_tech_3341_and_3342(tmp_path: Path) -> None:
    stereo = [np.stack([part, part], axis=1) for part in (sine(10, -36), sine(30, -23), sine(10, -36))]
    assert measured(tmp_path, stereo[1]).integrated_lufs == pytest.approx(-23, abs=0.1)
    assert measured(tmp_path, np.concatenate(stereo)).integrated_lufs == pytest.approx(-23, abs=0.1)
    steps = np.concatenate([sine(40, -20), sine(40, -30)])
    assert measured(tmp_path, np.stack([steps, steps], axis=1)).range_lu == pytest.approx(10, abs=1)
    assert measured(tmp_path, stereo[1]).range_lu is None


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 1), (22_050, 2), (48_000, 2)])
def test_the_same_as_another_implementation(tmp_path: Path, rate: int, channels: int) -> None:
    rng = np.random.default_rng(0)
    swell = 0.02 + np.sin(np.linspace(0, 9, 23 * rate)) ** 2
    samples = np.cumsum(rng.normal(0, 0.01, (len(swell), channels)), axis=0)
    samples = (samples - np.linspace(0, 1, len(swell))[:, np.newaxis] * samples[-1]) * swell[:, np.newaxis] * 0.05
    samples += rng.normal(0, 0.05, samples.shape) * swell[:, np.newaxis]
    theirs = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(samples)
    assert measured(tmp_path, samples, rate).integrated_lufs == pytest.approx(theirs, abs=0.15)


def test_peaks_between_the_samples_are_found(tmp_path: Path) -> None:
    quarter = 0.9 * np.sin(2 * np.pi * (np.arange(RATE) / 4 + 1 / 8))  # every sample is at 0.64
    assert measured(tmp_path, quarter).true_peak_dbfs == pytest.approx(20 * np.log10(0.9), abs=0.2)


def test_what_is_too_short_or_too_soft_has_no_loudness(tmp_path: Path) -> None:
    assert measured(tmp_path, sine(0.3, -20)).integrated_lufs is None
    assert measured(tmp_path, sine(3, -90)).integrated_lufs is None


def test_surround_channels_count_more_and_the_subwoofer_not(tmp_path: Path) -> None:
    silent = np.zeros(5 * RATE)
    tone = sine(5, -20)
    front, bass, rear = (
        measured(tmp_path, np.stack([tone if i == place else silent for i in range(6)], axis=1)) for place in (0, 3, 4)
    )
    assert front.integrated_lufs is not None and rear.integrated_lufs is not None
    assert bass.integrated_lufs is None
    assert rear.integrated_lufs - front.integrated_lufs == pytest.approx(1.5, abs=0.11)


def test_blocks_are_the_same_when_some_are_skipped(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.concatenate([sine(11, -20), sine(14.5, -6, 331)]), RATE)
    one_by_one, at_once = LoudnessReader(tmp_path / "long.wav"), LoudnessReader(tmp_path / "long.wav")
    blocks = [one_by_one.block(i) for i in range(loudness_block_count(25.5, RATE))]
    assert [len(block) - 1 for block in blocks] == [100, 100, 55]
    np.testing.assert_array_equal(at_once.block(2), blocks[2])
    assert 20 * np.log10(blocks[0][0]) == pytest.approx(-20, abs=0.05)
