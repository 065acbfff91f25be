"""Zip files of training data, unpacked into a folder and nowhere else."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from training.data.errors import TrainingDataError

BLOCK_BYTES = 2**20
MIN_SUSPECT_BYTES = 100 * 2**20
"""Unpacked size of one file below which any ratio is accepted: silence compresses well."""


class ArchiveRefused(TrainingDataError):
    """A zip file is no data set, or would do harm; nothing of it was unpacked."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file.name} is refused: {why}.")


@dataclass(frozen=True)
class ArchiveLimits:
    """What a zip file may hold."""

    max_files: int = 200_000
    max_bytes: int = 100 * 10**9
    """Size of all files together, unpacked."""
    max_ratio: float = 200.0
    """Unpacked size per packed byte, of a large file: recordings stay below 10, a bomb has 1000."""


def unpack(file: Path, folder: Path, limits: ArchiveLimits = ArchiveLimits()) -> int:
    """Unpack a zip file into `folder`, which must be empty or new, whole or not at all; return the number of files.

    Raises:
        ArchiveRefused: it is no zip file or damaged, it has a path outside, a link, a password or two files of one name, or it is
            larger than the limits. Sizes are counted while unpacking, whatever the archive claims.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ArchiveRefused(file, f"{folder} is not empty")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        try:
            with zipfile.ZipFile(file) as archive:
                members = _checked(file, archive, limits)
                _write(file, archive, members, Path(scratch), limits)
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise ArchiveRefused(file, f"it is no zip file or damaged ({error})") from error
        folder.mkdir(exist_ok=True)
        for part in Path(scratch).iterdir():
            shutil.move(part, folder / part.name)
    return len(members)


def _checked(file: Path, archive: zipfile.ZipFile, limits: ArchiveLimits) -> list[zipfile.ZipInfo]:
    """Return the files of an archive after all of their names and claims were checked."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > limits.max_files:
        raise ArchiveRefused(file, f"it has {len(members)} files, more than {limits.max_files}")
    seen = set()
    for member in archive.infolist():
        if _leads_outside(member.orig_filename) or _leads_outside(member.filename):
            raise ArchiveRefused(file, f"the path {member.filename!r} leads out of the folder")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ArchiveRefused(file, f"{member.filename!r} is a link or a device, not a file")
        if member.flag_bits & 1:
            raise ArchiveRefused(file, f"{member.filename!r} has a password")
    for member in members:
        name = str(PurePosixPath(member.filename)).casefold()
        if name in seen:
            raise ArchiveRefused(file, f"{member.filename!r} is in it twice")
        seen.add(name)
    return members


def _leads_outside(name: str) -> bool:
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    is_rooted = posix.is_absolute() or windows.is_absolute() or bool(windows.drive) or bool(windows.root)
    return is_rooted or ".." in posix.parts or ".." in windows.parts or "\0" in name


def _write(file: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path, limits: ArchiveLimits) -> None:
    total = 0
    for member in members:
        target = folder / PurePosixPath(member.filename)
        target.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with archive.open(member) as packed, open(target, "wb") as stream:
            while block := packed.read(BLOCK_BYTES):
                written, total = written + len(block), total + len(block)
                if total > limits.max_bytes:
                    raise ArchiveRefused(file, f"it holds more than {limits.max_bytes / 10**9:g} GB")
                if written > max(MIN_SUSPECT_BYTES, limits.max_ratio * member.compress_size):
                    raise ArchiveRefused(file, f"{member.filename!r} grows to more than {limits.max_ratio:g} times its size")
                stream.write(block)
