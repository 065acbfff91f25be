"""Films and GIFs, decoded again."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image, ImageSequence

from models.arrays import DoubleArray, FloatArray
from pipelines.film.video_files import Frame, Mp4Writer, gif_bytes

WIDTH, HEIGHT, FRAME_RATE = 96, 64, 12
SECONDS = 2.3
LISTENING_RATE = 16_000


def frame(number: int) -> Frame:
    """A gradient that wanders."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([2 * x + number, 3 * y, x + y + 2 * number], axis=2).astype(np.uint8)


def record(folder: Path, rate: int, channels: int) -> tuple[Path, DoubleArray]:
    """(file, samples [samples, channels]) of a chord in noise that fades in."""
    times = np.arange(round(SECONDS * rate)) / rate
    rng = np.random.default_rng(0)
    tones = [np.sin(2 * np.pi * pitch * times) for pitch in (220, 554)]
    samples = np.stack([0.2 * tones[n] * times + rng.normal(0, 0.02, len(times)) for n in range(channels)], axis=1)
    soundfile.write(folder / "sound.wav", samples, rate)
    return folder / "sound.wav", samples


def decoded_sound(file: Path, layout: str) -> FloatArray:
    """Return the sound of a file, [channels, samples] at 16 kHz."""
    with av.open(str(file)) as container:
        resampler = av.AudioResampler("fltp", layout, LISTENING_RATE)
        frames = [*container.decode(audio=0), None]
        return np.concatenate([part.to_ndarray() for one in frames for part in resampler.resample(one)], axis=1)


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2), (96_000, 2), (11_025, 1)])
def test_a_film_has_its_frames_and_its_sound(tmp_path: Path, rate: int, channels: int) -> None:
    sound, _ = record(tmp_path, rate, channels)
    count = round(SECONDS * FRAME_RATE)
    film = tmp_path / "film.mp4"
    with Mp4Writer(film, (WIDTH, HEIGHT), FRAME_RATE, sound, SECONDS) as writer:
        for number in range(count):
            writer.add(frame(number))
    with av.open(str(film)) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]
        assert container.duration is not None and abs(container.duration / av.time_base - SECONDS) < 1 / FRAME_RATE
        pictures = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
    assert len(pictures) == count
    for number in (0, count // 2, count - 1):
        assert np.abs(pictures[number].astype(int) - frame(number)).mean() < 6
    layout = "mono" if channels == 1 else "stereo"
    original, copy = decoded_sound(sound, layout), decoded_sound(film, layout)
    assert abs(original.shape[1] - copy.shape[1]) < 0.05 * LISTENING_RATE
    shared = min(original.shape[1], copy.shape[1])
    for channel in range(channels):
        assert np.corrcoef(original[channel, :shared], copy[channel, :shared])[0, 1] > 0.98


def test_a_film_can_be_played_before_it_is_read_to_its_end(tmp_path: Path) -> None:
    sound, _ = record(tmp_path, 16_000, 1)
    with Mp4Writer(tmp_path / "film.mp4", (WIDTH, HEIGHT), FRAME_RATE, sound, SECONDS) as writer:
        for number in range(round(SECONDS * FRAME_RATE)):
            writer.add(frame(number))
    content = (tmp_path / "film.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_a_long_sound_is_cut_to_the_film(tmp_path: Path) -> None:
    sound, _ = record(tmp_path, 16_000, 1)
    with Mp4Writer(tmp_path / "film.mp4", (WIDTH, HEIGHT), FRAME_RATE, sound, 1.0) as writer:
        for number in range(FRAME_RATE):
            writer.add(frame(number))
    assert decoded_sound(tmp_path / "film.mp4", "mono").shape[1] == pytest.approx(LISTENING_RATE, rel=0.03)


def test_an_error_goes_through(tmp_path: Path) -> None:
    sound, _ = record(tmp_path, 16_000, 1)
    with (
        pytest.raises(KeyError, match="from outside"),
        Mp4Writer(tmp_path / "film.mp4", (WIDTH, HEIGHT), FRAME_RATE, sound, SECONDS) as writer,
    ):
        writer.add(frame(0))
        raise KeyError("from outside")


def gif_of(content: bytes) -> tuple[list[Image.Image], int]:
    """(frames, length in milliseconds)."""
    frames, length = [], 0
    with Image.open(BytesIO(content)) as gif:
        assert gif.info["loop"] == 0
        for shown in ImageSequence.Iterator(gif):
            length += shown.info["duration"]
            frames.append(shown.convert("RGB"))
    return frames, length


def test_a_gif_keeps_time_and_colours() -> None:
    frames = [Image.fromarray(frame(4 * number)) for number in range(21)]
    shown, length = gif_of(gif_bytes(frames, 7.0, 10**7))
    assert len(shown) == 21 and length == 3000
    assert shown[0].size == (WIDTH, HEIGHT)
    for number in (0, 20):
        assert np.abs(np.asarray(shown[number]).astype(int) - np.asarray(frames[number])).mean() < 8


def test_a_gif_gets_smaller_until_it_fits() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 160, 160, 3), dtype=np.uint8)
    frames = [Image.fromarray(picture) for picture in noise]
    whole = len(gif_bytes(frames, 5.0, 10**7))
    content = gif_bytes(frames, 5.0, whole // 2)
    assert len(content) <= whole // 2
    assert gif_of(content)[0][0].size == (102, 102)


def test_a_gif_stays_recognisable() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    shown, _ = gif_of(gif_bytes([Image.fromarray(picture) for picture in noise], 5.0, 10))
    assert shown[0].width >= 64
