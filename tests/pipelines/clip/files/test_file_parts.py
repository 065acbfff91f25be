"""Files that were joined to one are read to the end, and damage between fragments ends no film."""

from __future__ import annotations

import random
from pathlib import Path

import av
import numpy as np
import pytest

from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import ClipError
from tests.pipelines.clip.sound_files import FORMATS, RATE, encode, tone

SECONDS = 2.0


@pytest.mark.parametrize("name", ["wav", "flac", "alac", "m4a", "webm", "mkv", "opus", "aac", "mp3", "ac3", "ts"])
def test_joined_files_are_read_to_the_end(name: str, store: ClipStore, tmp_path: Path) -> None:
    first = encode(tmp_path / "a", tone(SECONDS, RATE, 1), *FORMATS[name]).read_bytes()
    path = tmp_path / f"joined.{name}"
    path.write_bytes(first * 3)
    clip = store.open(path)
    assert clip.duration == pytest.approx(3 * SECONDS, abs=0.2)
    assert np.abs(clip.waveform()[round(5.5 * clip.sample_rate) : round(5.8 * clip.sample_rate)]).max() > 0.1
    assert not any("cut off" in note for note in clip.notes)


@pytest.mark.parametrize("name", ["wav", "flac", "alac"])
def test_joined_files_may_have_another_rate_and_other_channels(name: str, store: ClipStore, tmp_path: Path) -> None:
    first = encode(tmp_path / "a", tone(SECONDS, 16_000, 1), *FORMATS[name], 16_000).read_bytes()
    second = encode(tmp_path / "b", tone(SECONDS, 48_000, 2), *FORMATS[name], 48_000).read_bytes()
    path = tmp_path / f"joined.{name}"
    path.write_bytes(first + second)
    clip = store.open(path)
    assert clip.duration == pytest.approx(2 * SECONDS, abs=0.05)
    later = np.asarray(clip.waveform())[round(2.5 * 16_000) : round(3.5 * 16_000)]
    assert np.abs(np.fft.rfft(later)).argmax() in (220, 440)  # at its pitch
    assert clip.player_file.suffix == ".flac"


def test_a_joined_file_that_cannot_be_opened_is_silence(store: ClipStore, tmp_path: Path) -> None:
    first = encode(tmp_path / "a", tone(SECONDS, RATE, 1), *FORMATS["alac"]).read_bytes()
    broken = first[:8] + bytes(len(first) - 8)
    path = tmp_path / "joined.m4a"
    path.write_bytes(first + broken)
    clip = store.open(path)
    assert clip.duration == pytest.approx(2 * SECONDS, abs=0.1)
    assert clip.notes == ("2.0 s from 2.0 s could not be read: silence stands there.",)


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_keyframe+empty_moov+default_base_moof"])
def test_damage_between_fragments_ends_no_film(flags: str, store: ClipStore, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    options = {"movflags": flags, "frag_duration": "500000"}
    source = encode(tmp_path / "whole.mka", tone(8.0, RATE, 1), "matroska", "aac")
    with av.open(str(source)) as read, av.open(str(path), "w", format="mp4", options=options) as out:
        copy = out.add_stream_from_template(read.streams.audio[0])
        for packet in read.demux(read.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
    content = bytearray(path.read_bytes())
    size = len(content) // 4
    content[size : 2 * size] = random.Random(0).randbytes(size)
    path.write_bytes(bytes(content))
    clip = store.open(path)
    assert clip.duration == pytest.approx(8.0, abs=0.1)
    late = np.asarray(clip.waveform())[7 * RATE : round(7.9 * RATE)]
    assert np.abs(late).max() > 0.1
    assert len(clip.notes) == 1
    assert "could not be read" in clip.notes[0]


def test_random_boxes_end(store: ClipStore, tmp_path: Path) -> None:
    noise = random.Random(0)
    for number in range(20):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0" + noise.randbytes(30_000) + b"\0\0\0\x10moofmfhd" * 500)
        with pytest.raises(ClipError):
            store.open(path)


@pytest.mark.parametrize("name", ["mp3", "aac", "wav"])
def test_a_file_that_ends_within_the_header_of_a_tag_is_refused(name: str, store: ClipStore, tmp_path: Path) -> None:
    path = tmp_path / f"cut.{name}"
    for size in range(3, 11):
        path.write_bytes(b"ID3\x04\0\0\0\0\0\0"[:size])
        with pytest.raises(ClipError):
            store.open(path)


def test_a_joined_file_may_end_within_the_header_of_a_tag(store: ClipStore, tmp_path: Path) -> None:
    path = tmp_path / "joined.mp3"
    path.write_bytes(encode(tmp_path / "a", tone(SECONDS, RATE, 1), *FORMATS["mp3"]).read_bytes() + b"ID3\x04\0\0")
    assert store.open(path).duration == pytest.approx(SECONDS, abs=0.2)
