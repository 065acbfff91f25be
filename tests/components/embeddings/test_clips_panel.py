"""The list of clips that a library search finds."""

from __future__ import annotations

from components.embeddings.clips_panel import matches_markup
from pipelines.embeddings.clip_library import ClipMatch, LibraryClip


def match(name: str, start: float = 0.0, end: float = 10.0) -> ClipMatch:
    return ClipMatch(LibraryClip(name[0] * 32, name, 10.0, 0.0, ("yamnet/patches",)), 0.5, start, end)


def test_clips_that_still_exist_can_be_opened_at_the_similar_part():
    markup = matches_markup([match("a <dog>", 2.0, 4.0), match("bird")], "a & b", lambda one: one.clip.name != "bird")
    assert f'data-seek="2.000" data-open="{"a" * 32}" data-name="a &lt;dog&gt;"' in markup
    assert markup.count("<button") == 1
    assert "bird <small>(expired)</small>" in markup
    assert "Most similar to a &amp; b" in markup


def test_an_empty_result_says_what_to_do():
    assert "open clips and add them" in matches_markup([], "a", lambda one: True)
