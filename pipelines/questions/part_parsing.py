"""The part of a clip that a question is about: 'at 0:10', 'after a minute', 'from 0:05 to 0:12', 'in the last ten seconds'."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.clip.chunking import Span
from pipelines.wording.times import clock_time

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
"""Seconds of a unit by its first letter."""

_COUNT = rf"(?:\d+(?:\.\d+)?|half(?: an?)?|an?|(?:{'|'.join(TENS)})(?:[ -](?:{'|'.join(ONES[1:10])}))?|{'|'.join(ONES)})"
_UNIT = r"(?:seconds?|secs?|s|minutes?|mins?|min|m|hours?|h)"
_LENGTH = rf"{_COUNT}[ -]?{_UNIT}\b(?: and a half|(?: and)? {_COUNT}[ -]?{_UNIT}\b)?"
_CLOCK = r"(?:\d{1,2}:)?\d{1,3}:\d{2}(?:\.\d+)?"
_TIME = rf"(?:{_CLOCK}|{_LENGTH}|second \d+(?:\.\d+)?|the (?:very )?(?:beginning|start|middle|end))"
_BARE = r"\d+(?:\.\d+)?"
"""A number that gets its unit from the one after it: 'between 5 and 12 seconds'."""
_FROM_TO = rf"(?:between|from) (?:the )?(?P<first>{_TIME}|{_BARE}) (?:and|to|until|till|-) (?:the )?(?P<last>{_TIME})"
_DASHED = rf"(?P<first>{_CLOCK}) ?- ?(?P<last>{_CLOCK})"
_EDGE = rf"(?:in|during|for|of|over) the (?P<edge>first|last|final|opening) (?P<length>{_LENGTH})"
_HALF = r"(?:in|during|of|for) the (?P<half>first|second|last) half"
_AFTER = rf"(?:after|from|since|past)(?: about)? (?P<time>{_TIME})(?: (?:on|onwards?))?"
_BEFORE = rf"(?:before|until|till|up to)(?: about)? (?P<time>{_TIME})"
_INTO = rf"(?P<time>{_LENGTH}) in(?:to (?:the )?(?:clip|song|piece|recording|track|it))?\b(?! (?:length|total|all))"
_POINT = rf"(?:at|around|about|near|by|in)(?: about)? (?P<time>{_CLOCK}|{_LENGTH})"
_BARE_POINT = r"\bat (?P<time>\d+(?:\.\d+)?)\b(?! ?(?:bpm|beats|hz|khz|db|lufs|/|%))"
_PLACE = r"(?:at|in|near|around|towards?) (?P<time>the (?:very )?(?:beginning|start|middle|end))|(?:half ?way|midway)\b"
_ALONE = rf"(?P<time>{_CLOCK}|second \d+(?:\.\d+)?)"
_MINUTE = r"\bminute (?P<minute>\d+)\b"


@dataclass(frozen=True)
class Part:
    """A part of a clip, or a moment if it has no length."""

    start: float
    """Seconds."""
    end: float

    @property
    def is_moment(self) -> bool:
        """Whether the question names one time."""
        return self.start == self.end

    @property
    def name(self) -> str:
        """The part in words, for the beginning of an answer: 'At 0:10', 'From 0:05 to 0:12'."""
        return f"At {clock_time(self.start)}" if self.is_moment else f"From {clock_time(self.start)} to {clock_time(self.end)}"

    def overlaps(self, start: float, end: float) -> bool:
        """Return whether a segment, in seconds, is in the part at least partly."""
        return start <= self.start < end if self.is_moment else start < self.end and end > self.start

    def cut(self, start: float, end: float) -> Span:
        """Return what of a segment lies in the part; of a moment the whole segment."""
        return (start, end) if self.is_moment else (max(start, self.start), min(end, self.end))


def split_part(words: str, duration: float) -> tuple[Part | None, str]:
    """Return the part that plain words name, and the words without it.

    The part may begin after the end of the clip; it is None where the words name none.
    """
    for pattern, read in _READERS:
        if match := re.search(pattern, words):
            rest = f"{words[: match.start()]} {words[match.end() :]}"
            return read(match, duration), " ".join(rest.split())
    return None, words


def _from_to(match: re.Match[str], duration: float) -> Part | None:
    last = _seconds(match["last"], duration)
    first = _seconds(match["first"], duration, unit_of=match["last"])
    return Part(first, min(last, max(duration, first))) if first < last else None


def _edge(match: re.Match[str], duration: float) -> Part:
    length = _seconds(match["length"], duration)
    is_first = match["edge"] in ("first", "opening")
    return Part(0.0, min(length, duration)) if is_first else Part(max(0.0, duration - length), duration)


def _half(match: re.Match[str], duration: float) -> Part:
    return Part(0.0, duration / 2) if match["half"] == "first" else Part(duration / 2, duration)


def _minute(match: re.Match[str], duration: float) -> Part:
    end = UNIT_SECONDS["m"] * max(1, int(match["minute"]))
    return Part(end - UNIT_SECONDS["m"], max(end - UNIT_SECONDS["m"], min(end, duration)))


def _after(match: re.Match[str], duration: float) -> Part:
    start = _seconds(match["time"], duration)
    return Part(start, max(start, duration))


def _before(match: re.Match[str], duration: float) -> Part:
    return Part(0.0, min(_seconds(match["time"], duration), duration))


def _moment(match: re.Match[str], duration: float) -> Part:
    seconds = _seconds(match["time"] or "the middle", duration)
    return Part(seconds, seconds)


def _seconds(text: str, duration: float, unit_of: str = "") -> float:
    """Return a time or a length in seconds; a number alone has the unit of `unit_of`, or is in seconds."""
    if ":" in text:
        *hours, minutes, seconds = text.split(":")
        return 3600.0 * sum(int(hour) for hour in hours) + 60 * int(minutes) + float(seconds)
    if place := re.search(r"beginning|start|middle|end", text):
        return {"middle": duration / 2, "end": duration}.get(place[0], 0.0)
    if match := re.match(r"second (\d+(?:\.\d+)?)", text):
        return float(match[1])
    if re.fullmatch(_BARE, text):
        unit = re.search(rf"{_COUNT}[ -]?({_UNIT})", unit_of)
        return float(text) * (UNIT_SECONDS[unit[1][0]] if unit else 1.0)
    lengths = [(_count(count), UNIT_SECONDS[unit[0]]) for count, unit in re.findall(rf"({_COUNT})[ -]?({_UNIT})\b", text)]
    half = lengths[0][1] / 2 if text.endswith("and a half") else 0.0
    return sum(count * unit for count, unit in lengths) + half


def _count(text: str) -> float:
    if text[0].isdigit():
        return float(text)
    if text.startswith("half"):
        return 0.5
    if text in ("a", "an"):
        return 1.0
    tens, _, ones = text.replace("-", " ").partition(" ")
    return float(TENS[tens] + (ONES.index(ones) if ones else 0)) if tens in TENS else float(ONES.index(text))


_READERS: tuple[tuple[str, Callable[[re.Match[str], float], Part | None]], ...] = (
    (rf"\b{_FROM_TO}", _from_to),
    (_DASHED, _from_to),
    (rf"\b{_EDGE}", _edge),
    (rf"\b{_HALF}", _half),
    (rf"(?:\bin )?{_MINUTE}", _minute),
    (rf"\b{_INTO}", _moment),
    (rf"\b{_AFTER}", _after),
    (rf"\b{_BEFORE}", _before),
    (rf"\b{_PLACE}", _moment),
    (rf"\b{_POINT}", _moment),
    (_BARE_POINT, _moment),
    (rf"\b{_ALONE}", _moment),
)
"""Patterns in the order in which they are tried."""
