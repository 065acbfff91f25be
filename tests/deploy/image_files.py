"""The Dockerfile's instructions, and the files that its build has."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from tests.deploy.space_files import ROOT, tracked_files


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile."""

    stage: str
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The words of its command line, in either notation."""
        return [str(word) for word in json.loads(self.text)] if self.text.startswith("[") else shlex.split(self.text)


def read_dockerfile() -> list[Instruction]:
    """Return all instructions in order, each with the name of its stage."""
    lines = [line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    instructions, stage = [], ""
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, text = line.strip().partition(" ")
        if name == "FROM":
            stage = text.split()[-1]
        if name:
            instructions.append(Instruction(stage, name, text.strip()))
    return instructions


def environment_of(stage: str) -> dict[str, str]:
    """Return what ENV sets in a stage."""
    words = [
        word
        for instruction in read_dockerfile()
        if (instruction.stage, instruction.name) == (stage, "ENV")
        for word in instruction.words
    ]
    return dict(word.split("=", 1) for word in words)


def is_ignored(file: Path) -> bool:
    """Return whether .dockerignore keeps a file from the build."""
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    places = [file, *file.parents]
    return any(
        fnmatch(place.name, pattern.removeprefix("**/")) if pattern.startswith("**/") else fnmatch(str(place), pattern)
        for pattern in patterns
        for place in places
    )


def copy_build_files(folder: Path) -> Path:
    """Copy what `COPY . .` brings into an image from a clean checkout."""
    for file in tracked_files():
        if not is_ignored(file):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
    return folder
