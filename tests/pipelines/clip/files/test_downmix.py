"""The mix of channels to one, and its level."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from models.arrays import FloatArray
from models.errors import InvalidOption
from pipelines.clip.clip_store import ClipStore
from tests.pipelines.clip.sound_files import encode, tone
from tests.recordings import EXAMPLES

RATE = 16_000


@pytest.fixture
def speech() -> FloatArray:
    """The example of speech [samples] at 16 kHz."""
    samples: FloatArray = soundfile.read(EXAMPLES / "speech.flac", dtype="float32")[0]
    return samples


def correlation(one: FloatArray, other: FloatArray) -> float:
    return float(np.corrcoef(one[: len(other)], other[: len(one)])[0, 1])


def noise(samples: int, scale: float, seed: int) -> FloatArray:
    return np.random.default_rng(seed).normal(0, scale, samples).astype(np.float32)


def test_speech_in_the_centre_stands_out_of_the_surround(speech: FloatArray, store: ClipStore, tmp_path: Path) -> None:
    size = len(speech)
    sides = [noise(size, 0.01, seed) for seed in range(4)]
    channels = np.stack([sides[0], sides[1], 0.6 * speech, noise(size, 0.3, 9), sides[2], sides[3]])  # FL FR FC LFE BL BR
    clip = store.open(encode(tmp_path / "five.wav", channels, "wav", "pcm_f32le", RATE))
    assert correlation(clip.waveform(), speech) > 0.9
    assert correlation(clip.speech_waveform(RATE), speech) > 0.9999
    assert clip.notes == ("Speech is read from the centre channel, everything else from the mix.",)


def test_an_empty_centre_is_not_read_as_speech(speech: FloatArray, store: ClipStore, tmp_path: Path) -> None:
    rest = noise(len(speech), 0.001, 0)
    channels = np.stack([speech, speech, rest, rest, rest, rest])  # FL FR FC LFE BL BR
    clip = store.open(encode(tmp_path / "five.wav", channels, "wav", "pcm_f32le", RATE))
    np.testing.assert_array_equal(clip.speech_waveform(RATE), clip.waveform())
    assert correlation(clip.waveform(), speech) > 0.99


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [(1.0, -1.0, "cancel each other"), (1.0, 0.0, "right side is silent"), (0.0, 1.0, "left side is silent")],
)
def test_a_mix_that_loses_the_sound_gives_way_to_a_channel(
    left: float, right: float, words: str, speech: FloatArray, store: ClipStore, tmp_path: Path
) -> None:
    clip = store.open(encode(tmp_path / "a.wav", np.stack([left * speech, right * speech]), "wav", "pcm_s16le", RATE))
    np.testing.assert_allclose(clip.waveform(), speech, atol=1e-4)
    assert len(clip.notes) == 1
    assert words in clip.notes[0]
    played = soundfile.read(clip.player_file, dtype="float32")[0]  # also by a telephone, which mixes
    np.testing.assert_allclose(played, speech, atol=1e-4)


def test_one_live_channel_of_sixteen_is_used(speech: FloatArray, store: ClipStore, tmp_path: Path) -> None:
    channels = np.zeros((16, len(speech)), np.float32)
    channels[11] = speech
    clip = store.open(encode(tmp_path / "a.wav", channels, "wav", "pcm_s16le", RATE))
    np.testing.assert_allclose(clip.waveform(), speech, atol=1e-4)
    assert "softer than channel 12" in clip.notes[0]


def test_unlike_sides_can_be_opened_alone(speech: FloatArray, store: ClipStore, tmp_path: Path) -> None:
    channels = np.stack([speech, np.roll(speech[::-1], 4000)])
    clip = store.open(encode(tmp_path / "two.wav", channels, "wav", "pcm_s16le", RATE))
    assert clip.has_unlike_sides
    assert "can be opened alone" in clip.notes[0]
    for number, (name, side) in enumerate(zip(clip.sides, channels, strict=True)):
        np.testing.assert_allclose(clip.speech_waveform(RATE, name), side, atol=1e-4)
        alone = store.select(clip, 0, number)
        np.testing.assert_allclose(alone.waveform(), side, atol=1e-4)
        assert (alone.channels, alone.channel, alone.player_file.suffix) == (1, number, ".flac")
        assert store.select(alone, 0, None) == clip
        assert store.find(alone.content_hash) == alone.named("")
    with pytest.raises(InvalidOption):
        store.select(clip, 0, 2)
    with pytest.raises(InvalidOption):
        store.select(clip, 1, None)


@pytest.mark.parametrize("crosstalk", [0.03, 0.1, 0.3])
def test_two_voices_are_found_with_crosstalk(crosstalk: float, speech: FloatArray, store: ClipStore, tmp_path: Path) -> None:
    other = np.roll(speech[::-1], 4000)
    channels = np.stack([speech + crosstalk * other, other + crosstalk * speech])
    assert store.open(encode(tmp_path / "two.wav", channels, "wav", "pcm_s16le", RATE)).has_unlike_sides


@pytest.mark.parametrize("delay", [16, 640])
def test_one_voice_that_reaches_one_side_later_is_one_recording(
    delay: int, speech: FloatArray, store: ClipStore, tmp_path: Path
) -> None:
    channels = np.stack([speech, np.roll(speech, delay)])
    clip = store.open(encode(tmp_path / "late.wav", channels, "wav", "pcm_s16le", RATE))
    assert not clip.has_unlike_sides
    assert clip.notes == ()


def test_independent_noise_is_one_recording(store: ClipStore, tmp_path: Path) -> None:
    channels = np.stack([noise(3 * RATE, 0.1, 0), noise(3 * RATE, 0.1, 1)])
    assert not store.open(encode(tmp_path / "rain.wav", channels, "wav", "pcm_s16le", RATE)).has_unlike_sides


def test_a_knock_on_the_microphone_is_no_level(speech: FloatArray, store: ClipStore, tmp_path: Path) -> None:
    knock = np.zeros(RATE, np.float32)
    knock[100:120] = 1.0
    soft = np.concatenate([knock, 0.003 * speech])
    clip = store.open(encode(tmp_path / "knock.wav", soft[None], "wav", "pcm_f32le", RATE))
    assert np.abs(clip.waveform()[2 * RATE :]).max() > 0.3
    assert np.abs(clip.waveform()).max() <= 10


def test_music_with_a_middle_is_one_recording(store: ClipStore) -> None:
    assert not store.open(EXAMPLES / "music.ogg").has_unlike_sides


@pytest.mark.parametrize("decibels", [18, -40, -55, -70])
def test_level_does_not_matter(decibels: float, speech: FloatArray, store: ClipStore, tmp_path: Path) -> None:
    scaled = speech / np.abs(speech).max() * 10 ** (decibels / 20)
    clip = store.open(encode(tmp_path / "a.wav", scaled[None], "wav", "pcm_f32le", RATE))
    assert correlation(clip.waveform(), speech) > 0.9999
    assert 0.1 < np.abs(clip.waveform()).max() < 2.5
    assert f"very {'loud' if decibels > 0 else 'quiet'}: its level was" in clip.notes[0]
    assert np.abs(soundfile.read(clip.player_file)[0]).max() <= 1.0


def test_a_usual_level_is_left_alone(speech: FloatArray, store: ClipStore) -> None:
    clip = store.open(EXAMPLES / "speech.flac")
    np.testing.assert_array_equal(clip.waveform(), speech)
    assert clip.notes == ()


def test_an_offset_is_removed(speech: FloatArray, store: ClipStore, tmp_path: Path) -> None:
    clip = store.open(encode(tmp_path / "a.wav", (speech + 0.3)[None], "wav", "pcm_s16le", RATE))
    np.testing.assert_allclose(clip.waveform(), speech - speech.mean(), atol=1e-3)
    assert clip.notes == ("A constant offset of 0.31 was removed.",)


def test_broken_samples_of_one_channel_leave_the_other(store: ClipStore, tmp_path: Path) -> None:
    samples = np.repeat(tone(0.5, channels=1), 2, axis=0)
    broken = samples.copy()
    broken[0, 100], broken[0, 200], broken[0, 300] = np.nan, np.inf, 1e30
    clip = store.open(encode(tmp_path / "nan.wav", broken, "wav", "pcm_f32le"))
    assert np.isfinite(clip.waveform()).all()
    assert clip.waveform()[100] == pytest.approx(samples[1, 100] / 2)
    assert clip.notes == ("3 samples are not numbers: silence stands there.",)
    assert clip.player_file.suffix == ".flac"


def test_equal_samples_in_another_layout_are_another_clip(speech: FloatArray, store: ClipStore, tmp_path: Path) -> None:
    channels = np.stack([0.1 * speech, 0.1 * speech, speech, 0.1 * speech])
    quad = encode(tmp_path / "quad.flac", channels, "flac", "flac", RATE)
    clips = []
    for layout in ("4.0", "quad"):
        path = tmp_path / f"{layout}.wav"
        with av.open(str(quad)) as read, av.open(str(path), "w", format="wav") as out:
            stream = out.add_stream("pcm_s16le", rate=RATE, layout=layout)
            for frame in read.decode(audio=0):
                packed = frame.to_ndarray()
                again = av.AudioFrame.from_ndarray(packed, "s16", layout)
                again.sample_rate = RATE
                out.mux(stream.encode(again))
        clips.append(store.open(path))
    assert clips[0].content_hash != clips[1].content_hash
