"""A clone of the repository on machines with and without Git LFS."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.deploy.shell import run_shell
from tests.deploy.space_files import ROOT

WEIGHTS = "models/weights/beats/beats.onnx"
needs_lfs = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")


def git_settings(folder: Path, lfs: bool) -> dict[str, str]:
    """Return the environment of a machine on which Git LFS is switched on for every repository, or on which it is not."""
    settings = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": str(folder / "gitconfig") if lfs else os.devnull}
    if lfs:
        run_shell("git lfs install --skip-repo", folder, **settings)
    return settings


@pytest.mark.parametrize("lfs", [pytest.param(True, marks=needs_lfs, id="with LFS"), pytest.param(False, id="without LFS")])
def test_binaries_stay_ordinary_files_in_a_clone_and_in_its_next_commit(lfs: bool, tmp_path: Path) -> None:
    settings = git_settings(tmp_path, lfs)
    quietly = "git -c advice.detachedHead=false clone --quiet --depth 1"
    assert run_shell(f"{quietly} file://{ROOT} clone 2>&1", tmp_path, **settings) == ""
    clone = tmp_path / "clone"
    assert (clone / WEIGHTS).read_bytes().startswith(b"\x08")
    with (clone / WEIGHTS).open("ab") as weights:
        weights.write(b"\r\n\0")
    (clone / "new.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    commit = "git add --all; git commit --quiet --message 'New weights' 2>&1; git status --short"
    assert run_shell(commit, clone, **settings) == ""
    run_shell(f"for file in {WEIGHTS} new.png; do git cat-file blob HEAD:$file | cmp - $file; done", clone, **settings)
