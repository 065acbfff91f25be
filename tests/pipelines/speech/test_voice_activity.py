"""Where speech is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.arrays import FloatArray
from models.stopping import never_stop
from pipelines.speech.voice_activity import (
    FRAME_SAMPLES,
    HOP_FRAMES,
    MAX_REGION_FRAMES,
    SAMPLE_RATE,
    SpeechRegion,
    find_regions,
    speech_probabilities,
    speech_regions,
    without_blips,
)
from tests.assembled_speech import read_speech, sentences_with_pauses, synthesise
from tests.recordings import EXAMPLES

Times = list[tuple[float, float]]


@pytest.fixture(scope="module")
def waveform() -> FloatArray:
    return sentences_with_pauses(100.0).waveform


@pytest.fixture(scope="module")
def speech() -> FloatArray:
    return read_speech(EXAMPLES / "speech.flac")


def times(waveform: FloatArray, since: float = 0.0) -> Times:
    """Start and end of each region in seconds from `since`."""
    regions = speech_regions(waveform, never_stop)
    return [(region.start / SAMPLE_RATE - since, region.end / SAMPLE_RATE - since) for region in regions]


def noise(seconds: float, level: float) -> FloatArray:
    return np.random.default_rng(0).normal(0.0, level, int(seconds * SAMPLE_RATE)).astype(np.float32)


def tiled(path: Path, seconds: float) -> FloatArray:
    return np.resize(read_speech(path), int(seconds * SAMPLE_RATE))


HEADS = {
    "music": tiled(EXAMPLES / "music.ogg", 40.0),
    "a little music": tiled(EXAMPLES / "music.ogg", 3.3),
    "some music": tiled(EXAMPLES / "music.ogg", 7.0),
    "a bird": tiled(EXAMPLES / "blackbird.ogg", 40.0),
    "noise": noise(40.0, 0.05),
    "minutes of silence": np.zeros(150 * SAMPLE_RATE, np.float32),
}


@pytest.mark.parametrize("head", HEADS)
def test_regions_are_the_same_after_whatever_comes_before_them(speech: FloatArray, head: str) -> None:
    french = synthesise("Bonjour ! Est-ce que vous allez bien ?", "fr", 150)
    for said in (speech, french):
        since = len(HEADS[head]) / SAMPLE_RATE
        found = times(np.concatenate([HEADS[head], said]), since)
        np.testing.assert_allclose(found, times(said), atol=0.1)


@pytest.mark.parametrize("gain", [10 ** (18 / 20) / 0.5, 0.1, 1e-2, 10 ** (-70 / 20) / 0.5])
@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_regions_do_not_depend_on_level_or_offset(speech: FloatArray, gain: float, offset: float) -> None:
    np.testing.assert_allclose(times(gain * (speech + np.float32(offset))), times(speech), atol=0.1)


def test_regions_are_near_those_of_faster_whisper(waveform: FloatArray) -> None:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=320, speech_pad_ms=0)
    expected = [(s["start"] / SAMPLE_RATE, s["end"] / SAMPLE_RATE) for s in get_speech_timestamps(waveform, options)]
    edges = np.array(times(waveform))
    near = [np.abs(edges[:, side] - found[side]).min() < 0.1 for found in expected for side in (0, 1)]
    assert len(expected) > 10
    assert np.mean(near) > 0.9


def test_a_region_that_never_pauses_is_cut_where_it_sounds_least_like_speech() -> None:
    probabilities = np.full(2000, 0.9)
    probabilities[700] = 0.4
    first, *others = find_regions(probabilities.tolist())
    assert first == SpeechRegion(0, 700)
    assert [s.start for s in others] == [first.end, *(s.end for s in others[:-1])]
    assert others[-1].end == 2000
    assert all(s.end - s.start <= MAX_REGION_FRAMES + 1 for s in others)


def in_samples(*regions: tuple[float, float]) -> list[SpeechRegion]:
    return [SpeechRegion(int(start * SAMPLE_RATE), int(end * SAMPLE_RATE)) for start, end in regions]


def test_a_short_region_counts_only_beside_speech() -> None:
    regions = in_samples((3.0, 3.1), (10.0, 12.0), (12.5, 12.6), (15.0, 15.1), (20.0, 20.3), (30.0, 30.15))
    assert list(without_blips(regions)) == in_samples((10.0, 12.0), (12.5, 12.6), (20.0, 20.3))


def test_a_blip_long_before_speech_is_no_region(speech: FloatArray) -> None:
    waveform = np.concatenate([noise(40.0, 0.003), speech])
    vowel = synthesise("aah", words_per_minute=80)[: int(0.08 * SAMPLE_RATE)]
    waveform[12 * SAMPLE_RATE : 12 * SAMPLE_RATE + len(vowel)] += 0.25 * vowel / np.abs(vowel).max()
    assert times(waveform)[0][0] == pytest.approx(40.0 + times(speech)[0][0], abs=0.1)


@pytest.mark.parametrize("frames", [0, 1, HOP_FRAMES, HOP_FRAMES + 1, 2 * HOP_FRAMES, 5 * HOP_FRAMES + 7])
def test_there_is_one_probability_for_each_frame(waveform: FloatArray, frames: int) -> None:
    blocks = list(speech_probabilities(waveform[: frames * FRAME_SAMPLES], never_stop))
    assert sum(map(len, blocks)) == frames


def test_stop_is_looked_at_before_each_piece(waveform: FloatArray) -> None:
    answers = iter([False, True])
    assert len(list(speech_probabilities(waveform, lambda: next(answers)))) == 1
