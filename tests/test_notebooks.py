"""The notebooks of `examples` run from the first cell to the last; their asserts compare steps by hand with the models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
import pytest
from matplotlib import pyplot

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
MAX_BYTES = 600_000
"""Size of a notebook with its pictures."""
MIN_PICTURES = 5


def code_cells(notebook: Path) -> list[Any]:
    document = nbformat.read(notebook, as_version=4)
    nbformat.validate(document)
    return [cell for cell in document.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_with_small_pictures_and_without_errors(notebook: Path) -> None:
    assert notebook.stat().st_size <= MAX_BYTES
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"stream", "display_data"}
    assert sum(output.output_type == "display_data" for output in outputs) >= MIN_PICTURES


@pytest.mark.models
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(notebook.parent)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("AUDIOSCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AUDIOSCOPE_CLIP_DIR", str(tmp_path / "clips"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    matplotlib.use("Agg")
    pictures: list[int] = []

    def show() -> None:
        pictures.append(len(pyplot.gcf().axes))
        pyplot.close("all")

    monkeypatch.setattr(pyplot, "show", show)
    names: dict[str, Any] = {}
    with matplotlib.rc_context():
        for number, cell in enumerate(code_cells(notebook)):
            exec(compile(cell.source, f"{notebook.name}, cell {number}", "exec"), names)
    names["services"].runtime.cache.clear()
    assert len(pictures) >= MIN_PICTURES and all(pictures)
