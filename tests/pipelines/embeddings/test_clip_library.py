from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.embeddings import clip_library
from pipelines.embeddings.clip_library import (
    MAX_SEGMENTS,
    SEGMENT_SECONDS,
    ClipLibrary,
    clip_vectors,
)
from pipelines.embeddings.embedding_types import ClipEmbedding
from pipelines.embeddings.encoders.base import TEXT_SPACE
from pipelines.embeddings.errors import BrokenEmbedding, EmptyEmbedding
from pipelines.storage.folder_storage import FolderStorage
from tests.pipelines.embeddings.embedding_examples import HOP, embedding, encoder


def clip(number: int, name: str = "", frames: int = 20) -> AudioClip:
    return AudioClip(f"{number:032x}", 16_000, HOP * frames, 1, "wav", "pcm", Path("nowhere"), name or f"clip {number}")


def sound(number: int, *directions: Any, frames: int = 20, **options: Any) -> ClipEmbedding:
    """So many frames that point in each of the directions, one after the other."""
    rows = np.repeat(np.array(directions, dtype=np.float32), frames // len(directions), axis=0)
    return embedding(rows, f"{number:032x}", **options)


EAST, NORTH, NORTHEAST = (1, 0, 0), (0, 1, 0), (1, 1, 0)


@pytest.fixture
def library(tmp_path: Path) -> ClipLibrary:
    """Three clips."""
    library = ClipLibrary(FolderStorage(tmp_path / "library"))
    for number, direction in enumerate((EAST, NORTH, NORTHEAST)):
        library.add(clip(number), sound(number, direction), now=100.0 + number)
    return library


def names(found: Any) -> list[str]:
    return [match.clip.name for match in found]


def test_results_are_sorted_and_exclude_the_clip_itself(library: ClipLibrary) -> None:
    found = library.nearest(sound(0, EAST))
    assert names(found) == ["clip 2", "clip 1"]
    assert found[0].similarity == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert found[1].similarity == pytest.approx(0, abs=1e-6)
    assert names(library.nearest(sound(9, NORTH), count=1)) == ["clip 1"]


def test_another_process_opens_the_same_library(library: ClipLibrary, tmp_path: Path) -> None:
    again = ClipLibrary(FolderStorage(tmp_path / "library"))
    assert again.clips() == library.clips()
    assert [one.name for one in again.clips()] == ["clip 0", "clip 1", "clip 2"]
    assert names(again.nearest(sound(9, NORTH))) == names(library.nearest(sound(9, NORTH)))


def test_changes_by_another_process_are_seen(library: ClipLibrary, tmp_path: Path) -> None:
    other = ClipLibrary(FolderStorage(tmp_path / "library"))
    other.add(clip(3), sound(3, NORTH))
    assert names(library.nearest(sound(9, NORTH), 2)) == ["clip 1", "clip 3"]
    other.remove(clip(1).content_hash)
    assert names(library.nearest(sound(9, NORTH), 2)) == ["clip 3", "clip 2"]


def test_equal_content_is_kept_once_under_its_last_name(library: ClipLibrary) -> None:
    library.add(clip(0, "new name"), sound(0, EAST), now=200.0)
    assert sorted(one.name for one in library.clips()) == ["clip 1", "clip 2", "new name"]


def test_a_clip_gets_another_name_in_all_spaces(library: ClipLibrary) -> None:
    library.add(clip(0), sound(0, NORTH, key="musicnn"), now=300.0)
    before = library.clips()
    library.rename(clip(0).content_hash, "other name")
    library.rename("0" * 31 + "f", "unknown")
    assert [one.name for one in library.clips()] == ["other name", "clip 1", "clip 2"]
    assert [one.added for one in library.clips()] == [one.added for one in before]
    assert names(library.nearest(sound(9, NORTH, key="musicnn"))) == ["other name"]


def test_a_clip_may_be_in_several_spaces(library: ClipLibrary) -> None:
    entry = library.add(clip(0), sound(0, NORTH, key="musicnn"), now=300.0)
    assert (entry.spaces, entry.added) == (("yamnet/patches", "musicnn/patches"), 100.0)
    assert names(library.nearest(sound(9, NORTH, key="musicnn"))) == ["clip 0"]
    assert library.nearest(sound(9, NORTH, key="other")) == ()
    library.remove(entry.content_hash)
    assert library.nearest(sound(9, NORTH, key="musicnn")) == ()
    assert len(library.clips()) == 2


def test_several_encoders_are_combined(library: ClipLibrary) -> None:
    for number, direction in enumerate((EAST, EAST, NORTH)):
        library.add(clip(number), sound(number, direction, key="musicnn"))
    asked = sound(9, (10, 6, 0)), sound(9, EAST, key="musicnn")
    assert names(library.nearest(asked[0])) == ["clip 2", "clip 0", "clip 1"]
    together = library.nearest(asked[0], also=asked[1:])
    assert names(together) == ["clip 0", "clip 2", "clip 1"]
    assert together[0].similarity == pytest.approx(library.nearest(asked[0])[1].similarity)
    library.add(clip(3), sound(3, EAST))
    assert "clip 3" not in names(library.nearest(asked[0], also=asked[1:]))


def test_a_segment_finds_its_clip_and_its_time(tmp_path: Path) -> None:
    library = ClipLibrary(FolderStorage(tmp_path))
    library.add(clip(0, frames=60), sound(0, EAST, NORTH, EAST, frames=60))
    library.add(clip(1, frames=60), sound(1, NORTHEAST, frames=60))
    (match, _) = library.nearest(sound(9, NORTH, frames=4))
    assert match.clip.name == "clip 0"
    assert match.similarity == pytest.approx(1, abs=1e-6)
    assert match.end - match.start == pytest.approx(SEGMENT_SECONDS)
    assert HOP * 20 - HOP <= match.start < match.end <= HOP * 40 + HOP


def test_the_number_of_segments_is_bounded() -> None:
    made = clip_vectors(sound(0, *np.eye(3), frames=30_000))
    assert MAX_SEGMENTS * 0.9 < len(made.vectors) <= MAX_SEGMENTS + 1
    np.testing.assert_allclose(np.linalg.norm(made.vectors, axis=1), 1, rtol=1e-5)
    assert made.spans[:, 1].max() <= 30_000 * HOP + 1e-6


def test_similarity_ignores_level_and_silence_is_no_error(library: ClipLibrary) -> None:
    loud, soft = (library.nearest(sound(9, scale * np.array(NORTHEAST))) for scale in (100, 0.01))
    assert [match.similarity for match in loud] == pytest.approx([match.similarity for match in soft], abs=1e-6)
    library.add(clip(5), sound(5, (0, 0, 0)))
    assert len(library.nearest(sound(9, EAST), 10)) == 4


def test_text_vectors_are_not_transformed(tmp_path: Path) -> None:
    library = ClipLibrary(FolderStorage(tmp_path))
    space: Any = {"key": "clap", "layer": TEXT_SPACE}
    slanted = np.array([0.8, 0.6, 0], dtype=np.float32)
    library.add(clip(0), sound(0, slanted, **space))
    library.add(clip(1), sound(1, NORTH, **space))
    found = library.nearest_to_text(slanted, encoder("clap", 3, TEXT_SPACE))
    assert names(found) == ["clip 0", "clip 1"]
    assert [match.similarity for match in found] == pytest.approx([1, 0.6], abs=1e-6)


def test_a_damaged_file_loses_its_clip_until_it_is_added_again(library: ClipLibrary, tmp_path: Path) -> None:
    first, second, third = sorted((tmp_path / "library").iterdir())
    first.write_bytes(first.read_bytes()[:50])
    second.write_bytes(b"")
    save_file({"vectors": np.ones((2, 3), dtype=np.float32), "spans": np.ones((1, 2))}, third, {"version": "1"})
    assert library.clips() == ()
    library.add(clip(0), sound(0, EAST))
    assert names(library.nearest(sound(9, EAST))) == ["clip 0"]


def test_a_file_of_another_version_stays_and_is_named_in_the_log(
    library: ClipLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(clip_library, "VERSION", "2")
        library.add(clip(9), sound(9, EAST))
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*.safetensors")}
    opened = ClipLibrary(FolderStorage(tmp_path / "library"))
    assert [one.name for one in opened.clips()] == ["clip 0", "clip 1", "clip 2"]
    assert clip(9).content_hash in caplog.text
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.safetensors")} == before


def test_clips_can_be_added_concurrently(tmp_path: Path) -> None:
    def add(number: int) -> None:
        mine = ClipLibrary(FolderStorage(tmp_path))
        for one in range(number, 40, 2):
            mine.add(clip(one % 25), sound(one % 25, EAST))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    library = ClipLibrary(FolderStorage(tmp_path))
    assert {one.name for one in library.clips()} == {f"clip {number}" for number in range(25)}
    assert len(list(tmp_path.iterdir())) == 25


def test_only_a_content_hash_removes_anything(library: ClipLibrary) -> None:
    for text in ("", "*", "../library/*", "0" * 31, clip(7).content_hash):
        library.remove(text)
    assert len(library.clips()) == 3


def test_an_empty_library_has_no_results(tmp_path: Path) -> None:
    library = ClipLibrary(FolderStorage(tmp_path / "none"))
    assert library.clips() == ()
    assert library.nearest(sound(0, EAST)) == ()
    library.remove(clip(0).content_hash)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("count", [0, 101])
def test_wrong_counts_are_refused(library: ClipLibrary, count: int) -> None:
    with pytest.raises(InvalidOption):
        library.nearest(sound(0, EAST), count)


def test_broken_and_empty_embeddings_are_not_kept(library: ClipLibrary) -> None:
    with pytest.raises(BrokenEmbedding):
        library.add(clip(5), sound(5, (np.nan, 0, 0)))
    with pytest.raises(EmptyEmbedding):
        library.add(clip(5), embedding(np.empty((0, 3)), clip(5).content_hash))
    assert len(library.clips()) == 3
