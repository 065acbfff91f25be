"""Waveforms as librosa gives them become clips without a change of any sample."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from models.arrays import AnyArray
from models.errors import InvalidOption
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import EmptyClip, SilentClip, TooManyChannels
from tests.pipelines.clip.sound_files import tone
from tests.recordings import EXAMPLES


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000])
def test_a_mono_waveform_keeps_its_samples_and_rate(store: ClipStore, rate: int) -> None:
    y = (0.5 * np.sin(np.arange(rate) * 2 * np.pi * 440 / rate)).astype(np.float32)
    clip = store.open_waveform(y, rate, name="A4")
    assert (clip.sample_rate, clip.duration, clip.channels, clip.name) == (rate, 1.0, 1, "A4")
    np.testing.assert_array_equal(clip.waveform(), y)


def test_channels_are_mixed_as_those_of_a_file(store: ClipStore) -> None:
    y, sr = librosa.load(EXAMPLES / "speech.flac", sr=None, mono=False)
    clip = store.open_waveform(np.stack([y, 0.5 * y]), sr)
    assert clip.channels == 2
    np.testing.assert_allclose(clip.waveform(), 0.75 * y, atol=1e-6)


def test_what_librosa_loads_is_the_clip_of_the_file(store: ClipStore) -> None:
    y, sr = librosa.load(EXAMPLES / "music.ogg", sr=None)
    np.testing.assert_allclose(store.open_waveform(y, sr).waveform(), store.open(EXAMPLES / "music.ogg").waveform(), atol=1e-4)


def test_float64_and_a_rate_of_float_are_taken(store: ClipStore) -> None:
    y = tone(0.5)[0].astype(np.float64)
    clip = store.open_waveform(y, 44_100.0)
    assert clip.sample_rate == 44_100
    np.testing.assert_allclose(clip.waveform(), y, atol=1e-7)


def test_the_same_waveform_is_the_same_clip(store: ClipStore) -> None:
    y = np.linspace(-0.5, 0.5, 8_000, dtype=np.float32)
    assert store.open_waveform(y, 8_000, "a").content_hash == store.open_waveform(y, 8_000, "b").content_hash
    assert len(list(store.directory.iterdir())) == 1


@pytest.mark.parametrize(
    ("y", "sr"),
    [
        (np.zeros((1, 1, 8_000), np.float32), 8_000),
        (np.zeros(8_000, np.int16), 8_000),
        (np.full(8_000, np.nan, np.float32), 8_000),
        (np.ones(8_000, np.float32), 0),
        (np.ones(8_000, np.float32), 44_100.5),
        (np.ones(8_000, np.float32), float("nan")),
    ],
)
def test_what_is_no_sound_is_refused(store: ClipStore, y: AnyArray, sr: float) -> None:
    with pytest.raises(InvalidOption):
        store.open_waveform(y, sr)
    assert list(store.directory.iterdir()) == []


def test_empty_silent_and_transposed_waveforms_say_what_they_are(store: ClipStore) -> None:
    with pytest.raises(EmptyClip):
        store.open_waveform(np.zeros(0, np.float32), 8_000)
    with pytest.raises(SilentClip):
        store.open_waveform(np.zeros(8_000, np.float32), 8_000)
    with pytest.raises(TooManyChannels):
        store.open_waveform(np.ones((8_000, 2), np.float32), 8_000)
