"""Start: from `python app.py` to the first HTTP 200, against an empty Gradio app in the same environment."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.report import Figure, at_most
from tests.app_process import ROOT, running_app

ROUNDS = 6
BOUND = 1.25
EMPTY_APP = """
import gradio as gr
with gr.Blocks() as page:
    gr.Markdown("Hello")
page.launch(quiet=True)
"""


def start_seconds(script: Path, folder: Path) -> float:
    """Return the time of one start."""
    with running_app(folder, script) as app:
        return app.start_seconds


def figures() -> list[Figure]:
    """Return the ratio of the fastest starts, taken in turn: other load can only add time."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        empty = folder / "empty_app.py"
        empty.write_text(EMPTY_APP)
        pairs = [
            (start_seconds(ROOT / "app.py", folder / "ours"), start_seconds(empty, folder / "empty")) for _ in range(ROUNDS + 1)
        ][1:]
    ours, theirs = (min(column) for column in zip(*pairs, strict=True))
    claim = f"start to the first HTTP 200 ({ours:.2f} s), against an empty Gradio app ({theirs:.2f} s)"
    return [at_most(claim, ours / theirs, BOUND, "x")]
