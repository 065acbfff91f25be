"""Decoding: every format, every limit, every kind of broken file, and memory that does not grow with the clip."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.arrays import FloatArray
from models.errors import AudioscopeError, InvalidOption
from pipelines.clip.clip import AudioClip, ClipStore
from pipelines.clip.decoding import ClipLimits
from pipelines.clip.errors import (
    ClipError,
    ClipExpired,
    ClipPathRefused,
    ClipTooLarge,
    ClipTooLong,
    EmptyClip,
    NotAudio,
    SilentClip,
    TooManyChannels,
    TruncatedClip,
)
from tests.recordings import EXAMPLES

RATE = 44_100
FORMATS = {
    "wav": ("wav", "pcm_s16le"),
    "wav24": ("wav", "pcm_s24le"),
    "wav-float": ("wav", "pcm_f32le"),
    "mp3": ("mp3", "libmp3lame"),
    "flac": ("flac", "flac"),
    "ogg-flac": ("ogg", "flac"),
    "opus": ("ogg", "libopus"),
    "m4a": ("ipod", "aac"),
    "alac": ("ipod", "alac"),
    "aac": ("adts", "aac"),
    "webm": ("webm", "libopus"),
    "mkv": ("matroska", "aac"),
    "aiff": ("aiff", "pcm_s16be"),
    "au": ("au", "pcm_s16be"),
    "caf": ("caf", "pcm_s16le"),
    "w64": ("w64", "pcm_s16le"),
}
LOSSLESS = {"wav", "wav24", "wav-float", "flac", "alac", "aiff", "au", "caf", "w64"}
TRUNCATABLE = {"wav", "mp3", "flac", "m4a", "webm", "mkv", "aiff", "au"}


def tone(seconds: float, rate: int = RATE, channels: int = 2) -> FloatArray:
    """A quiet chord, another one in each channel; float32 [channels, samples]."""
    time = np.arange(round(seconds * rate)) / rate
    return np.stack([0.2 * np.sin(2 * np.pi * 220 * (c + 1) * time) for c in range(channels)]).astype(np.float32)


def encode(path: Path, samples: FloatArray, container: str, codec: str, rate: int = RATE) -> Path:
    """Write `samples` [channels, samples] with FFmpeg's encoders."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(samples)]
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=48_000 if codec == "libopus" else rate, layout=layout)
        to_codec = av.AudioResampler(format=stream.format, layout=layout, rate=stream.rate)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        size = stream.frame_size or 4096
        fifo = av.AudioFifo()
        for converted in [*to_codec.resample(frame), *to_codec.resample(None)]:
            fifo.write(converted)
        while block := fifo.read(size) or fifo.read():
            out.mux(stream.encode(block))
        out.mux(stream.encode(None))
    return path


