"""A library of embeddings that several servers share."""

from __future__ import annotations

import numpy as np

from pipelines.embeddings.clip_library import ClipLibrary
from pipelines.storage.opening import open_storage
from tests.pipelines.embeddings.test_clip_library import EAST, NORTH, clip, names, sound


def test_servers_see_what_others_add_and_remove(address: str) -> None:
    a, b = (ClipLibrary(open_storage(address)) for _ in range(2))
    assert b.nearest(sound(9, NORTH)) == ()
    a.add(clip(0), sound(0, EAST))
    b.add(clip(1, "é\n"), sound(1, NORTH))
    assert names(a.nearest(sound(9, NORTH))) == ["é\n", "clip 0"]
    assert a.clips() == b.clips()
    a.add(clip(0, "new name"), sound(0, NORTH))
    assert [round(match.similarity) for match in b.nearest(sound(9, NORTH))] == [1, 1]
    b.remove(clip(1).content_hash)
    assert names(a.nearest(sound(9, NORTH))) == ["new name"]


def test_a_damaged_object_affects_its_clip_only(address: str) -> None:
    storage = open_storage(address)
    library = ClipLibrary(storage)
    library.add(clip(0), sound(0, EAST))
    library.add(clip(1), sound(1, NORTH))
    first, second = sorted(storage.stamps())
    storage.write(first, storage.read(first)[first][:40])
    storage.write("notes.txt", b"not a clip")
    assert names(library.nearest(sound(9, np.ones(3)))) == ["clip 1"]
    storage.write(second, b"\xff" * 100)
    assert library.clips() == ()
