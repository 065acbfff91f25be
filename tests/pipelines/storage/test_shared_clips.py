"""Two servers, each with its own folder, that keep their clips in one place."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import ClipExpired
from pipelines.clip.stored_results import ClipResults
from pipelines.storage.folder_storage import FolderStorage
from pipelines.storage.opening import open_storage
from pipelines.storage.storage import StorageFailed
from tests.recordings import EXAMPLES

BIRD = EXAMPLES / "blackbird.ogg"
DAY = 24 * 3600.0


@dataclass(frozen=True)
class Words:
    words: tuple[str, ...]


@pytest.fixture
def servers(address: str, tmp_path: Path) -> tuple[ClipStore, ClipStore]:
    """Two stores that share one place of each kind."""
    return server(tmp_path / "a", address), server(tmp_path / "b", address)


def server(directory: Path, address: str | Path, max_local_bytes: int = 10**9) -> ClipStore:
    return ClipStore(directory, storage=open_storage(address), max_local_bytes=max_local_bytes)


def found(store: ClipStore, clip: AudioClip) -> AudioClip:
    other = store.find(clip.content_hash)
    assert other is not None
    return other


def test_a_server_opens_the_clip_of_another_by_its_hash(servers: tuple[ClipStore, ClipStore]) -> None:
    a, b = servers
    clip = a.open(BIRD)
    other = found(b, clip)
    assert replace(other, directory=clip.directory, name=clip.name) == clip
    assert other.directory == b.directory / clip.content_hash
    np.testing.assert_array_equal(other.waveform(), clip.waveform())
    np.testing.assert_array_equal(other.waveform(16_000), clip.waveform(16_000))
    assert other.player_file.read_bytes() == clip.player_file.read_bytes()
    assert b.cut(other, 0.0, 1.0).content_hash == a.cut(clip, 0.0, 1.0).content_hash
    assert b.find("0" * 32) is None
    assert not list(b.directory.glob("incoming-*/*"))


def test_results_of_one_server_are_found_by_another(servers: tuple[ClipStore, ClipStore]) -> None:
    results, words = ClipResults("words", Words), Words(("a", "é"))
    clip = servers[0].open(BIRD)
    other = found(servers[1], clip)
    assert results.find(other, "options") is None
    results.store(clip, "options", words)
    assert results.find(other, "options") == words
    results.store(other, "options", Words(("edited",)))
    assert results.find(clip, "options") == Words(("edited",))
    assert results.find(other, "other options") is None
    assert ClipResults("words", AudioClip).find(other, "options") is None  # as of another version of the app


def test_a_clip_goes_for_all_when_its_last_keeper_lets_go(servers: tuple[ClipStore, ClipStore]) -> None:
    a, b = servers
    clip = a.open(BIRD)
    ClipResults("words", Words).store(clip, "", Words(()))
    a.keep(clip, "ann")
    b.keep(found(b, clip), "bob")
    a.release(clip.content_hash, "ann")
    assert b.find(clip.content_hash)
    b.release(clip.content_hash, "bob")
    assert b.find(clip.content_hash) is None
    assert clip.shared
    assert clip.shared.storage.stamps() == {}
    a.sweep(now=clip.directory.stat().st_mtime + 700)
    assert a.find(clip.content_hash) is None
    with pytest.raises(ClipExpired):
        a.keep(clip, "ann")


@pytest.mark.parametrize("address", ["folder", "s3"], indirect=True)
def test_both_may_open_the_same_recording_at_once(servers: tuple[ClipStore, ClipStore]) -> None:
    opened: list[AudioClip] = []
    threads = [threading.Thread(target=lambda one=one: opened.append(one.open(BIRD))) for one in (*servers, *servers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(opened) == 4
    assert len({clip.content_hash for clip in opened}) == 1
    assert opened[0].waveform(16_000).size


def test_a_clip_is_brought_once_however_many_ask(servers: tuple[ClipStore, ClipStore], monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = servers
    clip = a.open(BIRD)
    asked: list[str] = []
    assert clip.shared
    kind = type(clip.shared.storage)
    download = kind.download

    def counted(storage: Any, key: str, file: Path) -> bool:
        asked.append(key)
        return download(storage, key, file)

    monkeypatch.setattr(kind, "download", counted)
    threads = [threading.Thread(target=b.find, args=(clip.content_hash,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(asked) == 1


def test_copies_beyond_the_limit_go_and_come_back(tmp_path: Path) -> None:
    a, b = server(tmp_path / "a", tmp_path / "shared"), server(tmp_path / "b", tmp_path / "shared", max_local_bytes=1)
    clip = found(b, a.open(BIRD))
    used = clip.directory.stat().st_mtime
    b.sweep(now=used + 30)
    assert clip.directory.exists()
    b.sweep(now=used + 90)
    assert not clip.directory.exists()
    assert clip.waveform(16_000).size
    assert clip.directory.exists()


def test_a_clip_that_one_server_uses_stays_for_all(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "shared")
    a, b = server(tmp_path / "a", storage.folder), server(tmp_path / "b", storage.folder)
    clip = a.open(BIRD)
    archive, used = (storage.folder / clip.content_hash / name for name in ("clip.zip", "used"))
    now = archive.stat().st_mtime
    os.utime(archive, (now - 2 * DAY, now - 2 * DAY))
    found(b, clip)
    b.sweep(now)
    assert archive.exists()
    os.utime(used, (now - 2 * DAY, now - 2 * DAY))
    (storage.folder / "incoming-of-a-writer-that-died").write_bytes(b"ha")
    os.utime(storage.folder / "incoming-of-a-writer-that-died", (now - 2 * DAY, now - 2 * DAY))
    a.sweep(now)
    assert storage.stamps() == {}
    assert server(tmp_path / "c", storage.folder).find(clip.content_hash) is None


def test_a_damaged_archive_is_no_clip_and_is_replaced(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "shared")
    a, b = server(tmp_path / "a", storage.folder), server(tmp_path / "b", storage.folder)
    clip = a.open(BIRD)
    key = f"{clip.content_hash}/clip.zip"
    storage.write(key, storage.read(key)[key][:-100])
    assert b.find(clip.content_hash) is None
    assert b.open(BIRD).content_hash == clip.content_hash
    assert found(server(tmp_path / "c", storage.folder), clip).waveform().size


def test_a_place_that_is_down_is_said_and_clips_that_are_here_still_work(tmp_path: Path) -> None:
    store = server(tmp_path / "a", tmp_path / "shared")
    clip = store.open(BIRD)
    (tmp_path / "shared").rename(tmp_path / "away")
    (tmp_path / "shared").write_bytes(b"")
    assert found(store, clip).waveform(16_000).size
    ClipResults("words", Words).store(clip, "", Words(("kept here",)))
    assert ClipResults("words", Words).find(clip, "") == Words(("kept here",))
    assert store.sweep() == 0
    with pytest.raises(StorageFailed):
        store.open(EXAMPLES / "music.ogg")
    with pytest.raises(StorageFailed):
        store.find("0" * 32)
    assert not list(store.directory.glob("incoming-*/*"))


def test_two_stores_may_use_one_folder_itself(tmp_path: Path) -> None:
    a, b = ClipStore(tmp_path), ClipStore(tmp_path)
    clip = a.open(BIRD)
    assert replace(found(b, clip), name=clip.name) == clip
    a.keep(clip, "ann")
    b.release(clip.content_hash, "bob")
    assert a.find(clip.content_hash)
    b.release(clip.content_hash, "ann")
    assert a.find(clip.content_hash) is None
