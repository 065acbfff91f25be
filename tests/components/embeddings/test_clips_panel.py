"""The list of the library's nearest clips."""

from __future__ import annotations

from components.embeddings.clips_panel import near_markup
from pipelines.embeddings.library import LibraryClip, NearClip


def near(name: str, start: float = 0.0, end: float = 10.0) -> NearClip:
    return NearClip(LibraryClip(name[0] * 32, name, 10.0, 0.0, ("yamnet/patches",)), 0.5, start, end)


def test_each_hit_that_is_still_kept_can_be_opened_where_it_fits():
    markup = near_markup([near("a <dog>", 2.0, 4.0), near("bird")], "a & b", lambda one: one.clip.name != "bird")
    assert f'data-seek="2.000" data-open="{"a" * 32}" data-name="a &lt;dog&gt;"' in markup
    assert markup.count("<button") == 1
    assert "bird <small>(no longer kept)</small>" in markup
    assert "Nearest to a &amp; b" in markup


def test_nothing_near_says_what_to_do():
    assert "load some and add them" in near_markup([], "a", lambda one: True)
