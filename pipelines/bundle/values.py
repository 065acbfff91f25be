"""Checks of the values in results of strangers, whatever they mean: numbers, texts, how many there are, and times."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from pipelines.bundle.errors import BundleRefused

MAX_NUMBER = 1e15
"""Largest absolute value of a number among results."""
MAX_DEPTH = 24
"""Dataclasses and tuples inside each other; results have 8."""
MAX_TEXT = 200_000
"""Characters of one text: an hour of speech in a single line has some 60,000."""
MAX_OBJECTS, MAX_VALUES = 500_000, 5_000_000
"""Objects and values in one file of results: three hours of dense music have some 150,000 notes."""
MAX_ITEMS = 20_000
"""Items of one list without times, as those of `edits.versions.MAX_CHANGED_ITEMS`."""
MAX_TIMED_ITEMS, MAX_ITEMS_PER_SECOND = 2_000, 20
"""Items of one list with times, and how many more it has for each second of the clip."""
MAX_NUMBERS_PER_SECOND = 200
"""The same of numbers; curves of pitch have 86."""
MAX_SECONDS_BEYOND = 30.0
"""Time that a result may lie behind the end of its clip: a window of Whisper's."""
MAX_SECONDS_APART = 1.0
"""Difference between the duration of a clip and that in a result."""
SPANS = ("spans", "pedals")
"""Names of fields with pairs of start and end in seconds."""


def check_size(content: bytes, name: str) -> None:
    """Check how many objects and values a JSON file of results has, before it is read into memory.

    Raises:
        BundleRefused: there are too many.
    """
    if content.count(b"{") > MAX_OBJECTS or content.count(b",") + content.count(b"[") > MAX_VALUES:
        raise BundleRefused(f"the results in {name} are more than a clip can have")


def check_values(found: object, name: str, depth: int = 0) -> None:
    """Check that every number is finite and not huge, and that no text is endless.

    Raises:
        BundleRefused: one is.
    """
    if isinstance(found, float) and not (math.isfinite(found) and abs(found) <= MAX_NUMBER):
        raise BundleRefused(f"the results in {name} hold impossible numbers")
    if isinstance(found, int) and abs(found) > MAX_NUMBER:
        raise BundleRefused(f"the results in {name} hold impossible numbers")
    if isinstance(found, str) and len(found) > MAX_TEXT:
        raise BundleRefused(f"a text in {name} is longer than any result")
    if depth > MAX_DEPTH:
        raise BundleRefused(f"the results in {name} are nested too deeply")
    for one in _parts(found):
        check_values(one, name, depth + 1)


def check_times(found: object, duration: float) -> None:
    """Check that the times in results lie in their clip of `duration` seconds, and that lists are no longer than it allows.

    Raises:
        BundleRefused: they do not.
    """
    if is_dataclass(found):
        _check_span(found, duration)
        for name in SPANS:
            for start, end in getattr(found, name, ()):
                _check_order(start, end, duration)
    elif isinstance(found, tuple | list) and found and len(found) > _max_items(found[0], duration):
        raise BundleRefused("it has more results than its clip can have")
    for one in _parts(found):
        check_times(one, duration)


def _max_items(first: object, duration: float) -> float:
    """Return how many items a list with this one may have."""
    if isinstance(first, int | float):
        return MAX_TIMED_ITEMS + MAX_NUMBERS_PER_SECOND * duration
    if is_dataclass(first) and not (hasattr(first, "start") or hasattr(first, "onset")):
        return MAX_ITEMS
    return MAX_TIMED_ITEMS + MAX_ITEMS_PER_SECOND * duration


def _check_span(found: Any, duration: float) -> None:
    """Check the start and the end of a result, and the duration that it says its clip has."""
    own = {field.name for field in fields(found)}
    if "duration" in own and not abs(found.duration - duration) <= MAX_SECONDS_APART:
        raise BundleRefused("its results are those of another clip")
    if {"start", "end"} <= own and found.start is not None and found.end is not None:
        _check_order(found.start, found.end, duration)


def _check_order(start: float, end: float, duration: float) -> None:
    if not 0 <= start <= end <= duration + MAX_SECONDS_BEYOND:
        raise BundleRefused("a result lies outside of the clip")


def _parts(found: object) -> Iterator[object]:
    """Yield what a result holds."""
    if is_dataclass(found) and not isinstance(found, type):
        yield from (getattr(found, field.name) for field in fields(found))
    elif isinstance(found, tuple | list):
        yield from found
    elif isinstance(found, dict):
        yield from found.values()
