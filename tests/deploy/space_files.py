"""What a Space has of this repository, and the front matter of the README that configures it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from huggingface_hub import metadata_load

ROOT = Path(__file__).parents[2]


def tracked_files() -> list[Path]:
    """Return the files that git has, relative to the top."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in names.split("\0") if name and (ROOT / name).is_file()]


def copy_space_files(folder: Path) -> Path:
    """Copy what a push brings to a Space, and nothing that only lies around here."""
    for file in tracked_files():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, folder / file)
    return folder


def read_front_matter(root: Path = ROOT) -> dict[str, Any]:
    """Return the configuration of the Space."""
    settings: dict[str, Any] | None = metadata_load(root / "README.md")
    assert settings is not None
    return settings
