"""The words of a window in sentences, with times of the clip."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from pipelines.speech.transcript import Segment, Word, line_of_words, whole_words, with_lengths
from pipelines.speech.windows import PADDING_SECONDS, SpeechWindow

MAX_PAUSE_SECONDS = 1.0
"""A segment ends where the clip is silent for longer."""
MAX_SENTENCE_PAUSE_SECONDS = 0.3
"""A segment also ends at a longer pause than this after the end of a sentence."""
MIN_REPEATED_WORDS = 3
"""Equal words from which a sentence is said again, as in a refrain; "no, no" is one sentence."""
MAX_JOINED_SECONDS = 15.0
"""Parts of one sentence are joined in one segment up to this length."""
SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "؟", "।")
MAX_TRUSTED_COMPRESSION_RATIO = 1.8
"""Ordinary English of one line stays below 1.6."""
MIN_COMPRESSED_BYTES = 24
"""zlib does not compress shorter texts."""


def segments_of(parts: list[dict[str, Any]], window: SpeechWindow, language: str) -> Iterator[Segment]:
    """Turn what the model wrote for a window into sentences, or what a pause leaves of them, with times of the clip.

    Args:
        parts: what the model's timestamps divide, with words as faster-whisper aligns them, or all without words.
        window: on which their times are defined.
        language: ISO code of the text.
    """
    if any(part["words"] for part in parts):
        texts = (whole_words([_word(word, window) for word in part["words"]]) for part in parts if part["words"])
        sentences = chain.from_iterable(split_at_pauses(words) for words in texts)
        return (line_of_words(words, language) for words in join_sentences(sentences))
    return (_segment(part, window) for part in parts if part["text"].strip())


def _segment(part: dict[str, Any], window: SpeechWindow) -> Segment:
    """Make a segment without words."""
    first = window.chunk_at(part["start"] + PADDING_SECONDS)
    last = max(first, window.chunk_at(part["end"] - PADDING_SECONDS))
    start, end = window.clip_time(part["start"], first), window.clip_time(part["end"], last)
    (line,) = with_lengths([Word(start, end, part["text"].strip(), 0.0)])
    return Segment(line.start, line.end, line.text)


def _word(word: dict[str, Any], window: SpeechWindow) -> Word:
    chunk = window.chunk_at((word["start"] + word["end"]) / 2)
    start, end = (window.clip_time(float(word[side]), chunk) for side in ("start", "end"))
    return Word(start, end, word["word"], float(word["probability"]))


def split_at_pauses(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Split words at long pauses, and at short ones after the end of a sentence or where a sentence is said again."""
    first = 0
    for index in range(1, len(words)):
        line, rest = words[first:index], words[index:]
        longest = MAX_SENTENCE_PAUSE_SECONDS if _ends_sentence(line) or _begins_again(line, rest) else MAX_PAUSE_SECONDS
        if rest[0].start - line[-1].end > longest:
            yield list(line)
            first = index
    if words:
        yield list(words[first:])


def join_sentences(sentences: Iterable[list[Word]]) -> Iterator[list[Word]]:
    """Join what the model's timestamps divide in the middle of a sentence."""
    line: list[Word] = []
    for words in sentences:
        if line and not _continues(line, words):
            yield line
            line = []
        line = [*line, *words]
    if line:
        yield line


def _continues(line: list[Word], words: list[Word]) -> bool:
    is_near = words[0].start - line[-1].end <= MAX_PAUSE_SECONDS and words[-1].end - line[0].start <= MAX_JOINED_SECONDS
    is_end = _ends_sentence(line) or _begins_again(line, words)
    return is_near and not is_end and words[0].text.strip()[0].islower()


def _begins_again(line: Sequence[Word], words: Sequence[Word]) -> bool:
    """Return whether words begin as a line does, apart from capitals and punctuation."""
    if len(line) < MIN_REPEATED_WORDS:
        return False
    first, again = ([re.sub(r"\W", "", word.text.casefold()) for word in each[:MIN_REPEATED_WORDS]] for each in (line, words))
    return first == again


def _ends_sentence(words: Sequence[Word]) -> bool:
    return words[-1].text.strip().rstrip("\"'”’»)").endswith(SENTENCE_ENDS)


def is_repetitive(text: str) -> bool:
    """Return whether text compresses as no sentence does, e.g. 'la la la la la la la la'."""
    encoded = text.strip().lower().encode()
    return len(encoded) >= MIN_COMPRESSED_BYTES and len(encoded) / len(zlib.compress(encoded)) > MAX_TRUSTED_COMPRESSION_RATIO
