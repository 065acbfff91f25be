"""Mutations below a format's checksums: values in JSON, chunks of a PNG file, entries of a ZIP file."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
import zlib
from typing import Any

from tests.hostile.mutations import mutated

WILD: tuple[Any, ...] = (
    *(None, True, "", "a", "\0", "../x", "\ud800", "9" * 400, 0, -1, 1, 1e308, -1e308, 1e-320, 2**31, 2**63, 10**40, 0.5),
    *(
        [],
        {},
        [[]],
        [None],
        {"a": 1},
        float("nan"),
        float("inf"),
        "x" * 30_000,
        [0] * 3000,
        {"meta": {"_type": "gradio.FileData"}},
    ),
)
SIGNATURE_BYTES, LENGTH_AND_NAME, CRC_BYTES = 8, struct.Struct(">I4s"), 4


def mutated_json(content: bytes, number: int) -> bytes:
    """Return a JSON document in which one or two values are other ones, missing, or twice as many."""
    chance, document = random.Random(number), json.loads(content)
    for _ in range(chance.randint(1, 2)):
        places = list(_places(document))
        if not places:
            break
        holder, key = chance.choice(places)
        match chance.randrange(5):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.append(holder[key])
            case 2 if isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
                holder[key] = holder[key] * chance.choice((-1, 1e6, 1e-6, 2, 1e300))
            case _:
                holder[key] = chance.choice(WILD)
    return json.dumps(document).encode()


def mutated_png(content: bytes, number: int) -> bytes:
    """Return a PNG file with one chunk that is damaged, missing, twice there or elsewhere; the checksums are right."""
    chance, chunks = random.Random(number), _chunks(content)
    place = chance.randrange(len(chunks))
    name, body = chunks[place]
    match chance.randrange(6):
        case 0:
            del chunks[place]
        case 1:
            chunks.insert(chance.randrange(len(chunks) + 1), (name, body))
        case 2:
            chunks.insert(chance.randrange(len(chunks) + 1), chunks.pop(place))
        case _:
            keyword, _, text = body.partition(b"\0")
            is_json = name == b"tEXt" and text.startswith(b"{")
            chunks[place] = (name, keyword + b"\0" + mutated_json(text, number) if is_json else mutated(body, number))
    return content[:SIGNATURE_BYTES] + b"".join(_packed(*chunk) for chunk in chunks)


def mutated_zip(content: bytes, number: int) -> bytes:
    """Return a ZIP file with one entry that is damaged, missing or of another name; the checksums are right."""
    chance = random.Random(number)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(sorted(entries))
    match chance.randrange(8):
        case 0:
            del entries[name]
        case 1:
            entries[chance.choice(("../x", "results/x.json", "clip/original", "pictures/999.png", "a" * 300))] = entries.pop(name)
        case _:
            entries[name] = _mutated_entry(name, entries[name], number)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", chance.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as archive:
        for name, entry in entries.items():
            archive.writestr(name, entry)
    return written.getvalue()


def _mutated_entry(name: str, content: bytes, number: int) -> bytes:
    if name.endswith(".json"):
        return mutated_json(content, number)
    return mutated_png(content, number) if name.endswith(".png") else mutated(content, number)


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Return each value below `document` as its list or object and its key there."""
    keys = list(document) if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    return [place for key in keys for place in ((document, key), *_places(document[key]))]


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    found, place = [], SIGNATURE_BYTES
    while place < len(content):
        length, name = LENGTH_AND_NAME.unpack_from(content, place)
        place += LENGTH_AND_NAME.size
        found.append((name, content[place : place + length]))
        place += length + CRC_BYTES
    return found


def _packed(name: bytes, body: bytes) -> bytes:
    return LENGTH_AND_NAME.pack(len(body), name) + body + struct.pack(">I", zlib.crc32(name + body))
