import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from components.timeline.timeline import TILES_PER_REQUEST, answer_tiles
from models.arrays import FloatArray
from pipelines.clip import timeline_tiles
from pipelines.clip.errors import ClipExpired
from pipelines.clip.log_mel import mel_filters
from pipelines.clip.timeline_tiles import (
    MEL_BANDS,
    MEL_COLUMN_SECONDS,
    MEL_COLUMNS_PER_TILE,
    PEAK_BLOCKS,
    PEAKS_PER_TILE,
    NoSuchTileError,
    mel_bank,
    mel_tile,
    mel_tile_count,
    overview_peaks,
    peak_tile_count,
    peaks_tile,
    prepare_peaks,
)

SAMPLE_RATE = 8_000  # Hz
STORED_LEVEL = 2


@dataclass(frozen=True)
class ArrayClip:
    samples: FloatArray
    directory: Path
    sample_rate: int = SAMPLE_RATE

    @property
    def duration(self) -> float:
        return len(self.samples) / self.sample_rate

    def waveform(self, sample_rate: int) -> FloatArray:
        assert sample_rate == self.sample_rate
        return self.samples


@pytest.fixture
def noise(tmp_path):
    return ArrayClip(np.random.default_rng(1).uniform(-0.5, 0.5, 300_001).astype(np.float32), tmp_path)


def tone(tmp_path, hertz, seconds=4.0, amplitude=0.5):
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return ArrayClip((amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.float32), tmp_path)


@pytest.mark.parametrize("level", range(len(PEAK_BLOCKS)))
def test_every_level_holds_the_extremes_of_its_blocks(noise, level):
    block = PEAK_BLOCKS[level]
    tiles = [peaks_tile(noise, level, index) for index in range(peak_tile_count(noise, level))]
    assert all(len(tile) == PEAKS_PER_TILE for tile in tiles[:-1])
    peaks = np.concatenate(tiles)
    starts = np.arange(0, len(noise.samples), block)
    scaled = noise.samples * 127 / np.abs(noise.samples).max()
    assert peaks.dtype == np.int8
    np.testing.assert_allclose(peaks[:, 0], np.minimum.reduceat(scaled, starts), atol=0.51)
    np.testing.assert_allclose(peaks[:, 1], np.maximum.reduceat(scaled, starts), atol=0.51)


def test_passes_do_not_show(noise, tmp_path, monkeypatch):
    whole = np.array(peaks_tile(noise, STORED_LEVEL, 0))
    monkeypatch.setattr(timeline_tiles, "SAMPLES_PER_PASS", 64 * 100)
    again = ArrayClip(noise.samples, tmp_path / "again")
    np.testing.assert_array_equal(peaks_tile(again, STORED_LEVEL, 0), whole)


def test_the_pyramid_is_made_once_and_mapped_from_disk(noise, monkeypatch):
    prepare_peaks(noise)
    monkeypatch.setattr(timeline_tiles, "pooled_extremes", lambda *_: pytest.fail("computed again"))
    prepare_peaks(noise)
    assert isinstance(peaks_tile(noise, STORED_LEVEL, 0), np.memmap)
    assert {path.parent for path in noise.directory.rglob("*.npy")} == {noise.directory / "timeline"}


