"""Cutting what a language model writes into sentences."""

from __future__ import annotations

import re

SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"'“‘(]?[^\Wa-z\d_])|(?<=[。！？])\s*|\s*\n+\s*")
"""A full stop before a small letter or a digit ends no sentence: 'approx. 120 BPM'."""


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of `text`, the last one perhaps not complete yet."""
    return tuple(sentence for sentence in SENTENCE_END.split(text.strip()) if sentence)
