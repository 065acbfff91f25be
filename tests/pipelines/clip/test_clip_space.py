"""Clips give way to others when they are too much together, and lose nothing that can be kept."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_folders import SAMPLES, default_clip_bytes, size_of
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import ClipExpired
from pipelines.clip.keepers import kept_folder

RATE = 16_000
LATER = 3600.0


def opened(store: ClipStore, seed: int, sr: float = RATE) -> AudioClip:
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, RATE).astype(np.float32)
    return store.open_waveform(samples, sr, f"clip {seed}")


def swept(directory: Path, max_bytes: int) -> ClipStore:
    store = ClipStore(directory, max_local_bytes=max_bytes)
    store.sweep(time.time() + LATER)
    return store


def test_samples_go_first_and_are_decoded_again_as_they_were(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    clip = opened(store, 0)
    before, resampled = np.array(clip.waveform()), np.array(clip.waveform(8000))
    swept(tmp_path, size_of(clip.directory) - 1)
    assert not list(clip.directory.glob(SAMPLES))
    found = store.find(clip.content_hash)
    assert found is not None
    assert np.array_equal(found.waveform(8000), resampled)
    assert np.array_equal(found.waveform(), before)


def test_the_clip_that_was_not_used_for_longest_gives_way_first_and_a_smaller_folder_is_left_alone(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    old, new = opened(store, 1), opened(store, 2)
    now = time.time()
    os.utime(old.directory, (now - 100, now - 100))
    swept(tmp_path, 10**9)
    assert list(old.directory.glob(SAMPLES))
    swept(tmp_path, size_of(new.directory) * 3 // 4)
    assert not old.is_here
    assert new.is_here
    assert new.player_file.exists()


def test_a_clip_in_use_never_gives_way(tmp_path: Path) -> None:
    store = ClipStore(tmp_path, max_local_bytes=1)
    clip = opened(store, 3)
    store.sweep()
    assert list(clip.directory.glob(SAMPLES))


def test_what_a_person_has_of_a_clip_stays_and_is_there_when_it_is_loaded_again(tmp_path: Path) -> None:
    gone: list[str] = []
    store = ClipStore(tmp_path, max_local_bytes=1, on_removed=gone.append)
    clip = opened(store, 4)
    store.keep(clip, "Ann")
    key = f"{kept_folder(clip.content_hash, 'Ann')}/words"
    store.storage.write(key, b"hello")
    store.sweep(time.time() + LATER)
    assert gone == [clip.content_hash]
    assert store.find(clip.content_hash) is None
    with pytest.raises(ClipExpired, match="load it again"):
        clip.waveform()
    again = opened(store, 4)
    assert again.content_hash == clip.content_hash
    assert again.player_file.exists()
    assert store.find_kept(clip.content_hash, "Ann") is not None
    assert store.storage.read(key) == {key: b"hello"}


def test_the_default_is_a_part_of_the_free_disk(tmp_path: Path) -> None:
    assert 0 < default_clip_bytes(tmp_path / "not there yet") <= 10 * 10**9
