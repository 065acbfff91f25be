"""A line that a person corrected keeps the times of the words that stayed."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from pipelines.speech.transcript import Segment, Word

CERTAIN = 1.0
"""Probability of a word that a person wrote."""


def with_text(segment: Segment, text: str) -> Segment:
    """`segment` with another text: words that are still there keep their times, new ones share the time of those they replace."""
    if not segment.words:
        return replace(segment, text=text)
    old, new = [word.text for word in segment.words], text.split()
    words: list[Word] = []
    for kind, first, last, new_first, new_last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            words += segment.words[first:last]
        else:
            start = segment.words[first - 1].end if first else segment.start
            end = segment.words[last].start if last < len(old) else segment.end
            words += _spread(new[new_first:new_last], start, max(start, end))
    return replace(segment, text=text, words=tuple(words))


def _spread(texts: list[str], start: float, end: float) -> list[Word]:
    """Words one after the other between two times, each as long as its letters."""
    letters = [0, *accumulate(len(text) for text in texts)]
    bounds = [start + (end - start) * (count / letters[-1]) for count in letters] if texts else []
    return [Word(*pair, text, CERTAIN) for pair, text in zip(pairwise(bounds), texts, strict=True)]
