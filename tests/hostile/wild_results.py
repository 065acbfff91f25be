"""Results of a bundle in which one value is wild: a number, a text, a list or an array."""

from __future__ import annotations

import base64
import copy
import io
import json
import random
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from models.arrays import AnyArray
from pipelines.bundle.contents import DESCRIPTION, EMBEDDING

NUMBERS = (0, -1, 0.5, 1e-9, 1e9, 1e15, -1e15, 1e300, 10**15, 2**63, float("nan"), float("inf"))
TEXTS = ("", "\0", "\ud800", "<b>", "a" * 1_000_000)
COPIES = 100_000
SHAPES: tuple[tuple[int, ...], ...] = ((0,), (0, 0), (0, 3), (1,), (1, 1))
FACTORS = (0, -1, 1e9)
VALUES = (0.0, -1.0, 0.5, 1e-30, 1e9, 1e38)

Place = tuple[Any, ...]
"""Keys and indices that lead to a value."""


def wild_results(content: bytes, number: int) -> bytes:
    """Return a bundle that holds one of its results alone, in which a value is another one; the same for the same number.

    A map keeps the description, which has its colours.
    """
    chance = random.Random(number)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    results = sorted(name for name in entries if name.startswith("results/"))
    changed = chance.choice(["manifest.json", *results])
    document = json.loads(entries[changed])
    place = chance.choice(list(places(document)))
    entries[changed] = json.dumps(replaced(document, place, chance.choice(substitutes(at(document, place))))).encode()
    shown = chance.choice(results) if changed == "manifest.json" else changed
    kept = {shown, DESCRIPTION} if shown == EMBEDDING else {shown}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, entry in entries.items():
            if name in kept or name not in results:
                archive.writestr(name, entry)
    return written.getvalue()


def places(document: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places of all values; of a list, those of the first and of the last element."""
    if place:
        yield place
    if isinstance(document, dict) and not _is_array(document):
        for key, value in document.items():
            yield from places(value, (*place, key))
    elif isinstance(document, list) and document:
        for index in sorted({0, len(document) - 1}):
            yield from places(document[index], (*place, index))


def substitutes(value: Any) -> list[Any]:
    """Return the wild values that may stand for a value."""
    match value:
        case bool():
            return [None, not value]
        case int() | float():
            return [None, *NUMBERS]
        case str():
            return [None, *TEXTS]
        case list():
            return [None, [], *_lists(value)]
        case dict() if _is_array(value):
            return [None, *_arrays(value)]
    return [None]


def at(document: Any, place: Place) -> Any:
    """Return the value at a place."""
    for key in place:
        document = document[key]
    return document


def replaced(document: Any, place: Place, value: Any) -> Any:
    """Return a copy of the document with another value at a place."""
    changed = copy.copy(document)
    changed[place[0]] = replaced(document[place[0]], place[1:], value) if len(place) > 1 else value
    return changed


def _lists(values: list[Any]) -> Iterator[list[Any]]:
    if not values:
        return
    yield from (values[::-1], values[:-1], values + values, values[:1] * COPIES, values + values[-1:] * COPIES)
    first = values[0]
    for key in [key for key, value in first.items() if isinstance(value, float)] if isinstance(first, dict) else ():
        for factor in FACTORS:
            yield [{**value, key: factor * value[key]} if value.get(key) else value for value in values]


def _arrays(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    array = np.frombuffer(base64.b64decode(value["data"]), "<f4").reshape(value["shape"])
    for shape in (array.shape[::-1], (*array.shape, 1), (array.size,), *SHAPES):
        yield _document(np.resize(array, shape))
    for number in VALUES:
        yield _document(np.full_like(array, number))
    yield from map(_document, (array[::-1], -array, np.repeat(array, 100, axis=0)))


def _document(array: AnyArray) -> dict[str, Any]:
    return {"shape": list(array.shape), "data": base64.b64encode(array.astype("<f4").tobytes()).decode("ascii")}


def _is_array(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"shape", "data"}
