"""What every storage does, whatever kind it is."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import pytest

from models.errors import InvalidOption
from pipelines.storage.folder_storage import INCOMING_PREFIX, FolderStorage
from pipelines.storage.object_storage import ONE_REQUEST_BYTES
from pipelines.storage.opening import open_storage
from pipelines.storage.storage import StorageFailed, StoragePackageMissing


def test_objects_are_written_found_and_removed(address: str) -> None:
    storage = open_storage(address)
    assert (storage.stamps(), storage.exists("a/b"), storage.read("a/b"), storage.read()) == ({}, False, {}, {})
    storage.write("a/b", b"first")
    storage.write("a/c/d", b"")
    storage.write("b", b"other")
    assert set(storage.stamps()) == {"a/b", "a/c/d", "b"}
    assert set(storage.stamps("a")) == {"a/b", "a/c/d"}
    assert storage.read("a/b", "none", "b") == {"a/b": b"first", "b": b"other"}
    assert storage.exists("a/c/d")
    storage.remove("a/b", "a/c/d", "none")
    assert set(storage.stamps()) == {"b"}


def test_another_storage_sees_what_one_has_written(address: str) -> None:
    mine, yours = open_storage(address), pickle.loads(pickle.dumps(open_storage(address)))
    assert yours.stamps() == {}
    mine.write("a", b"1")
    first = yours.stamps()["a"]
    assert yours.read("a") == {"a": b"1"}
    mine.write("a", b"22")
    assert yours.stamps()["a"] != first
    mine.remove("a")
    assert yours.read("a") == {}
    assert not yours.exists("a")


def test_files_come_and_go_whole(address: str, tmp_path: Path) -> None:
    storage, content = open_storage(address), b"0123456789abcdef" * (ONE_REQUEST_BYTES // 16 + 1)
    (tmp_path / "large").write_bytes(content)
    storage.upload(tmp_path / "large", "x/large")
    assert storage.download("x/large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content
    assert not storage.download("x/none", tmp_path / "nothing")


@pytest.mark.parametrize("address", ["folder", "s3"], indirect=True)
def test_writers_of_one_key_do_no_harm_and_readers_never_see_a_part(address: str) -> None:
    storage, contents, seen = open_storage(address), [bytes([number]) * 300_000 for number in range(4)], []
    storage.write("a/key", contents[0])

    def write(content: bytes) -> None:
        for _ in range(3):
            storage.write("a/key", content)
            seen.append(storage.read("a/key")["a/key"])

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(seen) == 12
    assert set(seen) <= set(contents)
    assert set(storage.stamps()) == {"a/key"}


def test_a_writer_that_fails_leaves_the_old_object_and_nothing_else(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "shared")
    storage.write("key", b"old")
    with pytest.raises(StorageFailed):
        storage.upload(tmp_path / "none", "key")
    assert (storage.read("key"), set(storage.stamps())) == ({"key": b"old"}, {"key"})


def test_an_object_of_a_writer_that_died_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / f"{INCOMING_PREFIX}1").write_bytes(b"ha")
    assert not FolderStorage(tmp_path).exists("key")


def test_a_store_that_is_down_gives_one_sentence_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    down = open_storage(tmp_path / "file" / "folder")
    for use in (lambda: down.write("a", b""), lambda: down.read("a"), lambda: down.stamps()):
        with pytest.raises(StorageFailed, match=r"^The shared storage .* cannot be used at the moment: .*\.$"):
            use()
    assert "secret" not in str(StorageFailed("s3://me:secret@bucket/clips"))


def test_a_bucket_that_does_not_exist_is_an_error_of_writers(s3: str) -> None:
    with pytest.raises(StorageFailed, match="s3://missing/clips"):
        open_storage("s3://missing/clips").write("a", b"")


@pytest.mark.parametrize("wrong", ["ftp://host/folder", "http://host", "file:///folder", "s4://bucket"])
def test_addresses_of_other_protocols_are_refused(wrong: str) -> None:
    with pytest.raises(InvalidOption, match="a folder, or s3"):
        open_storage(wrong)


def test_protocols_may_be_written_in_capitals_and_prefixes_in_any_letters() -> None:
    storage = open_storage("MEMORY://Ü b/c/")
    storage.write("d", b"1")
    assert open_storage("memory://Ü b/c").read("d") == {"d": b"1"}


def test_a_missing_package_is_named() -> None:
    with pytest.raises(StoragePackageMissing, match="gcsfs"):
        open_storage("gs://bucket/clips")
