"""Edits of the lines of a transcript: each takes all lines and returns all lines, in order of time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from models.errors import InvalidOption
from pipelines.speech.transcript import Segment, held_between, shifted, with_text
from pipelines.wording.writing_systems import join_texts

Lines = tuple[Segment, ...]


def in_time_order(lines: Iterable[Segment]) -> Lines:
    """Return the lines sorted by their start."""
    return tuple(sorted(lines, key=lambda line: line.start))


def with_lines(lines: Lines, index: int, others: Lines) -> Lines:
    """Return the lines with others, or none, in place of one."""
    return in_time_order((*lines[:index], *others, *lines[index + 1 :]))


def with_correction(lines: Lines, index: int, text: str) -> Lines:
    """Return the lines with another text of one line, which is removed where the text is empty."""
    return with_lines(lines, index, (_edited(lines[index], text),) if text else ())


def with_merger(lines: Lines, index: int, text: str) -> Lines:
    """Return the lines with one, which has another text, and the next one of the same side as one line.

    Raises:
        InvalidOption: no line follows.
    """
    first = _edited(lines[index], text)
    after = next((at for at in range(index + 1, len(lines)) if lines[at].side == first.side), None)
    if after is None:
        raise InvalidOption("line", index, "one with another line after it")
    second = lines[after]
    merged = replace(
        first,
        end=max(first.end, second.end),
        text=join_texts((first.text, second.text)),
        words=(*first.words, *second.words),
        is_guess=first.is_guess and second.is_guess,
    )
    return with_lines(with_lines(lines, after, ()), index, (merged,))


def with_split(lines: Lines, index: int, before: str, after: str) -> Lines:
    """Return the lines with two in place of one; one line where a text is empty."""
    line = _edited(lines[index], join_texts((before, after)))
    if not before or not after:
        return with_correction(lines, index, line.text)
    at = len(line.text) - len(after)
    count = _words_before(line, at)
    middle = _change_time(line, count, at)
    first = replace(line, end=middle, text=before, words=line.words[:count])
    second = replace(line, start=middle, text=after, words=line.words[count:])
    if line.words[:count]:
        first = replace(first, end=min(middle, line.words[count - 1].end))
    if line.words[count:]:
        second = replace(second, start=max(middle, line.words[count].start))
    return with_lines(lines, index, (first, second))


def _words_before(line: Segment, at: int) -> int:
    """Return how many words of a line begin before a character of its text."""
    position = 0
    for count, word in enumerate(line.words):
        position = line.text.find(word.text.strip(), position)
        if position < 0 or position >= at:
            return count
        position += len(word.text.strip())
    return len(line.words)


def _change_time(line: Segment, count: int, at: int) -> float:
    """Return the seconds at which the second part of a split line begins."""
    if 0 < count < len(line.words):
        return (line.words[count - 1].end + line.words[count].start) / 2
    return line.start + (line.end - line.start) * at / len(line.text)


def with_replacement(lines: Lines, search: str, replacement: str) -> Lines:
    """Return the lines with another text for one in all of them, whatever its case; a line left without text is removed."""
    pattern = re.compile(re.escape(search), re.IGNORECASE)
    changed = ((line, " ".join(pattern.sub(lambda _: replacement, line.text).split())) for line in lines)
    each = ((line if text == line.text else _edited(line, text)) for line, text in changed)
    return tuple(line for line in each if line.text)


def with_move(lines: Lines, seconds: float, duration: float) -> Lines:
    """Return the lines, `seconds` later; they stay within the `duration` of the clip.

    Raises:
        InvalidOption: a line would begin before the clip or after it.
    """
    earliest, latest = -lines[0].start, duration - lines[-1].start
    if not earliest <= seconds < latest:
        raise InvalidOption("shift", f"{seconds:g} s", f"{earliest:.1f} to {latest:.1f} s, so that all lines stay in the clip")
    return tuple(held_between(shifted(line, seconds), 0.0, duration) for line in lines)


def with_speaker_name(lines: Lines, index: int, name: str, everywhere: bool) -> Lines:
    """Return the lines with another name for the speaker of one line, or of all lines of that speaker."""
    before = lines[index].speaker
    renamed = (place == index or (everywhere and line.speaker == before) for place, line in enumerate(lines))
    return tuple(replace(line, speaker=name) if is_meant else line for line, is_meant in zip(lines, renamed, strict=True))


def with_speaker_of(line: Segment, others: Iterable[Segment]) -> Segment:
    """Return a line with the speaker of the one that it overlaps the most on its side; as it is where there is none."""
    shared = [
        (min(line.end, other.end) - max(line.start, other.start), other.speaker) for other in others if other.side == line.side
    ]
    longest, speaker = max(shared, default=(0.0, ""))
    return replace(line, speaker=speaker) if longest > 0 else line


def _edited(line: Segment, text: str) -> Segment:
    return replace(with_text(line, text), is_edited=True)
