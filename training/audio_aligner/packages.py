"""Training sounds: files of Debian packages, found or fetched, and what each of them is.

`sounds.json` names package, files and concept; the sounds themselves are not kept in the repository.
"""

from __future__ import annotations

import fnmatch
import json
import struct
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.data.archives import unpack

SOUNDS = Path(__file__).with_name("sounds.json")
ENDINGS = (".ogg", ".oga", ".wav", ".flac", ".mp3")
ARCHIVES = (".rcc", ".zip", ".cat")
MAX_FILES = 12
"""Maximum number of files of one row: a game has fifty footsteps."""
DONE = "done"
UNPACKED = ".unpacked"
DIRECTORY, COMPRESSED = 2, 1
"""Flags of Qt's resource format."""
PLACE = 0x7FFFFFFF
"""The other bit of OpenTTD's numbers is a flag."""
NODE_BYTES = {1: 14, 2: 22, 3: 22}
"""Size of one entry, by the format's version."""


@dataclass(frozen=True)
class Row:
    """Some files of a package, and what they sound like."""

    package: str
    concepts: tuple[str, ...]
    """More than one: what the thing also is, or its nearest relatives where it has no concept of its own."""
    files: tuple[str, ...]
    """Patterns of paths; what was inside an archive lies in a folder with its name and `.unpacked`."""


def rows(file: Path = SOUNDS) -> tuple[Row, ...]:
    """Return the rows of the packages that are used."""
    listed = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Row(row["package"], tuple(row["concepts"]), tuple(row["files"])) for row in listed)


def labelled_files(folder: Path, listed: tuple[Row, ...]) -> Iterator[tuple[Path, Row]]:
    """Yield every sound that is listed as a file below `folder`; fetch missing packages with `apt-get download`."""
    for row in listed:
        sounds = unpacked(row.package, folder / row.package)
        named = sorted(path for path in sounds if any(fnmatch.fnmatchcase(path.as_posix(), pattern) for pattern in row.files))
        yield from ((path, row) for path in named[:MAX_FILES])


def unpacked(package: str, folder: Path) -> list[Path]:
    """Return the sound files of a package, those in its archives too.

    Raises:
        subprocess.CalledProcessError: apt-get or dpkg-deb failed.
        ArchiveRefused: a zip file of the package would do harm.
    """
    if not (folder / DONE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", package], cwd=folder, check=True, capture_output=True)
        (deb,) = folder.glob("*.deb")
        subprocess.run(["dpkg-deb", "--extract", deb, folder], check=True, capture_output=True)
        deb.unlink()
        keep_sounds(folder)
        (folder / DONE).touch()
    return [path for path in folder.rglob("*") if path.suffix in ENDINGS]


def keep_sounds(folder: Path) -> None:
    """Unpack the archives below a folder, and remove all files that are no sounds."""
    for path in [path for path in folder.rglob("*") if path.suffix in ARCHIVES and path.is_file() and not path.is_symlink()]:
        _unpack_archive(path)
    for path in [path for path in folder.rglob("*") if path.is_file() and path.suffix not in ENDINGS]:
        path.unlink()


def _unpack_archive(path: Path) -> None:
    """Put what is in an archive into a folder of its name."""
    target = path.with_name(f"{path.name}{UNPACKED}")
    if path.suffix == ".zip":
        unpack(path, target)
        return
    sounds = of_openttd_sounds(path.read_bytes()) if path.suffix == ".cat" else of_qt_resources(path.read_bytes())
    for name, content in sounds:
        if name.endswith(ENDINGS):
            file = target / name.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def of_openttd_sounds(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (number and .wav, content) of the sounds in a file of OpenTTD: pairs of offset and size, then names and WAVs."""
    count = (struct.unpack("<I", content[:4])[0] & PLACE) // 8
    for number in range(count):
        (place,) = struct.unpack("<I", content[8 * number : 8 * number + 4])
        begin = content.index(b"RIFF", place & PLACE)
        (size,) = struct.unpack("<I", content[begin + 4 : begin + 8])
        yield f"{number:02}.wav", content[begin : begin + 8 + size]


def of_qt_resources(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of the files in a compiled Qt resource file (format of rcc, Qt's resource compiler).

    Raises:
        ValueError: it is none, or compressed in another way than zlib's.
    """
    if content[:4] != b"qres":
        raise ValueError("not a compiled Qt resource file")
    version, tree, data, names = struct.unpack(">4i", content[4:20])

    def walk(index: int, folder: str) -> Iterator[tuple[str, bytes]]:
        at = tree + index * NODE_BYTES[version]
        name_at, flags = struct.unpack(">iH", content[at : at + 6])
        path = f"{folder}/{name_of(names + name_at)}" if index else ""
        if flags & DIRECTORY:
            count, first = struct.unpack(">ii", content[at + 6 : at + 14])
            for child in range(first, first + count):
                yield from walk(child, path)
        elif path.endswith(ENDINGS):
            (data_at,) = struct.unpack(">i", content[at + 10 : at + 14])
            (size,) = struct.unpack(">i", content[data + data_at : data + data_at + 4])
            raw = content[data + data_at + 4 : data + data_at + 4 + size]
            if flags & ~(DIRECTORY | COMPRESSED):
                raise ValueError(f"{path} is compressed in a way that is not known here")
            yield path, zlib.decompress(raw[4:]) if flags & COMPRESSED else raw

    def name_of(at: int) -> str:
        (length,) = struct.unpack(">H", content[at : at + 2])
        return content[at + 6 : at + 6 + 2 * length].decode("utf-16-be")

    yield from walk(0, "")
