"""The store of clips: found again, cut, kept, resampled, swept, and closed to paths from outside."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pytest

from models.errors import InvalidOption, JobStopped
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import ClipExpired, ClipPathRefused, NotAudio
from pipelines.isolation.errors import WorkerFailed
from pipelines.isolation.file_readers import FileReaders
from tests.pipelines.clip.sound_files import RATE, encode, tone
from tests.pipelines.isolation import jobs
from tests.recordings import EXAMPLES


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
    monkeypatch.setattr("pipelines.clip.clip_store.write_clip_files", lambda *_: pytest.fail("decoded again"))
    assert store.open(path) == first
    assert store.find(first.content_hash) == replace(first, name="")
    assert store.find("0" * 32) is store.find("../etc") is None


def test_workers_read_what_is_read_here(store: ClipStore, tmp_path: Path) -> None:
    path, workers = encode(tmp_path / "a.wav", tone(0.5), "wav", "pcm_s16le"), FileReaders(1)
    isolated = ClipStore(tmp_path / "isolated", isolation=workers)
    clip = isolated.open(path)
    assert clip == replace(store.open(path), directory=clip.directory)
    assert isolated.cut(clip, 0.1, 0.3) == replace(store.cut(store.open(path), 0.1, 0.3), directory=ANY)
    assert clip.isolation is workers
    (tmp_path / "text.mp3").write_text("no sound")
    with pytest.raises(NotAudio):
        isolated.open(tmp_path / "text.mp3")
    workers.close()


def test_a_file_that_ends_its_reader_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, workers = encode(tmp_path / "a.wav", tone(0.5), "wav", "pcm_s16le"), FileReaders(1)
    isolated = ClipStore(tmp_path / "isolated", isolation=workers)
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.clip.clip_store.write_clip_files", jobs.kill_after)
        with pytest.raises(WorkerFailed):
            isolated.open(path)
    assert list(isolated.directory.iterdir()) == []
    assert isolated.open(path).duration == 0.5
    workers.close()


def test_a_stopped_opening_ends_after_a_packet_and_leaves_nothing(store: ClipStore, tmp_path: Path) -> None:
    path = encode(tmp_path / "a.flac", tone(3.0), "flac", "flac")
    asked = count(1)
    with pytest.raises(JobStopped):
        store.open(path, should_stop=lambda: next(asked) > 2)
    assert next(asked) == 4
    assert list(store.directory.iterdir()) == []
    assert store.open(path).duration == 3.0


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
    store.release(clip.content_hash, "ann")
    store.release(clip.content_hash, "carol")
    assert store.find(clip.content_hash)
    store.release(clip.content_hash, "bob/../../x")
    assert store.find(clip.content_hash) is None
    store.release("../..", "ann")


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


def test_who_keeps_no_clip_cannot_delete_one_that_nobody_keeps(store: ClipStore) -> None:
    """Whoever sees the library knows its clips' hashes."""
    clip = store.open(EXAMPLES / "blackbird.ogg")
    store.release(clip.content_hash, "mallory")
    assert store.find(clip.content_hash)