def write_wav(path: Path, claimed_bytes: int, held: bytes, rate: int = RATE) -> Path:
    """A 16-bit mono WAV whose header may lie about its length."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", (36 + claimed_bytes) & 0xFFFFFFFF, b"WAVE")
    path.write_bytes(riff + form + struct.pack("<4sI", b"data", claimed_bytes) + held)
    return path


def leftovers(store: ClipStore) -> list[Path]:
    """What a refused clip left behind."""
    return list(store.directory.glob("*"))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_decoded(name: str, store: ClipStore, tmp_path: Path) -> None:
    container, codec = FORMATS[name]
    samples = tone(1.5)
    clip = store.open(encode(tmp_path / f"clip.{name}", samples, container, codec))
    assert clip.duration == pytest.approx(1.5, abs=0.06)
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


def test_the_sound_of_a_video_is_taken(store: ClipStore, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as out:
        video, audio = out.add_stream("mpeg4", rate=5), out.add_stream("aac", rate=RATE, layout="mono")
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        for number in range(10):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 20, np.uint8))
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        samples = tone(1.0, channels=1)
        for start in range(0, RATE - 1024, 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, start : start + 1024]), "fltp", "mono")
            frame.sample_rate, frame.pts = RATE, start
            out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
    clip = store.open(path)
    assert clip.duration == pytest.approx(1.0, abs=0.06)
    assert clip.player_file.suffix == ".m4a"


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


def test_the_same_sound_in_another_file_is_the_same_clip(store: ClipStore, tmp_path: Path) -> None:
    samples = tone(0.5)
    wav = store.open(encode(tmp_path / "a.wav", samples, "wav", "pcm_s16le"))
    flac = store.open(encode(tmp_path / "b.flac", samples, "flac", "flac"))
    louder = store.open(encode(tmp_path / "c.wav", samples * 1.1, "wav", "pcm_s16le"))
    assert wav.content_hash == flac.content_hash != louder.content_hash
    assert (wav.name, flac.name) == ("a.wav", "b.flac")


def test_a_file_is_decoded_once(store: ClipStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "a.wav", tone(0.5), "wav", "pcm_s16le")
    first = store.open(path)
    monkeypatch.setattr("pipelines.clip.clip.decode_audio", lambda *_: pytest.fail("decoded again"))
    assert store.open(path) == first
    assert store.find(first.content_hash) == replace(first, name="")
    assert store.find("0" * 32) is store.find("../etc") is None


def test_a_clip_of_an_earlier_run_is_found(store: ClipStore) -> None:
    clip = store.open(EXAMPLES / "music.ogg")
    found = ClipStore(store.directory).find(clip.content_hash)
    assert found == replace(clip, name="")


def test_a_part_becomes_a_clip(store: ClipStore, tmp_path: Path) -> None:
    samples = tone(3.0)
    clip = store.open(encode(tmp_path / "a.wav", samples, "wav", "pcm_s24le"))
    part = store.cut(clip, 1.0, 2.5)
    assert (part.duration, part.channels, part.sample_rate, part.name) == (1.5, 2, RATE, "a.wav")
    np.testing.assert_allclose(part.waveform(), clip.waveform()[RATE : RATE * 5 // 2], atol=1e-6)
    assert store.cut(clip, 2.0, 99.0).duration == 1.0
    for start, end in ((-1.0, 1.0), (2.0, 1.0), (1.0, 1.01), (3.5, 4.0), (float("nan"), 1.0)):
        with pytest.raises(InvalidOption):
            store.cut(clip, start, end)
    assert not list(store.directory.glob("incoming-*"))


def test_a_clip_goes_when_its_last_keeper_lets_go(store: ClipStore) -> None:
    clip = store.open(EXAMPLES / "blackbird.ogg")
    store.keep(clip, "ann")
    store.keep(clip, "bob/../../x")
    store.let_go(clip.content_hash, "ann")
    store.let_go(clip.content_hash, "carol")
    assert store.find(clip.content_hash)
    store.let_go(clip.content_hash, "bob/../../x")
    assert store.find(clip.content_hash) is None
    store.let_go("../..", "ann")


def test_resampling_matches_soxr_and_happens_once(store: ClipStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import soxr

    samples = tone(3.0)
    clip = store.open(encode(tmp_path / "a.wav", samples, "wav", "pcm_f32le"))
    monkeypatch.setattr("pipelines.clip.clip.RESAMPLE_BLOCK_SAMPLES", 10_000)
    resampled = clip.waveform(16_000)
    np.testing.assert_allclose(resampled, soxr.resample(samples.mean(axis=0), RATE, 16_000), atol=1e-4)
    assert len(resampled) == 48_000
    with pytest.raises(ValueError, match="read-only"):
        resampled[0] = 1.0
    monkeypatch.setattr("pipelines.clip.clip._resample", lambda *_: pytest.fail("resampled again"))
    clip.waveform(16_000)


def test_refused_files(store: ClipStore, tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
    refused: dict[str, tuple[bytes, type[ClipError]]] = {
        "empty.wav": (b"", EmptyClip),
        "picture.mp3": (picture, NotAudio),
        "letter.wav": (b"Dear listener, this is a text and not a sound. " * 50, NotAudio),
        "noise.flac": (np.random.default_rng(0).bytes(30_000), NotAudio),
        "list.m3u8": (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", NotAudio),
        "list.wav": (b"ffconcat version 1.0\nfile /etc/passwd\n", NotAudio),
    }
    for name, (content, error) in refused.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(error) as raised:
            store.open(path)
        assert str(raised.value).count(". ") == 0, "one sentence"
        assert str(tmp_path) not in str(raised.value)
    with pytest.raises(NotAudio, match=r"ends in \.mp3"):
        store.open(tmp_path / "picture.mp3")
    assert not leftovers(store)


def test_a_lying_name_does_not_matter_to_a_real_recording(store: ClipStore, tmp_path: Path) -> None:
    clip = store.open(encode(tmp_path / "really-an-mp3.wav", tone(0.5), "mp3", "libmp3lame"))
    assert (clip.codec, clip.player_file.suffix) == ("mp3", ".mp3")


def test_silence_is_refused_and_a_whisper_is_not(store: ClipStore, tmp_path: Path) -> None:
    with pytest.raises(SilentClip):
        store.open(encode(tmp_path / "silent.wav", tone(1.0) * 0, "wav", "pcm_s16le"))
    assert not leftovers(store)
    store.open(encode(tmp_path / "quiet.wav", tone(1.0) * 0.01, "wav", "pcm_s16le"))


@pytest.mark.parametrize("name", sorted(TRUNCATABLE))
def test_a_third_of_a_file_is_said_to_be_cut_off(name: str, store: ClipStore, tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole", tone(6.0), *FORMATS[name]).read_bytes()
    path = tmp_path / f"part.{name}"
    path.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(TruncatedClip, match="cut off"):
        store.open(path)
    assert not leftovers(store)


def test_a_header_that_claims_ten_hours_and_holds_a_second(store: ClipStore, tmp_path: Path) -> None:
    second = (tone(1.0, channels=1)[0] * 32767).astype("<i2").tobytes()
    with pytest.raises(TruncatedClip, match=r"promises 10:00:00 but holds 1\.0 s"):
        store.open(write_wav(tmp_path / "bomb.wav", 10 * 3600 * RATE * 2, second))
    assert not leftovers(store)


def test_a_streamed_wav_of_unknown_length_is_taken(store: ClipStore, tmp_path: Path) -> None:
    second = (tone(1.0, channels=1)[0] * 32767).astype("<i2").tobytes()
    assert store.open(write_wav(tmp_path / "streamed.wav", 0xFFFFFFFF, second)).duration == 1.0


def test_limits(tmp_path: Path) -> None:
    path = encode(tmp_path / "long.wav", tone(5.0), "wav", "pcm_s16le")
    surround = encode(tmp_path / "surround.wav", np.repeat(tone(0.5), 3, axis=0), "wav", "pcm_s16le")
    unknown_length = write_wav(tmp_path / "u.wav", 0xFFFFFFFF, path.read_bytes()[44:])
    limited = ClipStore(tmp_path / "clips", ClipLimits(max_bytes=10**6, max_seconds=4.0, max_channels=2))
    for long in (path, unknown_length):
        with pytest.raises(ClipTooLong, match=r"4\.0 s"):
            limited.open(long)
    with pytest.raises(TooManyChannels, match="6 channels"):
        limited.open(surround)
    with pytest.raises(ClipTooLarge, match="882 kB"):
        ClipStore(tmp_path / "clips", ClipLimits(max_bytes=10**5)).open(path)
    assert not leftovers(limited)


def test_only_files_below_the_allowed_folders_are_touched(store: ClipStore, tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    outside = encode(tmp_path / "outside.wav", tone(0.5), "wav", "pcm_s16le")
    inside = Path(shutil.copy(outside, uploads / "inside.wav"))
    (uploads / "link.wav").symlink_to(outside)
    (uploads / "loop.wav").symlink_to(uploads / "loop.wav")
    hostile: list[str | Path] = [
        outside,
        uploads / ".." / "outside.wav",
        uploads / "link.wav",
        uploads / "loop.wav",
        uploads,
        uploads / "none.wav",
    ]
    for path in [*hostile, "http://localhost/a.wav", "/etc/passwd", "concat:/etc/passwd", "a\0b", "~/x.wav", ""]:
        with pytest.raises(ClipPathRefused):
            store.open(path, (uploads,))
    assert store.open(inside, (uploads,)).duration == 0.5


def test_old_clips_go_and_say_so(tmp_path: Path) -> None:
    store = ClipStore(tmp_path / "clips", max_age_seconds=100.0)
    clip = store.open(EXAMPLES / "blackbird.ogg")
    used = clip.directory.stat().st_mtime
    assert store.sweep(now=used + 99) == 0
    assert store.sweep(now=used + 101) == 1
    assert store.find(clip.content_hash) is None
    with pytest.raises(ClipExpired):
        clip.waveform(16_000)
    assert store.open(EXAMPLES / "blackbird.ogg").waveform(16_000).size


def test_not_a_number_samples_become_silence(store: ClipStore, tmp_path: Path) -> None:
    samples = tone(0.5)
    samples[:, 100] = np.nan
    samples[:, 200] = np.inf
    assert np.isfinite(store.open(encode(tmp_path / "nan.wav", samples, "wav", "pcm_f32le")).waveform()).all()


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_give_a_clip_or_a_sentence(data: st.DataObject, store: ClipStore, tmp_path: Path) -> None:
    """Whatever bytes change, decoding answers with a clip or one of our errors, and leaves no scratch files."""
    name = data.draw(st.sampled_from(sorted(TRUNCATABLE)))
    whole = tmp_path / f"whole.{name}"
    if not whole.exists():
        encode(whole, tone(0.3), *FORMATS[name])
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    try:
        clip = store.open(path)
    except AudioscopeError:
        pass
    else:
        assert isinstance(clip, AudioClip)
    assert not list(store.directory.glob("incoming-*"))


def test_two_hours_stay_under_one_gigabyte(tmp_path: Path) -> None:
    """Decoding, resampling and reading two hours, in a process of its own whose peak memory is read."""
    script = f"""
from pathlib import Path
import numpy as np
from pipelines.clip.clip import ClipStore
source = Path({str(tmp_path / "long.wav")!r})
rate, seconds = 16_000, 7200
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
    assert int(done.stdout) * 1024 < 10**9  # VmHWM, since ru_maxrss begins with what the parent had
