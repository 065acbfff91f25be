"""Decoding: every format, what the player gets, and memory that does not grow with the clip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from pipelines.clip.clip_store import ClipStore
from tests.pipelines.clip.sound_files import FORMATS, RATE, encode, tone, write_wav
from tests.recordings import EXAMPLES

LOSSLESS = {"wav", "wav24", "wav-float", "flac", "alac", "aiff", "au", "caf", "w64", "voc"}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_decoded(name: str, store: ClipStore, tmp_path: Path) -> None:
    container, codec = FORMATS[name]
    samples = tone(1.5)
    clip = store.open(encode(tmp_path / f"clip.{name}", samples, container, codec))
    assert clip.duration == pytest.approx(1.5, abs=0.1)  # frames of Windows Media last 46 ms
    assert clip.channels == 2
    mono = clip.waveform(RATE)
    assert mono.dtype == np.float32
    if name in LOSSLESS:
        np.testing.assert_allclose(mono, samples.mean(axis=0), atol=2e-4)
    else:
        middle = slice(RATE // 2, RATE)
        assert np.abs(np.fft.rfft(mono[middle])).argmax() / 0.5 in (220, 440)


def test_ogg_vorbis_is_decoded(store: ClipStore) -> None:
    clip = store.open(EXAMPLES / "music.ogg")
    assert (clip.codec, clip.channels, clip.sample_rate, clip.duration) == ("vorbis", 2, 44_100, 22.0)


@pytest.mark.parametrize("name", ["mp4", "wmv", "mkv", "flv"])
def test_the_sound_of_a_longer_video_is_taken(name: str, store: ClipStore, tmp_path: Path) -> None:
    path = tmp_path / f"film.{name}"
    with av.open(str(path), "w") as out:
        video, audio = (
            out.add_stream("flv1" if name == "flv" else "mpeg4", rate=5),
            out.add_stream("aac", rate=RATE, layout="mono"),
        )
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        for number in range(10):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 20, np.uint8))
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        samples = tone(1.0, channels=1)
        for start in range(0, RATE - 1024, 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, start : start + 1024]), "flt", "mono")
            frame.sample_rate, frame.pts = RATE, start
            out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
    clip = store.open(path)
    assert clip.duration == pytest.approx(1.0, abs=0.06)
    assert clip.player_file.suffix == ".flac"  # the pictures last longer
    assert clip.notes == ()


@pytest.mark.parametrize(
    ("name", "ending"), [("wav", ".wav"), ("mp3", ".mp3"), ("webm", ".webm"), ("aiff", ".flac"), ("mkv", ".flac")]
)
def test_the_player_gets_what_browsers_play(name: str, ending: str, store: ClipStore, tmp_path: Path) -> None:
    source = encode(tmp_path / "clip", tone(0.5), *FORMATS[name])
    clip = store.open(source)
    assert clip.player_file.suffix == ending
    if name in ("wav", "mp3", "webm"):
        assert clip.player_file.read_bytes() == source.read_bytes()
    else:
        with av.open(str(clip.player_file)) as player:
            assert player.streams.audio[0].channels == 2


def test_a_streamed_wav_of_unknown_length_is_taken(store: ClipStore, tmp_path: Path) -> None:
    second = (tone(1.0, channels=1)[0] * 32767).astype("<i2").tobytes()
    assert store.open(write_wav(tmp_path / "streamed.wav", 0xFFFFFFFF, second)).duration == 1.0


def test_not_a_number_samples_become_silence(store: ClipStore, tmp_path: Path) -> None:
    samples = tone(0.5)
    samples[:, 100] = np.nan
    samples[:, 200] = np.inf
    assert np.isfinite(store.open(encode(tmp_path / "nan.wav", samples, "wav", "pcm_f32le")).waveform()).all()


@pytest.mark.models
@pytest.mark.parametrize(("seconds", "max_bytes"), [(1800, 4 * 10**8), pytest.param(7200, 10**9, marks=pytest.mark.thorough)])
def test_long_files_take_little_memory(tmp_path: Path, seconds: int, max_bytes: int) -> None:
    """Decoding, resampling and reading, in a process of its own whose peak memory is read."""
    script = f"""
from pathlib import Path
import numpy as np
from pipelines.clip.clip_store import ClipStore
source = Path({str(tmp_path / "long.wav")!r})
rate, seconds = 16_000, {seconds}
minute = (np.sin(np.arange(rate * 60) * 0.05) * 8000).astype("<i2").repeat(2).tobytes()
import struct
size = rate * 4 * seconds
with open(source, "wb") as out:
    out.write(struct.pack("<4sI4s4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16))
    out.write(struct.pack("<HHIIHH4sI", 1, 2, rate, rate * 4, 4, 16, b"data", size))
    for _ in range(seconds // 60):
        out.write(minute)
clip = ClipStore(Path({str(tmp_path / "clips")!r})).open(source)
assert abs(clip.duration - seconds) < 0.01
assert len(clip.waveform(24_000)) == seconds * 24_000
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
    root = EXAMPLES.parent
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < max_bytes  # VmHWM, since ru_maxrss begins with what the parent had