def test_the_overview_is_one_whole_level(noise):
    level, peaks = overview_peaks(noise)
    assert peak_tile_count(noise, level) == 1
    assert len(peaks) == -(-len(noise.samples) // PEAK_BLOCKS[level])


def test_silence_is_flat(tmp_path):
    clip = ArrayClip(np.zeros(10_000, np.float32), tmp_path)
    assert not peaks_tile(clip, 0, 0).any()
    assert not mel_tile(clip, 2, 0).any()


@pytest.mark.parametrize("level", [0, 2, 4])
@pytest.mark.parametrize("hertz", [300, 1000, 3000])
def test_a_tone_lights_its_band(tmp_path, level, hertz):
    clip = tone(tmp_path, hertz)
    columns = mel_tile(clip, level, 0)
    bins = np.fft.rfftfreq(timeline_tiles.window_length(SAMPLE_RATE), 1 / SAMPLE_RATE)
    expected = np.argmax(mel_filters(mel_bank(SAMPLE_RATE))[np.argmin(np.abs(bins - hertz))])
    middle = columns[len(columns) // 2]
    assert abs(int(middle.argmax()) - int(expected)) <= 1
    assert middle.max() > 235  # within 7 dB of the loudest that can be
    assert np.median(middle) < 60


def test_a_spectrogram_shows_when(tmp_path):
    clip = tone(tmp_path, 1000)
    clip.samples[: len(clip.samples) // 2] = 0
    columns = mel_tile(clip, 2, 0)
    assert columns.shape == (100, MEL_BANDS)
    assert columns[:45].max() == 0
    assert columns[55:95].max(axis=1).min() > 200


def test_spectrogram_tiles_are_kept(noise, monkeypatch):
    first = np.array(mel_tile(noise, 1, 1))
    monkeypatch.setattr(timeline_tiles, "compute_mel_tile", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(mel_tile(noise, 1, 1), first)


def test_tiles_cover_the_clip(noise):
    seconds = [MEL_COLUMN_SECONDS[1] * len(mel_tile(noise, 1, index)) for index in range(mel_tile_count(noise, 1))]
    assert sum(seconds) == pytest.approx(noise.duration, abs=MEL_COLUMN_SECONDS[1])
    assert seconds[0] == pytest.approx(MEL_COLUMNS_PER_TILE * MEL_COLUMN_SECONDS[1])


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (99, 0), (0, -1), (0, 10**9), (5, 1)])
@pytest.mark.parametrize("make", [peaks_tile, mel_tile])
def test_refuses_tiles_that_do_not_exist(noise, make, level, index):
    with pytest.raises(NoSuchTileError):
        make(noise, level, index)


def test_a_page_gets_the_tiles_it_asks_for(noise):
    clips = {"secret": noise}
    answer = answer_tiles({"token": "secret", "kind": "peaks", "level": 1, "indices": [0, 2]}, clips.get)
    assert set(answer) == {"0", "2"}
    assert base64.b64decode(answer["2"]) == peaks_tile(noise, 1, 2).tobytes()


@pytest.mark.parametrize(
    "query",
    [
        None,
        "secret",
        ["secret", "peaks", 0, [0]],
        {"token": "secret"},
        {"token": "guess", "kind": "peaks", "level": 0, "indices": [0]},
        {"token": ["secret"], "kind": "peaks", "level": 0, "indices": [0]},
        {"token": "secret", "kind": "../../etc/passwd", "level": 0, "indices": [0]},
        {"token": "secret", "kind": "peaks", "level": "0", "indices": [0]},
        {"token": "secret", "kind": "peaks", "level": 0, "indices": "0"},
        {"token": "secret", "kind": "peaks", "level": 0, "indices": [10**12]},
        {"token": "secret", "kind": "mel", "level": -1, "indices": [0]},
        {"token": "secret", "kind": "mel", "level": 0, "indices": ["../0", None, 0.5, {}]},
    ],
)
def test_a_page_that_asks_for_anything_else_gets_nothing(noise, query):
    assert answer_tiles(query, {"secret": noise}.get) == {}


def test_a_page_cannot_ask_for_everything_at_once(noise):
    query = {"token": "secret", "kind": "peaks", "level": 0, "indices": list(range(100))}
    assert len(answer_tiles(query, {"secret": noise}.get)) == TILES_PER_REQUEST


def test_a_clip_that_went_away_has_no_tiles(noise):
    def gone(token):
        raise ClipExpired

    assert answer_tiles({"token": "secret", "kind": "peaks", "level": 0, "indices": [0]}, gone) == {}
