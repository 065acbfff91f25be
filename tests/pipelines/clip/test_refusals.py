"""What is refused: files that are no sound, that are damaged, or that are beyond a limit."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import AudioscopeError
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import (
    ClipError,
    ClipTooLarge,
    ClipTooLong,
    EmptyClip,
    NotAudio,
    SilentClip,
    TooManyChannels,
    UnreadableClip,
)
from pipelines.clip.files.decoding import ClipLimits
from tests.pipelines.clip.sound_files import FORMATS, RATE, TRUNCATABLE, encode, leftovers, tone, write_wav


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


@pytest.mark.parametrize(("name", "mark"), [("caf", b"lpcm"), ("mkv", b"A_AAC")])
def test_a_codec_that_does_not_exist_is_refused(name: str, mark: bytes, store: ClipStore, tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole", tone(0.5), *FORMATS[name]).read_bytes()
    path = tmp_path / f"other.{name}"
    path.write_bytes(whole.replace(mark, b"zzzzz"[: len(mark)]))
    with pytest.raises(NotAudio):
        store.open(path)


def test_a_chunk_that_claims_more_than_a_file_can_hold_is_not_looked_for(store: ClipStore, tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole", tone(0.5), *FORMATS["caf"]).read_bytes()
    first = whole.index(b"desc") + 4
    path = tmp_path / "huge.caf"
    path.write_bytes(whole[:first] + (2**62 - 1).to_bytes(8, "big") + whole[first + 8 :])
    with contextlib.suppress(ClipError):
        store.open(path)


def test_a_lying_name_does_not_matter_to_a_real_recording(store: ClipStore, tmp_path: Path) -> None:
    clip = store.open(encode(tmp_path / "really-an-mp3.wav", tone(0.5), "mp3", "libmp3lame"))
    assert (clip.codec, clip.player_file.suffix) == ("mp3", ".mp3")


def test_silence_is_refused_and_a_whisper_is_not(store: ClipStore, tmp_path: Path) -> None:
    with pytest.raises(SilentClip):
        store.open(encode(tmp_path / "silent.wav", tone(1.0) * 0, "wav", "pcm_s16le"))
    assert not leftovers(store)
    store.open(encode(tmp_path / "quiet.wav", tone(1.0) * 0.01, "wav", "pcm_s16le"))


@pytest.mark.parametrize("name", sorted(TRUNCATABLE))
def test_a_third_of_a_file_is_read_and_said_to_be_cut_off(name: str, store: ClipStore, tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole", tone(6.0), *FORMATS[name]).read_bytes()
    path = tmp_path / f"part.{name}"
    path.write_bytes(whole[: len(whole) // 3])
    if name == "m4a":  # its index stood at the end
        with pytest.raises(UnreadableClip, match="cut off"):
            store.open(path)
        assert not leftovers(store)
        return
    clip = store.open(path)
    assert clip.duration == pytest.approx(2.0, abs=0.3)
    assert any("cut off: it promises 6.0 s" in note for note in clip.notes)


@pytest.mark.parametrize("name", ["ogg-flac", "opus", "aac"])
def test_the_frame_at_which_a_file_without_a_length_ends_is_said_to_be_lost(name: str, store: ClipStore, tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole", tone(6.0), *FORMATS[name]).read_bytes()
    path = tmp_path / f"part.{name}"
    path.write_bytes(whole[: int(len(whole) * 0.4)])
    clip = store.open(path)
    assert 1.5 < clip.duration < 2.7
    assert "could not be read" in clip.notes[0]


def test_a_header_that_claims_ten_hours_and_holds_a_second(store: ClipStore, tmp_path: Path) -> None:
    second = (tone(1.0, channels=1)[0] * 32767).astype("<i2").tobytes()
    clip = store.open(write_wav(tmp_path / "bomb.wav", 10 * 3600 * RATE * 2, second))
    assert clip.duration == 1.0
    assert clip.notes == ("This file was cut off: it promises 10:00:00 but holds 1.0 s.",)


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
