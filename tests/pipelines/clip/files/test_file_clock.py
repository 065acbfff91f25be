"""Samples stand where the file's clock puts them, whatever is missing, and the clip says what it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.arrays import FloatArray
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from tests.pipelines.clip.sound_files import encode, remuxed, write_tracks
from tests.recordings import EXAMPLES

SPEECH_SECONDS = 15.39
FIRST_WORD = 0.24
"""Seconds into the example of speech."""
SECOND_SENTENCE = 7.31
MARK_SECONDS = 0.02

Speech = Callable[[int, int, int], FloatArray]


@pytest.fixture
def speech() -> Speech:
    """Returns the example of speech at a rate, with so many channels, so many times over: float32 [channels, samples]."""
    import soxr

    samples, rate = soundfile.read(EXAMPLES / "speech.flac", dtype="float32")

    def at(new_rate: int, channels: int = 1, times: int = 1) -> FloatArray:
        resampled = np.tile(soxr.resample(samples, rate, new_rate), times).astype(np.float32)
        return np.repeat(resampled[None], channels, axis=0)

    return at


def first_sound(clip: AudioClip, after: float = 0.0) -> float:
    """The first moment after `after` seconds that is not soft."""
    samples = np.asarray(clip.waveform(16_000))[round(after * 16_000) :]
    size = round(MARK_SECONDS * 16_000)
    loud = np.abs(samples[: len(samples) // size * size]).reshape(-1, size).max(axis=1) > 0.03
    return after + float(loud.argmax()) * MARK_SECONDS


def lag(clip: AudioClip, wanted: FloatArray, start: float) -> float:
    """How much later than `start` s `wanted` [samples at 16 kHz] is in the clip, in seconds."""
    margin = 16_000
    begin = round(start * 16_000) - margin
    around = np.asarray(clip.waveform(16_000))[begin : begin + len(wanted) + 2 * margin]
    return (int(np.correlate(around, wanted, "valid").argmax()) - margin) / 16_000


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("matroska", "aac"), ("webm", "libopus"), ("ogg", "libopus")])
def test_a_late_start_is_silence(container: str, codec: str, speech: Speech, store: ClipStore, tmp_path: Path) -> None:
    plain = encode(tmp_path / "plain", speech(48_000, 1, 1), container, codec, 48_000)
    clip = store.open(remuxed(plain, tmp_path / f"late.{container}", container, lambda _: 4.9))
    assert clip.duration == pytest.approx(20.3, abs=0.1)
    assert first_sound(clip) == pytest.approx(4.9 + FIRST_WORD, abs=0.1)
    assert clip.notes == (f"The sound of this file begins at {clip.notes[0].split()[-2]} s.",)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("matroska", "libopus"), ("webm", "libopus")])
def test_a_pause_is_silence_and_not_damage(container: str, codec: str, speech: Speech, store: ClipStore, tmp_path: Path) -> None:
    plain = encode(tmp_path / "plain", speech(48_000, 1, 1), container, codec, 48_000)
    clip = store.open(remuxed(plain, tmp_path / "hole", container, lambda time: 5.0 if time > 7.0 else 0.0))
    assert clip.duration == pytest.approx(SPEECH_SECONDS + 5, abs=0.1)
    assert first_sound(clip, 7.2) == pytest.approx(SECOND_SENTENCE + 5, abs=0.15)
    assert clip.notes == ("The recording pauses for 5.0 s from 7.0 s: silence stands there.",)


@pytest.mark.parametrize("seconds", [1, 6])
@pytest.mark.parametrize(("name", "is_random"), [("m4a", True), ("mp3", False), ("mp3", True), ("aac", True), ("opus", True)])
def test_what_follows_damage_keeps_its_place(
    name: str, is_random: bool, seconds: int, speech: Speech, store: ClipStore, tmp_path: Path
) -> None:
    container, codec = {"m4a": ("ipod", "aac"), "mp3": ("mp3", "libmp3lame"), "aac": ("adts", "aac"), "opus": ("ogg", "libopus")}[
        name
    ]
    rate = 48_000 if name == "opus" else 44_100
    path = encode(tmp_path / f"whole.{name}", speech(rate, 1, 3), container, codec, rate)
    content = bytearray(path.read_bytes())
    length = 3 * SPEECH_SECONDS
    start, size = int(len(content) * 20 / length), int(len(content) * seconds / length)
    content[start : start + size] = random.Random(0).randbytes(size) if is_random else bytes(size)
    path.write_bytes(bytes(content))
    clip = store.open(path)
    assert clip.duration == pytest.approx(length, abs=0.15)
    third = speech(16_000, 1, 1)[0, :80_000]
    assert lag(clip, third, 2 * SPEECH_SECONDS) == pytest.approx(0.0, abs=0.1)
    assert any("could not be read" in note for note in clip.notes)
    assert not any("cut off" in note for note in clip.notes)


@pytest.mark.parametrize(
    ("name", "container", "codec"), [("mp3", "mp3", "libmp3lame"), ("aac", "adts", "aac"), ("ogg", "ogg", "libopus")]
)
def test_rate_and_channels_may_change_inside_a_file(
    name: str, container: str, codec: str, speech: Speech, store: ClipStore, tmp_path: Path
) -> None:
    first = encode(tmp_path / "a", speech(44_100, 2, 1), container, codec, 44_100)
    second = encode(
        tmp_path / "b", speech(22_050 if codec == "aac" else 48_000, 1, 1), container, codec, 22_050 if codec == "aac" else 48_000
    )
    path = tmp_path / f"joined.{name}"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    clip = store.open(path)
    assert clip.duration == pytest.approx(2 * SPEECH_SECONDS, abs=0.25)
    sentence = speech(16_000, 1, 1)[0, :80_000]
    assert lag(clip, sentence, 0.0 + 1.0) == pytest.approx(-1.0, abs=0.1)
    assert lag(clip, sentence, SPEECH_SECONDS + 0.1) == pytest.approx(0.0, abs=0.25)
    assert clip.player_file.suffix == ".flac"


def test_the_second_of_two_equal_links_is_read(speech: Speech, store: ClipStore, tmp_path: Path) -> None:
    link = encode(tmp_path / "a.ogg", speech(48_000, 1, 1), "ogg", "libopus", 48_000).read_bytes()
    path = tmp_path / "chain.ogg"
    path.write_bytes(link * 3)
    clip = store.open(path)
    assert clip.duration == pytest.approx(3 * SPEECH_SECONDS, abs=0.1)
    assert clip.player_file.suffix == ".flac"


def test_one_of_several_tracks_is_chosen(speech: Speech, store: ClipStore, tmp_path: Path) -> None:
    samples = speech(16_000, 1, 1)[0]
    path = write_tracks(tmp_path / "two.mka", [("deu", "Kommentar", samples / 2), ("eng", "Film", samples)], default=1)
    plain = store.open(encode(tmp_path / "plain.wav", samples[None], "wav", "pcm_s16le", 16_000))
    clip = store.open(path)
    assert [(track.language, track.title) for track in clip.tracks] == [("deu", "Kommentar"), ("eng", "Film")]
    assert clip.track == 1
    assert clip.content_hash != plain.content_hash  # which has no other track
    other = store.select(clip, 0, None)
    assert other.track == 0
    assert np.abs(other.waveform()).max() == pytest.approx(np.abs(clip.waveform()).max() / 2, rel=0.01)
    assert store.select(other, 1, None) == clip
    assert store.cut(other, 0.5, 1.0).duration == 0.5
