"""Damaged files: mutations of small files of every format, each made by a number."""

from __future__ import annotations

import random
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"
PICTURE_ENDINGS = (".png", ".jpg", ".webp", ".gif", ".tiff", ".bmp", ".avif", ".ico", ".tga", ".ppm", ".jp2")
ARCHIVES = ("bundle.zip", "results.zip", "arrays.npz")
PICTURES = tuple(sorted(path.name for path in SEEDS.iterdir() if path.suffix in PICTURE_ENDINGS))
SOUNDS = tuple(sorted(path.name for path in SEEDS.iterdir() if path.name not in (*PICTURES, *ARCHIVES)))
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
MAX_CHANGES = 6
HEADER_BYTES = 96
"""Most of what a decoder trusts stands here: half of the changes are made there."""


def seed_file(name: str) -> bytes:
    """Return the content of a seed."""
    return (SEEDS / name).read_bytes()


def mutated(content: bytes, number: int) -> bytes:
    """Return `content` with a few changes; the same for the same number."""
    chance, changed = random.Random(number), bytearray(content)
    for _ in range(chance.randint(1, MAX_CHANGES)):
        if changed:
            chance.choice(CHANGES)(changed, chance)
    return bytes(changed)


def _place(content: bytearray, chance: random.Random) -> int:
    end = min(HEADER_BYTES, len(content)) if chance.random() < 0.5 else len(content)
    return chance.randrange(end)


def _flip(content: bytearray, chance: random.Random) -> None:
    content[_place(content, chance)] ^= 1 << chance.randrange(8)


def _replace(content: bytearray, chance: random.Random) -> None:
    content[_place(content, chance)] = chance.randrange(256)


def _claim(content: bytearray, chance: random.Random) -> None:
    """Write a number that is extreme, where a size or a count may stand."""
    place, size = _place(content, chance), chance.choice((1, 2, 4, 8))
    value = chance.choice(EXTREMES) & (256**size - 1)
    content[place : place + size] = value.to_bytes(size, chance.choice(("little", "big")))


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[_place(content, chance) :]


def _drop(content: bytearray, chance: random.Random) -> None:
    place = _place(content, chance)
    del content[place : place + chance.randint(1, 64)]


def _repeat(content: bytearray, chance: random.Random) -> None:
    place = _place(content, chance)
    content[place:place] = content[place : place + chance.randint(1, 256)] * chance.randint(1, 8)


def _insert(content: bytearray, chance: random.Random) -> None:
    place = _place(content, chance)
    content[place:place] = chance.randbytes(chance.randint(1, 64))


def _move(content: bytearray, chance: random.Random) -> None:
    start, place = _place(content, chance), _place(content, chance)
    part = content[start : start + chance.randint(1, 128)]
    content[place : place + len(part)] = part


CHANGES = (_flip, _replace, _claim, _claim, _cut, _drop, _repeat, _insert, _move)
