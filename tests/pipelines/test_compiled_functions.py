"""Compiled functions: no two processes write into one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.compiled_functions import LOCK_NAME, process_folder

ROOT = Path(__file__).parents[2]
COMPILING = """
import pipelines
import numpy
from numba import guvectorize

@guvectorize(["void(float32[:], float32[:])", "void(float64[:], float64[:])"], "(n)->(n)", cache=True, nopython=True)
def doubled(x, y):
    for i in range(len(x)):
        y[i] = 2 * x[i]

print(doubled(numpy.ones(2, numpy.float32)))
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for compiled functions, which the environment names."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_a_folder_belongs_to_one_process_until_it_ends(root: Path) -> None:
    own, other = process_folder.__wrapped__(), process_folder.__wrapped__()
    assert [own.name, other.name] == ["0", "1"]
    assert own.parent == other.parent
    assert root in own.parents
    code = "from pipelines.compiled_functions import process_folder; print(process_folder().name)"
    ended = [subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip() for _ in range(2)]
    assert ended == ["2", "2"]


def test_numba_keeps_its_files_there(root: Path) -> None:
    (root / "doubling.py").write_text(COMPILING)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(2):
        printed = subprocess.check_output([sys.executable, "doubling.py"], cwd=root, env=environment, text=True)
        assert printed == "[2. 2.]\n"
    kept = {path.parents[1].name for path in root.rglob("*.nbc")}
    assert kept == {"0"}
    assert not list((root / "__pycache__").glob("*.nbc"))


def test_where_nothing_can_be_written_the_folder_is_temporary(root: Path) -> None:
    (root / "file").touch()
    os.environ["NUMBA_CACHE_DIR"] = str(root / "file")
    folder = process_folder.__wrapped__()
    assert folder.is_dir()
    assert not (folder / LOCK_NAME).exists()
    folder.rmdir()
