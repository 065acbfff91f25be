"""The list of the library's clips, and what a page may ask of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from accounts.access import Access
from components.embeddings.library_list import _LibraryHandlers, library_markup
from pipelines.embeddings.clip_library import ClipLibrary, LibraryClip
from pipelines.storage.folder_storage import FolderStorage
from tests.pipelines.embeddings.test_clip_library import EAST, clip, sound


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


@pytest.fixture
def handlers(tmp_path: Path) -> _LibraryHandlers:
    """Handlers of a library with one clip, whose sound is gone."""
    library = ClipLibrary(FolderStorage(tmp_path))
    library.add(clip(1, "rain"), sound(1, EAST))
    catalog: Any = SimpleNamespace(models=lambda task: ())
    clips = SimpleNamespace(find=lambda content_hash: None)
    services: Any = SimpleNamespace(library=library, clips=clips, access=Access(), runtime=SimpleNamespace(catalog=catalog))
    return _LibraryHandlers(services)


def test_the_newest_clip_comes_first_with_what_is_known_of_it() -> None:
    clips = tuple(LibraryClip(f"{n:032x}", f"<{n}>", 61.0, 86400.0 * n, ("yamnet/patches", "yamnet/other")) for n in (1, 2))
    markup = library_markup(clips, {"yamnet": "YAMNet"}, lambda one: one.name == "<2>")
    assert markup.index("&lt;2&gt;") < markup.index("&lt;1&gt;")
    assert ">1:01.0</td>" in markup
    assert ">YAMNet</td>" in markup
    assert markup.count('data-action="open"') == 1
    assert "sound expired" in markup
    assert "press Add to library" in library_markup((), {}, lambda one: True)


def test_a_clip_is_renamed_and_deleted(handlers: _LibraryHandlers) -> None:
    content_hash = clip(1).content_hash
    assert "light rain</span>" in handlers.rename(event(hash=content_hash, name=" light\nrain\u202e "))
    assert "The library is empty" in handlers.delete(event(hash=content_hash))


@pytest.mark.parametrize(
    "data", [{"hash": 5, "name": "a"}, {"hash": f"{1:032x}", "name": " "}, {"hash": f"{1:032x}", "name": None}]
)
def test_what_a_page_makes_up_changes_nothing(data: dict[str, Any], handlers: _LibraryHandlers) -> None:
    answer = handlers.rename(event(**data))
    assert "cannot be" in answer
    assert "rain</span>" in answer
    assert "rain</span>" in handlers.delete(event(hash="../*"))
