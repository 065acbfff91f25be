"""Articles, lists and sentences."""

from __future__ import annotations

from pipelines.wording.grammar import listed, sentence, with_article


def test_articles_lists_and_sentences() -> None:
    assert [with_article(noun) for noun in ("waltz", "electronic piece", "R&B track", "hour", "unhurried tune", "one-off")] == [
        "a waltz", "an electronic piece", "an R&B track", "an hour", "an unhurried tune", "a one-off",
    ]  # fmt: skip
    assert [listed(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert sentence("there is no speech") == "There is no speech."
